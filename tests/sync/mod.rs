//! Data sync over the wire: versions, conflicts and their handlers, tombstones, changes, and a kill in between.

mod items;
mod kills;
mod world;
