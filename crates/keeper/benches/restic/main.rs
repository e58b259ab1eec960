//! Keeper beside restic on the same data in the same run:
//! `cargo bench -p keeper@0.0.0 --bench restic -- FOLDER [--runs 3] [--size full|small] [--keeper PROGRAM]`.
//!
//! A database of 1 GB in WAL mode and 50,000 small files are made in the folder; then both programs back them up into
//! fresh repositories, twice, once more after 1 % has changed, and restore them, taking turns in going first. What was
//! restored is compared. The data and everything else in the folder's `bench-restic` is removed at the end.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints figures, and stops when it cannot go on"
)]

mod child;
mod data;
mod programs;

use std::{
    fs,
    path::{Path, PathBuf},
};

use child::Cost;
use data::{Amount, Kind};
use programs::{Keeper, Place, Program, Restic};

/// What was asked for.
struct Wanted {
    folder: PathBuf,
    runs: usize,
    amount: Amount,
    keeper: PathBuf,
}

/// What is done with the data, in this order.
const STEPS: [&str; 4] = ["first backup", "unchanged backup", "backup after 1 % change", "restore"];

/// One figure of one program.
struct Sample {
    step: usize,
    keeper: bool,
    cost: Cost,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == child::MARK) {
        child::watch(&arguments[1..]);
        return;
    }
    let Some(wanted) = wanted(&arguments) else {
        println!("restic: skipped; name a folder: cargo bench -p keeper@0.0.0 --bench restic -- FOLDER");
        return;
    };
    let root = wanted.folder.join("bench-restic");
    let _ = fs::remove_dir_all(&root);
    for kind in [Kind::Database, Kind::Tree] {
        fs::create_dir_all(&root).unwrap();
        let samples = measure(&wanted, &root, kind);
        report(kind, &samples);
        fs::remove_dir_all(&root).unwrap();
    }
}

/// None without a folder, and so when all benches are run as tests.
fn wanted(arguments: &[String]) -> Option<Wanted> {
    let keeper = PathBuf::from(env!("CARGO_BIN_EXE_keeper"));
    let mut wanted = Wanted { folder: PathBuf::new(), runs: 3, amount: Amount::FULL, keeper };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => wanted.runs = arguments.next()?.parse().unwrap(),
            "--size" if arguments.next()? == "small" => wanted.amount = Amount::SMALL,
            "--size" => {}
            "--keeper" => wanted.keeper = arguments.next()?.into(),
            folder if !folder.starts_with('-') => wanted.folder = std::path::absolute(folder).unwrap(),
            _ => return None,
        }
    }
    (!wanted.folder.as_os_str().is_empty()).then_some(wanted)
}

fn measure(wanted: &Wanted, root: &Path, kind: Kind) -> Vec<Sample> {
    let source = kind.make(root, &wanted.amount);
    println!("\n{kind}: {} bytes; load {}", data::size_bytes(&source), load());
    let mut samples = Vec::new();
    for run in 0..wanted.runs {
        let place = Place { root: root.join("run"), source: source.clone(), kind };
        fs::create_dir_all(&place.root).unwrap();
        let programs: [Box<dyn Program>; 2] =
            [Box::new(Keeper::new(&wanted.keeper, &place)), Box::new(Restic::new(&place))];
        for (step, name) in STEPS.iter().enumerate() {
            if step == 2 {
                kind.change(&source, &wanted.amount, run as u64);
            }
            for turn in 0..2 {
                let which = (run + step + turn) % 2;
                // What the other one has written is not to be paid for by this one.
                nix::unistd::sync();
                let program = &programs[which];
                let cost = if step == 3 { program.restore() } else { program.back_up() };
                println!("{run} {name:<24} {:<7} {cost}", if which == 0 { "keeper" } else { "restic" });
                samples.push(Sample { step, keeper: which == 0, cost });
                if step == 3 {
                    data::assert_same(&source, &program.restored());
                    fs::remove_dir_all(place.root.join("out")).unwrap();
                }
            }
        }
        fs::remove_dir_all(&place.root).unwrap();
    }
    samples
}

/// Medians, keeper's first; what its own checks took is also stated apart.
fn report(kind: Kind, samples: &[Sample]) {
    println!(
        "\n| {kind} | wall, s | without its checks | processor, s | memory, MiB |\n|---|---|---|---|---|"
    );
    for (step, name) in STEPS.iter().enumerate() {
        let of = |keeper, pick: fn(&Cost) -> f64| {
            median(samples.iter().filter(|s| (s.step, s.keeper) == (step, keeper)).map(|s| pick(&s.cost)))
        };
        let pair = |pick| format!("{:.2} / {:.2}", of(true, pick), of(false, pick));
        let (wall, checks) = (pair(|cost| cost.wall_s), of(true, |cost| cost.wall_s - cost.checks_s));
        let memory = format!("{:.0} / {:.0}", of(true, |c| c.memory_mib), of(false, |c| c.memory_mib));
        println!("| {name} | {wall} | {checks:.2} | {} | {memory} |", pair(|cost| cost.processor_s));
    }
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<f64> = samples.collect();
    samples.sort_unstable_by(f64::total_cmp);
    let (middle, count) = (samples.len() / 2, samples.len());
    if count % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 }
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}
