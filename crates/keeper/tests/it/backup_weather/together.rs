//! Several at once: two runs, a run beside a proof and a prune, and stock restic at work in the same repository.

use std::{
    io::Write,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::{change, listed, plan};
use crate::shop::Shop;

/// Nobody waits longer than this for anybody.
const LIMIT: Duration = Duration::from_secs(90);

fn begin(shop: &Shop, line: &str) -> Child {
    shop.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What became of all of them, none of which may wait for ever.
fn ended(mut running: Vec<Child>) -> Vec<Output> {
    let until = Instant::now() + LIMIT;
    while running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        if Instant::now() > until {
            running.iter_mut().for_each(|child| child.kill().unwrap());
            let said: Vec<_> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
            panic!("they wait for each other: {said:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    running.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

fn good(outputs: &[Output]) {
    for output in outputs {
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn commands_at_the_same_time_wait_for_each_other_and_all_are_done() {
    let shop = Shop::new(&plan("backup/near", ""));
    // The first one makes the repository, the others find it or wait for their turn.
    good(&ended((0..2).map(|_| begin(&shop, "backup run db")).collect()));
    assert_eq!(listed(&shop, "backup list db"), 2);
    for round in 0..2 {
        change(&shop);
        let lines = ["backup run db", "backup verify db", "backup prune db", "backup list db"];
        good(&ended(lines.iter().map(|line| begin(&shop, line)).collect()));
        shop.good("backup verify db");
        assert_eq!(listed(&shop, "backup list db"), 3 + round);
    }
    let [taken, failed, proofs, settled] =
        shop.count(["backup_taken", "backup_failed", "proof_made", "settled"]);
    assert_eq!([taken, failed, proofs, settled], [4, 0, 4, 4]);
    shop.good("ledger verify");
}

fn restic(shop: &Shop, line: &str) -> Command {
    let mut restic = Command::new("restic");
    restic.args(["-r", "backup/near", "--password-file", "password", "--no-cache"]);
    restic.args(line.split(' ')).current_dir(shop.folder.path());
    restic
}

#[test]
fn keeper_waits_for_stock_restic_and_says_so() {
    let shop = Shop::new(&plan("backup/near", ""));
    shop.good("backup run db");
    // It holds its lock for as long as nobody closes its input.
    let mut writing = restic(&shop, "backup --stdin --stdin-filename words");
    let mut writing =
        writing.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + LIMIT;
    let locks = || std::fs::read_dir(shop.path("backup/near/locks")).map_or(0, Iterator::count);
    while locks() == 0 {
        assert!(Instant::now() < until && writing.try_wait().unwrap().is_none(), "restic takes no lock");
        std::thread::sleep(Duration::from_millis(20));
    }
    change(&shop);
    // Both write.
    shop.good("backup run db");
    shop.good("backup verify db");
    // To drop something one has to be alone.
    let said = shop.bad("backup prune db", "the repository is in use by ");
    assert!(said.contains(&format!("process {}", writing.id())), "{said}");
    writing.stdin.take().unwrap().write_all(b"some words").unwrap();
    good(&[writing.wait_with_output().unwrap()]);
    shop.good("backup prune db");
    shop.good("backup verify db");
    assert_eq!(listed(&shop, "backup list db"), 2);
    let said = restic(&shop, "check --read-data").output().unwrap();
    assert!(said.status.success(), "{said:?}");
}
