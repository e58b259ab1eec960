//! What a run showed, as JSON for machines and as text for people.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::histogram::{Bucket, Percentiles};

const BAR_WIDTH: u64 = 40;

/// How the load was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// Requests at a fixed rate, whether or not the system keeps up.
    Open {
        /// Requests offered in each second.
        rate_per_second: f64,
        /// The most that may be under way at once.
        max_in_flight: usize,
    },
    /// A fixed number of clients that wait for their answers.
    Closed {
        /// How many.
        concurrency: usize,
    },
}

/// The result of a run. The warm-up is in none of the figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How the load was made.
    #[serde(flatten)]
    pub mode: Mode,
    /// Requests that were due.
    pub planned: u64,
    /// Requests that ended, well or not.
    pub completed: u64,
    /// Requests that had to wait because too many were under way. They were made all the same, later, and the
    /// wait is in their latency.
    pub late: u64,
    /// Requests that had not ended when the run gave up; their latency counts as the time they had waited.
    pub unfinished: u64,
    /// Failed requests by kind.
    pub errors: BTreeMap<String, u64>,
    /// The sum over all requests.
    pub bytes: u64,
    /// From the first measured moment to the last answer, and at least the planned duration.
    pub elapsed_seconds: f64,
    /// Successful requests in each of those seconds.
    pub achieved_per_second: f64,
    /// From the intended start to the answer; successful and unfinished requests.
    pub latency: Percentiles,
    /// The same of failed requests, apart, for fast refusals would flatter.
    pub latency_of_errors: Percentiles,
    /// From the actual start to the answer; all requests that ended.
    pub service_time: Percentiles,
    /// From the intended start to the actual one. A median above 1 ms without late requests means that the
    /// generator itself was short of processor time.
    pub start_lag: Percentiles,
    /// The distribution behind `latency`.
    pub histogram: Vec<Bucket>,
}

impl Report {
    /// The share of requests that failed or did not finish, 0 to 1.
    pub fn failed_share(&self) -> f64 {
        let failed: u64 = self.errors.values().sum::<u64>() + self.unfinished;
        if self.planned == 0 { 0.0 } else { failed as f64 / self.planned as f64 }
    }

    /// The whole report as indented JSON. Field names are stable.
    pub fn to_json(&self) -> String {
        // A struct of numbers, strings and lists always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Open { rate_per_second, max_in_flight } => {
                writeln!(
                    out,
                    "open loop: {rate_per_second:.1}/s offered, at most {max_in_flight} under way"
                )?;
            }
            Mode::Closed { concurrency } => {
                writeln!(
                    out,
                    "closed loop: {concurrency} clients (throughput; its latencies omit those who would"
                )?;
                writeln!(out, "have come during a stall)")?;
            }
        }
        writeln!(out, "achieved:   {:.1}/s over {:.1} s", self.achieved_per_second, self.elapsed_seconds)?;
        let succeeded = self.completed - self.errors.values().sum::<u64>();
        writeln!(out, "requests:   {} due, {succeeded} succeeded", self.planned)?;
        if self.late > 0 {
            writeln!(out, "late:       {} had to wait for room; the wait is in their latency", self.late)?;
        }
        if self.unfinished > 0 {
            writeln!(
                out,
                "unfinished: {} given up on; their latency is at least what is shown",
                self.unfinished
            )?;
        }
        for (kind, count) in &self.errors {
            writeln!(out, "error:      {count} {kind}")?;
        }
        if self.bytes > 0 {
            writeln!(out, "bytes:      {}", self.bytes)?;
        }
        self.write_percentiles(out)?;
        self.write_histogram(out)
    }
}

