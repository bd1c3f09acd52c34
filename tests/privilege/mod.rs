//! Least privilege: every right that a setting gives holds, and the next action, the next resource and the account are refused.
//!
//! The credentials are those that Lambda and the identity pool give: nothing else may take the roles.

mod calls;
mod files;
mod functions;
mod world;
