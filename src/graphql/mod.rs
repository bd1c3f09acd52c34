//! GraphQL as data: schemas and query documents; parse, check, print.
