//! AWS wire formats to and from calls and replies.
