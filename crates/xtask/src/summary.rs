//! Adds up what the test programs say at their ends.

/// What all test programs of a run said together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were marked to be ignored.
    pub skipped: u64,
}

impl Totals {
    /// Takes in one line of output; only `test result: …` lines count.
    pub fn add_line(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else { return };
        let (_, counts) = result.split_once(". ").unwrap_or_default();
        for part in counts.split(';') {
            let mut words = part.split_ascii_whitespace();
            let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                Some("ignored") => self.skipped += count,
                _ => {}
            }
        }
    }

    /// A run that failed without a failed test (it did not compile, or a test program crashed) counts as one.
    #[must_use]
    pub fn with_verdict(mut self, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &str) {
        let mut totals = Totals::default();
        for line in lines {
            totals.add_line(line);
        }
        assert_eq!(totals.to_string(), expected, "{lines:?}");
    }

    #[test]
    fn result_lines_are_added_up_and_others_are_not() {
        let ok =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        let bad = "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";
        check(&[ok, "running 3 tests", bad, "test a ... ok"], "14 passed, 1 failed, 1 skipped");
        check(&["test result: strange", "x test result: ok. 1 passed;"], "0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn a_run_that_ends_badly_never_reports_zero_failures() {
        assert_eq!(Totals::default().with_verdict(false).failed, 1);
        assert_eq!(Totals::default().with_verdict(true).failed, 0);
        assert_eq!(Totals { failed: 3, ..Totals::default() }.with_verdict(false).failed, 3);
    }
}
