mod api;
mod harness;
mod nested;
mod stacks;
