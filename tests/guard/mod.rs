//! Whoever must not come in: every kind of forged, stale, foreign and oversized request, by each door of an API.

mod authorisers;
mod documents;
mod issuers;
mod keys;
mod limits;
mod nested;
mod owners;
mod quiet;
mod tokens;
mod world;
