//! The `loom` program: parse flags, load the configuration, call the library.

use std::process::ExitCode;

use clap::Parser;
use loom::cli::Cli;

fn main() -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        // Nobody else installs one this early; if somebody did, it serves as well.
    }
    loom::cli::run(Cli::parse())
}
