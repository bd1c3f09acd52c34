//! What an API does at run time, promise by promise, over the wire: each file shares one cloud.

mod errors;
mod fields;
mod functions;
mod groups;
mod indexes;
mod mixed;
mod modes;
mod owners;
mod reading;
mod relations;
mod rules;
mod scalars;
mod subscriptions;
mod town;
mod world;
mod writing;
