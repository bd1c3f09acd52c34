//! A cloud in this process: one port, the AWS services that our stacks use, a front page.
//!
//! It does not know that projects exist. It listens on the loopback address only, checks every signature and token,
//! and refuses by name what it does not have.

mod appsync;
mod client;
mod cloudformation;
mod cloudfront;
mod cognito;
pub mod config;
mod delivery;
mod dynamodb;
mod eventbridge;
pub mod feed;
mod gateway;
mod iam;
mod lambda;
mod logs;
mod opensearch;
mod pattern;
mod protocol;
mod s3;
mod scheduler;
mod secretsmanager;
mod service;
mod services;
mod sns;
mod sqs;
mod ssm;
mod store;
mod sts;
mod studio;
mod timer;
mod vault;

pub use config::CloudConfig;
pub use feed::{Feed, Happening};
pub use gateway::{Cloud, CloudError, RunningCloud};
pub use lambda::{InterpreterFound, find_interpreters};
