//! The real matches, which are kept outside the project.

use std::fs;
use std::path::PathBuf;

/// The documents of one match.
pub(crate) struct Documents {
    /// The match identifier.
    pub id: String,
    /// The match document.
    pub found: Option<Vec<u8>>,
    /// The timeline.
    pub timeline: Option<Vec<u8>>,
}

/// A folder of the shared data; fails loudly where it is absent.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    assert!(path.is_dir(), "these tests read real matches from {}, which is absent", path.display());
    path
}

/// Every real match, by identifier.
pub(crate) fn all() -> Vec<Documents> {
    let (matches, timelines) = (folder("lol/matches"), folder("lol/timelines"));
    let names = |folder: &PathBuf| -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let mut every: Vec<String> = [names(&matches), names(&timelines)].concat();
    every.sort();
    every.dedup();
    let documents = |name: String| Documents {
        id: name.trim_end_matches(".json").to_owned(),
        found: fs::read(matches.join(&name)).ok(),
        timeline: fs::read(timelines.join(&name)).ok(),
    };
    let all: Vec<Documents> = every.into_iter().map(documents).collect();
    assert!(all.len() > 50, "{} holds {} matches only", matches.display(), all.len());
    all
}
