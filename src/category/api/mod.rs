//! A GraphQL schema becomes AppSync and DynamoDB.

pub mod plan;
