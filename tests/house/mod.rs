//! Rules of the house that matter, as tests.

mod catalogue;
mod layers;
mod sizes;
mod templates;
