//! From the bytes of a match and its timeline to the scores of all players, over every real pair.
//!
//! `cargo bench -p chimera-core --bench scoring`; the folder of real matches is `../shared/data/lol` beside the
//! project. First the medians over all pairs are printed, then divan measures the pair of median size.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use chimera_core::report::review;
use chimera_core::score::{MatchScores, score};
use chimera_core::{match_record, timeline};
use divan::Bencher;
use divan::counter::BytesCount;

/// Each pair is run this often; its figure is the fastest run, as the machine is shared.
const RUNS: usize = 40;

struct Pair {
    found: Vec<u8>,
    timeline: Vec<u8>,
}

impl Pair {
    fn size_bytes(&self) -> usize {
        self.found.len() + self.timeline.len()
    }
}

fn main() {
    print_medians(&pairs());
    divan::main();
}

/// Every real match that has a timeline, by size.
fn pairs() -> Vec<Pair> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lol"));
    let files = fs::read_dir(folder.join("matches"))
        .unwrap_or_else(|error| panic!("real matches are read from {}: {error}", folder.display()));
    let pair = |path: PathBuf| {
        let timeline = folder.join("timelines").join(path.file_name()?);
        Some(Pair { found: fs::read(&path).ok()?, timeline: fs::read(timeline).ok()? })
    };
    let mut pairs: Vec<Pair> = files.flatten().filter_map(|entry| pair(entry.path())).collect();
    pairs.sort_by_key(Pair::size_bytes);
    assert!(!pairs.is_empty(), "{} holds no pairs", folder.display());
    pairs
}

fn scores(pair: &Pair) -> Option<MatchScores> {
    let found = match_record::parse(&pair.found).ok()?;
    let timeline = timeline::parse(&pair.timeline).ok()?;
    Some(score(&found, Some(&timeline)))
}

/// The fastest of several runs, in microseconds.
fn fastest(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..RUNS).map(time).fold(f64::INFINITY, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_medians(pairs: &[Pair]) {
    let over = |run: &dyn Fn(&Pair)| -> Vec<f64> { pairs.iter().map(|pair| fastest(|| run(pair))).collect() };
    let whole = over(&|pair| drop(black_box(scores(pair))));
    let slowest = whole.iter().copied().fold(0.0, f64::max);
    let whole = median(whole);
    let parsing = median(over(&|pair| {
        drop(black_box(match_record::parse(&pair.found)));
        drop(black_box(timeline::parse(&pair.timeline)));
    }));
    let reviewing = median(over(&|pair| {
        let Ok(found) = match_record::parse(&pair.found) else { return };
        let timeline = timeline::parse(&pair.timeline).ok();
        let puuid =
            found.info.participants.first().map(|player| player.puuid.to_string()).unwrap_or_default();
        drop(black_box(review(&found, timeline.as_ref(), &puuid)));
    }));
    let kilobytes = median(pairs.iter().map(|pair| pair.size_bytes() as f64 / 1024.0).collect());
    println!("{} real pairs, median {kilobytes:.0} KiB", pairs.len());
    println!("bytes to scores of all players: median {whole:.0} us, slowest pair {slowest:.0} us");
    println!("of which parsing both documents: median {parsing:.0} us, {:.0} %", 100.0 * parsing / whole);
    println!("bytes to the review of one player: median {reviewing:.0} us");
}

#[divan::bench]
fn median_pair(bencher: Bencher<'_, '_>) {
    let pairs = pairs();
    let pair = &pairs[pairs.len() / 2];
    bencher.counter(BytesCount::new(pair.size_bytes())).bench_local(|| black_box(scores(pair)));
}

#[divan::bench]
fn median_pair_parsing(bencher: Bencher<'_, '_>) {
    let pairs = pairs();
    let pair = &pairs[pairs.len() / 2];
    bencher.counter(BytesCount::new(pair.size_bytes())).bench_local(|| {
        drop(black_box(match_record::parse(&pair.found)));
        drop(black_box(timeline::parse(&pair.timeline)));
    });
}
