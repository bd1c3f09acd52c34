//! What the compiler decides, on small schemas.
