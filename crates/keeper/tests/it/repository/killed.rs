//! Processes that are killed while they write or prune.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use keeper::backup::repository::{FolderFiles, Repository, SnapshotId};
use testkit::tools::variable;

use super::workshop::{Workshop, noise, stream};

const ROUNDS: u32 = 12;
const SIZE: usize = 6 << 20;
const FOLDER: &str = "KEEPER_TEST_KILLED_IN";
const SEED: &str = "KEEPER_TEST_SEED";

fn bytes_of(seed: u64) -> Vec<u8> {
    noise(SIZE, 1_000 + seed)
}

/// What the processes that are killed do.
#[test]
#[ignore = "a part of the test below"]
fn child() {
    let (Some(folder), Some(seed)) = (variable(FOLDER), variable(SEED)) else { return };
    let workshop = Workshop::new();
    let files = Arc::new(FolderFiles::new(folder));
    let repository = Repository::open(files, &workshop.password).unwrap();
    println!("\nREADY");
    match seed.parse::<u64>() {
        Err(_) => drop(repository.prune().unwrap()),
        Ok(seed) => {
            let pieces = vec![
                stream("databases/app.db", &bytes_of(seed), seed as i64),
                stream("seed", &[seed as u8], seed as i64),
            ];
            workshop.write(&repository, pieces).unwrap();
        }
    }
    println!("\nDONE");
}

/// Starts one, and waits until it begins.
fn start(workshop: &Workshop, seed: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "repository::killed::child", "--ignored", "--nocapture"])
        .env(FOLDER, workshop.path("repository"))
        .env(SEED, seed)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.trim() == "READY"), "the child did not start");
    child
}

fn lost_nothing(workshop: &Workshop, repository: &Repository, must_be_there: &[SnapshotId]) {
    assert_eq!(workshop.damage(repository), []);
    let stored = repository.snapshots().unwrap();
    assert!(must_be_there.iter().all(|id| stored.iter().any(|stored| stored.id == *id)));
    for stored in stored {
        let back = workshop.fresh("back");
        workshop.restore(repository, &stored.id, None, &back, false).unwrap();
        let seed = fs::read(back.join("seed")).unwrap()[0];
        assert!(fs::read(back.join("databases/app.db")).unwrap() == bytes_of(u64::from(seed)));
        fs::remove_dir_all(back).unwrap();
    }
}

#[test]
fn whenever_it_is_killed_every_snapshot_that_is_seen_is_whole() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let write = |seed: u8| {
        let pieces = vec![
            stream("databases/app.db", &bytes_of(u64::from(seed)), i64::from(seed)),
            stream("seed", &[seed], i64::from(seed)),
        ];
        workshop.write(&repository, pieces).unwrap().id
    };
    let kept = write(200);
    // How long it takes when it is left alone.
    let begun = Instant::now();
    assert!(start(&workshop, "100").wait().unwrap().success());
    let span = begun.elapsed();

    let mut killed = 0;
    for round in 0..ROUNDS {
        let prunes = round % 3 == 2;
        if prunes {
            // Something to mark: a snapshot whose data nothing else needs.
            let dropped = write(150 + round as u8);
            repository.drop_snapshots(&[dropped]).unwrap();
        }
        let mut child = start(&workshop, &if prunes { "prune".to_owned() } else { round.to_string() });
        // The points in time are spread over the whole run by a number that is no fraction of it.
        let part = (f64::from(round + 1) * 0.618_033_988_75).fract();
        let most = if prunes { span / 4 } else { span / 2 };
        thread::sleep(most.mul_f64(part * part).max(Duration::from_millis(1)));
        let _ = child.kill();
        killed += usize::from(!child.wait().unwrap().success());
        lost_nothing(&workshop, &repository, &[kept]);
    }
    assert!(killed >= 4, "only {killed} were killed before their end");

    // The locks of the dead do not keep anybody, and their leftovers are swept away.
    let last = write(201);
    repository.prune().unwrap();
    assert_eq!(workshop.locks(), 0);
    assert_eq!(fs::read_dir(workshop.path("repository/tmp")).unwrap().count(), 0);
    lost_nothing(&workshop, &repository, &[kept, last]);
}
