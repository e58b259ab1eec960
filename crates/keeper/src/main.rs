//! The `keeper` program: parse flags, load the configuration, call the library.

use std::process::ExitCode;

use clap::Parser;
use keeper::cli::Cli;

fn main() -> ExitCode {
    // Nobody installs one earlier; if somebody did, that one serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    keeper::cli::run(Cli::parse())
}
