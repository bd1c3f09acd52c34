//! Behaviour of the language room that could break.
