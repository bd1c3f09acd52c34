//! The program: everything is in the library.

use std::process::ExitCode;

/// Requests make many small values on several threads; this allocator is quicker at that than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ampup::cli::main()
}