impl Report {
    fn write_percentiles(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out)?;
        writeln!(out, "ms                p50       p90       p95       p99     p99.9       max")?;
        let rows = [
            ("latency", self.latency),
            ("  of errors", self.latency_of_errors),
            ("service time", self.service_time),
            ("start lag", self.start_lag),
        ];
        for (name, row) in rows {
            if name == "  of errors" && self.errors.is_empty() {
                continue;
            }
            let cells = [row.p50_us, row.p90_us, row.p95_us, row.p99_us, row.p999_us, row.max_us];
            let cells: String = cells.iter().map(|value| format!("{:>10}", milliseconds(*value))).collect();
            writeln!(out, "{name:<13}{}", cells.trim_end())?;
        }
        Ok(())
    }

    fn write_histogram(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.histogram.iter().map(|bucket| bucket.count).max().unwrap_or_default();
        if most == 0 {
            return Ok(());
        }
        writeln!(out)?;
        for bucket in &self.histogram {
            // Whatever is not nothing shows.
            let width = (bucket.count * BAR_WIDTH).div_ceil(most) as usize;
            let line = format!(
                "up to {:>9} ms {:>9} {}",
                milliseconds(bucket.up_to_us),
                bucket.count,
                "#".repeat(width)
            );
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Milliseconds with as many decimals as mean something: 0.042, 4.20, 42.0, 4200.
fn milliseconds(microseconds: u64) -> String {
    let value = microseconds as f64 / 1_000.0;
    match microseconds {
        0..1_000 => format!("{value:.3}"),
        1_000..10_000 => format!("{value:.2}"),
        10_000..100_000 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentiles(p50_us: u64) -> Percentiles {
        Percentiles {
            p50_us,
            p90_us: p50_us * 2,
            p95_us: p50_us * 3,
            p99_us: p50_us * 10,
            p999_us: p50_us * 40,
            max_us: p50_us * 100,
        }
    }

    fn troubled() -> Report {
        Report {
            mode: Mode::Open { rate_per_second: 1_000.0, max_in_flight: 64 },
            planned: 30_000,
            completed: 29_988,
            late: 412,
            unfinished: 12,
            errors: BTreeMap::from([("http_503".to_owned(), 17), ("timeout".to_owned(), 3)]),
            bytes: 123_456_789,
            elapsed_seconds: 31.4,
            achieved_per_second: 954.394,
            latency: percentiles(4_210),
            latency_of_errors: percentiles(900),
            service_time: percentiles(3_950),
            start_lag: percentiles(310),
            histogram: vec![
                Bucket { up_to_us: 3_200, count: 9_000 },
                Bucket { up_to_us: 6_400, count: 20_000 },
                Bucket { up_to_us: 12_800, count: 0 },
                Bucket { up_to_us: 25_600, count: 980 },
            ],
        }
    }

    fn calm() -> Report {
        Report {
            mode: Mode::Closed { concurrency: 32 },
            planned: 500,
            completed: 500,
            late: 0,
            unfinished: 0,
            errors: BTreeMap::new(),
            bytes: 0,
            elapsed_seconds: 1.0,
            achieved_per_second: 500.0,
            latency: percentiles(64),
            latency_of_errors: Percentiles::default(),
            service_time: percentiles(64),
            start_lag: percentiles(1),
            histogram: vec![Bucket { up_to_us: 100, count: 500 }],
        }
    }

    #[test]
    fn text_for_people() {
        insta::assert_snapshot!("troubled_text", troubled().to_string());
        insta::assert_snapshot!("calm_text", calm().to_string());
    }

    #[test]
    fn json_for_machines() {
        insta::assert_snapshot!("troubled_json", troubled().to_json());
    }

    #[test]
    fn milliseconds_keep_three_digits() {
        let check = |microseconds: u64, expected: &str| assert_eq!(milliseconds(microseconds), expected);
        check(0, "0.000");
        check(42, "0.042");
        check(999, "0.999");
        check(4_200, "4.20");
        check(42_000, "42.0");
        check(4_200_000, "4200");
    }

    #[test]
    fn the_failed_share_counts_errors_and_unfinished() {
        assert!((troubled().failed_share() - 32.0 / 30_000.0).abs() < 1e-12);
        assert!(calm().failed_share().abs() < 1e-12);
        assert!(Report { planned: 0, ..calm() }.failed_share().abs() < 1e-12);
    }
}
