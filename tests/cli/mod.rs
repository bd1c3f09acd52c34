//! The command line as scripts meet it: no terminal, exact exit codes, one JSON document.

mod bad_input;
mod closed_stdin;
mod codegen;
mod kills;
mod reference;
mod sql;
mod workflow;
