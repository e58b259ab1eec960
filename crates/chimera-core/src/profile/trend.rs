//! Where a series of totals is going, and how sure that is.

use serde::{Deserialize, Serialize};

/// The slope of a straight line through the totals, with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// What may be said.
    pub direction: Direction,
    /// Points a match.
    pub slope: f64,
    /// The slope lies between this and `high` with 90 % confidence, if the matches are independent.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// How many matches.
    pub matches: usize,
}

/// What may be said of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Upwards; the whole interval is above 0.
    Rising,
    /// Downwards; the whole interval is below 0.
    Falling,
    /// The interval holds 0: chance alone explains it.
    Uncertain,
}

/// Student's t for 90 % two-sided, by degrees of freedom from 1.
const STUDENT: [f64; 18] = [
    6.313752, 2.919986, 2.353363, 2.131847, 2.015048, 1.943180, 1.894579, 1.859548, 1.833113, 1.812461,
    1.795885, 1.782288, 1.770933, 1.761310, 1.753050, 1.745884, 1.739607, 1.734064,
];

/// The trend of totals, oldest first. Fewer than five, or more than twenty, are never said to go anywhere.
pub(super) fn of(totals: &[f64]) -> Trend {
    let count = totals.len();
    let nothing = Trend { direction: Direction::Uncertain, slope: 0.0, low: 0.0, high: 0.0, matches: count };
    let student = count.checked_sub(3).and_then(|index| STUDENT.get(index));
    let Some(&student) = student.filter(|_| count >= super::LEAST_MATCHES) else { return nothing };
    let size = count as f64;
    let middle = (size - 1.0) / 2.0;
    let mean = totals.iter().sum::<f64>() / size;
    let spread: f64 = (0..count).map(|index| (index as f64 - middle) * (index as f64 - middle)).sum();
    let product: f64 =
        totals.iter().enumerate().map(|(index, total)| (index as f64 - middle) * (total - mean)).sum();
    let slope = product / spread;
    let residual = |(index, total): (usize, &f64)| total - mean - slope * (index as f64 - middle);
    let squares: f64 = totals.iter().enumerate().map(residual).map(|residual| residual * residual).sum();
    let half = student * (squares / (size - 2.0) / spread).sqrt();
    let (low, high) = (slope - half, slope + half);
    let direction = match (low > 0.0, high < 0.0) {
        (true, _) => Direction::Rising,
        (_, true) => Direction::Falling,
        _ => Direction::Uncertain,
    };
    Trend { direction, slope, low, high, matches: count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(totals: &[f64], expected: Direction) {
        assert_eq!(of(totals).direction, expected, "{totals:?}");
    }

    #[test]
    fn only_what_chance_does_not_explain_is_a_trend() {
        check(&[], Direction::Uncertain);
        check(&[10.0, 20.0, 30.0, 40.0], Direction::Uncertain);
        check(&[10.0, 21.0, 29.0, 40.0, 51.0], Direction::Rising);
        check(&[51.0, 40.0, 29.0, 21.0, 10.0], Direction::Falling);
        check(&[50.0, 61.0, 45.0, 58.0, 52.0, 57.0], Direction::Uncertain);
        check(&[50.0; 20], Direction::Uncertain);
    }

    #[test]
    fn the_interval_is_the_textbook_one() {
        let trend = of(&[1.0, 2.0, 4.0, 3.0, 5.0]);
        assert!((trend.slope - 0.9).abs() < 1e-12, "{trend:?}");
        assert!(
            (trend.high - trend.slope - 2.353363 * (1.9f64 / 3.0 / 10.0).sqrt()).abs() < 1e-9,
            "{trend:?}"
        );
    }

    #[test]
    fn noise_is_seldom_called_a_trend() {
        let mut random = fastrand::Rng::with_seed(3);
        let series =
            |random: &mut fastrand::Rng| (0..12).map(|_| random.f64() * 40.0 + 30.0).collect::<Vec<_>>();
        let called = (0..2000).filter(|_| of(&series(&mut random)).direction != Direction::Uncertain).count();
        assert!((120..=280).contains(&called), "90 % confidence errs in about 200 of 2000, here {called}");
    }
}
