//! The `chimera` program: parse flags, load the configuration, call the library.

use std::process::ExitCode;

use chimera::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    // Nobody installs one earlier; if somebody did, that one serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    chimera::cli::run(Cli::parse())
}
