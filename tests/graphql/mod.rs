//! What an API does at run time, promise by promise, over the wire: each file shares one cloud.

mod errors;
mod functions;
mod indexes;
mod invocations;
mod reading;
mod scalars;
mod search;
mod world;
mod writing;
