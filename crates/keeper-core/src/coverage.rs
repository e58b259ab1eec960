//! Which lines of a written maintenance plan are carried out, by what, and which by nothing.
//!
//! A Markdown document is cut into units ([`unit::units`]): sentences, list items, table rows, headings, lines of
//! code. A unit is known by a hash of its text and of everything that gives the text its meaning: the headings above
//! it, the items it belongs to, the head of its table, the language of its code and the line before it, and whether
//! the same line stood there before. Entries of the plan name the hashes of the units that they carry out. So nothing
//! in the document can change, move, come or go without a unit that nobody covers, or a binding that covers nothing.
//!
//! What is not checked is that an entry does what its line says: that is a judgement, made when the binding is
//! written, and the hash says of which wording it was made.

pub mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::plan::Plan;
use crate::plan::binding::Binding;
use crate::plan::executor::{self, Entry, Executor};
pub use unit::{Kind, Unit, units};

/// What carries each unit of some documents out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Every unit in the order of the documents.
    pub units: Vec<Covered>,
    /// Bindings of the plans to which no unit belongs: what they covered has changed or gone.
    pub stale: Vec<Stale>,
}

/// One unit and what carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The document, by the name given.
    pub document: String,
    /// The unit.
    pub unit: Unit,
    /// What becomes of it.
    pub status: Status,
    /// The entries of the plans that name it, as `PLAN: PATH`.
    pub entries: Vec<String>,
}

/// What becomes of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An entry that is executed carries it out.
    Covered {
        /// By which part of keeper.
        by: Executor,
    },
    /// An entry is there, and the part of keeper that will execute it is not built yet.
    Later {
        /// Which part that is.
        by: Executor,
    },
    /// Nothing has to carry it out.
    Exempt {
        /// Why.
        reason: String,
    },
    /// Nothing carries it out.
    Uncovered,
}

/// A binding to which no unit belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// The entry, as `PLAN: PATH`.
    pub entry: String,
    /// The binding.
    pub binding: Binding,
    /// What has probably happened to its unit.
    pub hint: Option<String>,
}

/// Compares documents, each with its name and text, with the plans that are meant to carry them out. Every binding of
/// the plans is expected to belong to one of the documents.
pub fn coverage(documents: &[(&str, &str)], plans: &[&Plan]) -> Coverage {
    let mut by_hash: BTreeMap<&str, Vec<(String, Entry<'_>)>> = BTreeMap::new();
    let mut bindings = Vec::new();
    for plan in plans {
        for entry in executor::entries(plan) {
            let name = format!("{}: {}", plan.head.name, entry.path);
            for binding in entry.covers {
                by_hash.entry(&binding.hash).or_default().push((name.clone(), entry.clone()));
                bindings.push((name.clone(), binding));
            }
        }
    }
    let mut all = Vec::new();
    for (document, text) in documents {
        for unit in units(text) {
            let found = by_hash.get(unit.hash.as_str()).map_or(&[][..], Vec::as_slice);
            let status = status(found);
            let entries = found.iter().map(|(name, _)| name.clone()).collect();
            all.push(Covered { document: (*document).to_owned(), unit, status, entries });
        }
    }
    let stale = stale(&bindings, &all);
    Coverage { units: all, stale }
}

/// The best that the entries can do: executed now, later, or exempt.
fn status(entries: &[(String, Entry<'_>)]) -> Status {
    let executors = || entries.iter().filter_map(|(_, entry)| entry.executor);
    if let Some(by) = executors().find(|executor| executor.ready) {
        return Status::Covered { by };
    }
    if let Some(by) = executors().next() {
        return Status::Later { by };
    }
    match entries.iter().find_map(|(_, entry)| entry.reason) {
        Some(reason) => Status::Exempt { reason: reason.to_owned() },
        None => Status::Uncovered,
    }
}

fn stale(bindings: &[(String, &Binding)], all: &[Covered]) -> Vec<Stale> {
    let known: BTreeMap<&str, &Covered> =
        all.iter().map(|covered| (covered.unit.hash.as_str(), covered)).collect();
    let mut found = Vec::new();
    for (entry, binding) in bindings {
        let hint = match known.get(binding.hash.as_str()) {
            Some(covered) if covered.unit.text.starts_with(&binding.excerpt) => continue,
            Some(covered) => {
                Some(format!("the hash is that of line {}, the words are not", covered.unit.line))
            }
            None => all
                .iter()
                .find(|covered| {
                    covered.status == Status::Uncovered
                        && !binding.excerpt.is_empty()
                        && covered.unit.text.starts_with(&binding.excerpt)
                })
                .map(|covered| {
                    format!(
                        "line {} begins with the same words; it, or what stands above it, has changed",
                        covered.unit.line
                    )
                }),
        };
        found.push(Stale { entry: entry.clone(), binding: (*binding).clone(), hint });
    }
    found
}

impl Coverage {
    /// The units that nothing carries out.
    pub fn uncovered(&self) -> impl Iterator<Item = &Covered> {
        self.units.iter().filter(|covered| covered.status == Status::Uncovered)
    }

    /// Whether every unit is covered, now or later, or exempt, and every binding has its unit.
    pub fn is_complete(&self) -> bool {
        self.stale.is_empty() && self.uncovered().next().is_none()
    }

    /// The parts of keeper that are not built yet and have units waiting for them, with how many.
    pub fn waiting(&self) -> BTreeMap<Executor, usize> {
        let mut waiting = BTreeMap::new();
        for covered in &self.units {
            if let Status::Later { by } = covered.status {
                *waiting.entry(by).or_default() += 1;
            }
        }
        waiting
    }
}

/// The report for people: what is missing first, with the text to paste into a plan; then every unit.
impl fmt::Display for Coverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uncovered: Vec<&Covered> = self.uncovered().collect();
        if !uncovered.is_empty() {
            writeln!(formatter, "covered by nothing: {}", uncovered.len())?;
            for covered in &uncovered {
                let Covered { document, unit, .. } = covered;
                writeln!(formatter, "  {document}:{}: \"{}\"", unit.line, unit.binding())?;
            }
        }
        if !self.stale.is_empty() {
            writeln!(formatter, "bindings without a line: {}", self.stale.len())?;
            for stale in &self.stale {
                let hint = stale.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
                writeln!(formatter, "  {}: \"{}\"{hint}", stale.entry, stale.binding)?;
            }
        }
        let count = |wanted: fn(&Status) -> bool| self.units.iter().filter(|one| wanted(&one.status)).count();
        writeln!(
            formatter,
            "{} lines: {} carried out, {} later, {} exempt, {} uncovered",
            self.units.len(),
            count(|status| matches!(status, Status::Covered { .. })),
            count(|status| matches!(status, Status::Later { .. })),
            count(|status| matches!(status, Status::Exempt { .. })),
            uncovered.len(),
        )?;
        for (by, number) in self.waiting() {
            writeln!(formatter, "  {number} wait for section {} ({})", by.section, by.title)?;
        }
        for Covered { document, unit, status, entries } in &self.units {
            let state = match status {
                Status::Covered { by } => format!("section {}", by.section),
                Status::Later { by } => format!("later, section {}", by.section),
                Status::Exempt { reason } => format!("exempt: {reason}"),
                Status::Uncovered => "UNCOVERED".to_owned(),
            };
            let names: BTreeSet<&String> = entries.iter().collect();
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            writeln!(formatter, "{document}:{} [{state}] {} <- {}", unit.line, unit.text, names.join(", "))?;
        }
        Ok(())
    }
}
