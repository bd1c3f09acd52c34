//! The whole backend of one environment, assembled and checked.
