//! Reads plan files from disk, all of them or none, and says what is wrong with each.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use keeper_core::{
    ledger::Hash,
    plan::{self, LONGEST_PLAN_BYTES, Plan, PlanProblem, PlanSet},
};
use sha2::{Digest, Sha256};

/// Plans that hold together.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedPlans {
    /// The plans in the order of their files.
    pub plans: PlanSet,
    /// The files.
    pub files: Vec<LoadedFile>,
}

/// One plan file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedFile {
    /// Where it is, as named by whoever asked for it.
    pub path: PathBuf,
    /// SHA-256 of its text.
    pub hash: Hash,
}

/// Plans that cannot be carried out; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} problem(s) in the plan files; the first: {}", problems.len(), first(problems))]
pub struct Refused {
    /// Everything that was found.
    pub problems: Vec<PlanProblem>,
}

fn first(problems: &[PlanProblem]) -> String {
    problems.first().map(PlanProblem::to_string).unwrap_or_default()
}

/// Reads and checks every file, and that they do not clash.
pub fn load(files: &[PathBuf]) -> Result<LoadedPlans, Refused> {
    let (mut plans, mut loaded, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        let name = path.display().to_string();
        match read(path) {
            Err(error) => problems.push(unreadable(&name, &error)),
            Ok(text) => {
                loaded.push(LoadedFile { path: path.clone(), hash: hash_of(&text) });
                match plan::parse(&text, &name) {
                    Ok(plan) => plans.push((name, plan)),
                    Err(found) => problems.extend(found),
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(Refused { problems });
    }
    PlanSet::new(plans)
        .map(|plans| LoadedPlans { plans, files: loaded })
        .map_err(|problems| Refused { problems })
}

/// Reads one file alone, for its own report.
pub fn load_one(path: &Path) -> Result<Plan, Vec<PlanProblem>> {
    let name = path.display().to_string();
    let text = read(path).map_err(|error| vec![unreadable(&name, &error)])?;
    plan::parse(&text, &name)
}

/// At most a little more than is allowed, so that the size is refused without reading it all.
fn read(path: &Path) -> io::Result<String> {
    let size = fs::metadata(path)?.len();
    if size > LONGEST_PLAN_BYTES as u64 * 2 {
        return Err(io::Error::other(format!("{size} bytes are too long for a plan")));
    }
    fs::read_to_string(path)
}

fn hash_of(text: &str) -> Hash {
    Hash::parse(&hex::encode(Sha256::digest(text))).unwrap_or(Hash::NONE)
}

fn unreadable(file: &str, error: &io::Error) -> PlanProblem {
    PlanProblem {
        file: file.to_owned(),
        line: 1,
        column: 1,
        key: String::new(),
        what: format!("the file cannot be read: {error}"),
        found: None,
        allowed: None,
        nearest: None,
    }
}
