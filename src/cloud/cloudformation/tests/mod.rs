//! Stacks over a make-believe resource type: what the API answers, what the engine does, what nested stacks do.

mod api;
mod dynamic;
mod harness;
mod nested;
mod stacks;
