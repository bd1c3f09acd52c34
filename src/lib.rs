//! From an empty folder to a running, secure, full-stack AWS backend.
//!
//! Two wings that meet only at the wire: the west wing writes CloudFormation and deploys it, the east wing
//! ([`cloud`]) is a small cloud that runs it. Read the rooms in this order.

pub mod base;
pub mod error;

pub mod asl;
pub mod cfn;
pub mod graphql;

pub mod render;

pub mod category;

pub mod manifest;

pub mod blueprint;

pub mod project;

pub mod deploy;

pub mod cloud;

pub mod ops;

pub mod ui;

pub mod cli;
