//! Numbers of a sheet and the ways they may be written.

/// A number with its nature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A whole number.
    Count(u32),
    /// A number with a fraction.
    Decimal(f64),
    /// A share of 0 to 1, mostly written as a percentage.
    Share(f64),
    /// A difference: ahead is positive.
    Difference(f64),
    /// A stretch of time or a moment, milliseconds.
    Millis(u64),
}

/// A number as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    /// Its value, a percentage as its figure: 63 for 63 %.
    pub value: f64,
    /// The step of its last digit: 0.1 for 3.3, 100 for 12.3k, 1 for 7.
    pub step: f64,
    /// Whether it is a percentage.
    pub is_percent: bool,
    /// The sign that stands before it, if any.
    pub sign: Option<bool>,
}

impl Amount {
    /// The plain value; a share as 0 to 1, time in milliseconds.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Amount::Count(count) => f64::from(count),
            Amount::Decimal(value) | Amount::Share(value) | Amount::Difference(value) => value,
            Amount::Millis(ms) => ms as f64,
        }
    }

    /// Whether a text may write this number so: rounded at the last digit that it shows.
    #[must_use]
    pub fn accepts(self, written: Written) -> bool {
        match self {
            Amount::Count(count) => {
                !written.is_percent && written.sign != Some(false) && fits(f64::from(count), written)
            }
            Amount::Decimal(value) => !written.is_percent && fits(value, written),
            Amount::Share(share) => {
                let figure = written.is_percent || written.value > 1.0;
                fits(if figure { share * 100.0 } else { share }, written)
                    && (written.is_percent || written.step < 1.0 || written.value > 1.0)
            }
            Amount::Difference(value) => {
                let sign_fits =
                    written.sign.is_none_or(|positive| positive == (value >= 0.0) || value.abs() < 0.5);
                !written.is_percent && sign_fits && fits(value.abs(), written)
            }
            Amount::Millis(ms) => {
                let seconds = ms as f64 / 1000.0;
                !written.is_percent && (fits(seconds, written) || fits(seconds / 60.0, written))
            }
        }
    }
}

/// Rounded to the written digit; large numbers written in thousands or more may also be cut off there.
fn fits(value: f64, written: Written) -> bool {
    let off = value - written.value;
    let half = written.step / 2.0 * (1.0 + 1e-9) + 1e-9;
    off.abs() <= half || (written.step >= 100.0 && (0.0..written.step).contains(&off))
}
