//! The talkpath program: arguments in, exit status out.

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;
use talkpath::cli::{Arguments, run};

/// glibc's keeps what a burst of calls has used; this one gives it back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            // One sentence, causes after colons; what to do is part of it.
            eprintln!("talkpath: {error:#}");
            ExitCode::FAILURE
        }
    }
}
