//! Resolvers that speak to services which the cloud here does not have: their code is run with made-up contexts, and
//! with results as the services document them.

mod answering;
mod conversation;
mod handlers;
mod http;
mod project;
mod search;
mod services;
mod sql;
mod sync;
