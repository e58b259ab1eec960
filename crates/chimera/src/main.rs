//! The `chimera` program: parse flags, load the configuration, call the library.

fn main() {}
