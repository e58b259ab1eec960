//! The documented configuration agrees with the code.

use chassis::config::documented_defaults_agree;
use chimera::config::Config;

const DOCUMENTED: &str = include_str!("../../../config/chimera.toml");

#[test]
fn the_documented_file_is_the_code() {
    documented_defaults_agree::<Config>(DOCUMENTED).unwrap();
}
