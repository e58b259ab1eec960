//! Signals, on a child process: this test program run again.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use chassis::Shutdown;

/// The child: says when it listens and when it was asked to stop, and never stops by itself.
#[test]
#[ignore = "run as a child by the test below"]
fn child() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.spawn_signal_listener();
        println!("\nlistening");
        shutdown.token().cancelled().await;
        println!("\nstopping");
        std::future::pending::<()>().await;
    });
}

#[test]
fn the_first_signal_asks_and_the_second_ends() {
    for (first, second) in [("-TERM", "-TERM"), ("-INT", "-TERM"), ("-TERM", "-INT")] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "listening"), "{first}");
        send(first, child.id());
        assert!(lines.any(|line| line == "stopping"), "{first}");
        send(second, child.id());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{first} {second}");
    }
}

#[cfg(test)]
fn send(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}
