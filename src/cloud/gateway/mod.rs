//! The one port: accept, route, authenticate, call, answer.
