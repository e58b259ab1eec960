//! The list of what is wrong with a canon, bounded so that a hostile file cannot fill memory with complaints.

use super::{CanonProblem, Severity};

/// Problems kept; what comes later is only counted.
const KEPT_MAX: usize = 500;

/// A place in a file that a problem points at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl<'a> Place<'a> {
    pub(super) fn line(path: &'a str, line: u32) -> Self {
        Self { path, line, column: 1 }
    }
}

/// Collects problems in the order found.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Vec<CanonProblem>,
    dropped: usize,
    unplayable: bool,
}

impl Problems {
    /// Something is wrong, and the rest of the canon can still be used.
    pub(super) fn error(&mut self, code: &'static str, at: Place<'_>, message: String, hint: &str) {
        self.push(Severity::Error, code, at, message, hint);
    }

    /// Something is wrong, and the canon cannot be played.
    pub(super) fn fatal(&mut self, code: &'static str, at: Place<'_>, message: String, hint: &str) {
        self.unplayable = true;
        self.push(Severity::Error, code, at, message, hint);
    }

    pub(super) fn warning(&mut self, code: &'static str, at: Place<'_>, message: String, hint: &str) {
        self.push(Severity::Warning, code, at, message, hint);
    }

    pub(super) fn info(&mut self, code: &'static str, at: Place<'_>, message: String, hint: &str) {
        self.push(Severity::Info, code, at, message, hint);
    }

    pub(super) fn unplayable(&self) -> bool {
        self.unplayable
    }

    /// The list, with a last line saying how many were left out if any were.
    pub(super) fn finish(mut self, entry: &str) -> Vec<CanonProblem> {
        if self.dropped > 0 {
            self.kept.push(CanonProblem {
                severity: Severity::Info,
                code: "more_problems",
                path: entry.to_owned(),
                line: 1,
                column: 1,
                message: format!("{} more problems are not listed", self.dropped),
                hint: "mend the ones above and check again".to_owned(),
            });
        }
        self.kept
    }

    fn push(&mut self, severity: Severity, code: &'static str, at: Place<'_>, message: String, hint: &str) {
        // A fatal problem is always shown: without it nobody could tell why the canon is absent.
        if self.kept.len() >= KEPT_MAX && severity != Severity::Error || self.kept.len() >= 2 * KEPT_MAX {
            self.dropped += 1;
            return;
        }
        self.kept.push(CanonProblem {
            severity,
            code,
            path: at.path.to_owned(),
            line: at.line.max(1),
            column: at.column.max(1),
            message,
            hint: hint.to_owned(),
        });
    }
}
