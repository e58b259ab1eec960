//! What `--help` says, for a person to read.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chimera"));
    let output = command.args(arguments).arg("--help").env_remove("COLUMNS").output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_command_says_what_it_is_for() {
    let mut all = help(&[]);
    for command in [
        &["serve"][..],
        &["worker"],
        &["analyze"],
        &["explain"],
        &["migrate"],
        &["migrate", "revision"],
        &["migrate", "upgrade"],
        &["migrate", "downgrade"],
        &["profile"],
        &["profile", "writes"],
        &["static", "sync"],
        &["arena", "sync"],
        &["experiment", "audit"],
    ] {
        let text = help(command);
        let own = text.split("\nEvery command:\n").next().unwrap();
        all.push_str(&format!("\n$ chimera {} --help\n{own}", command.join(" ")));
    }
    insta::assert_snapshot!(all);
}
