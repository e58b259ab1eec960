//! How numbers may be written.

use super::{Amount, Written};

#[track_caller]
fn check(amount: Amount, value: f64, step: f64, is_percent: bool, expected: bool) {
    let written = Written { value, step, is_percent, sign: None };
    assert_eq!(amount.accepts(written), expected, "{amount:?} as {written:?}");
}

#[test]
fn numbers_may_be_rounded_and_no_more() {
    check(Amount::Decimal(3.25), 3.25, 0.01, false, true);
    check(Amount::Decimal(3.25), 3.3, 0.1, false, true);
    check(Amount::Decimal(3.25), 3.0, 1.0, false, true);
    check(Amount::Decimal(3.25), 4.0, 1.0, false, false);
    check(Amount::Decimal(24.65), 24.9, 0.1, false, false);
    check(Amount::Share(0.634), 63.0, 1.0, true, true);
    check(Amount::Share(0.634), 0.63, 0.01, false, true);
    check(Amount::Share(0.634), 64.0, 1.0, true, false);
    check(Amount::Count(12_345), 12_345.0, 1.0, false, true);
    check(Amount::Count(12_345), 12_300.0, 100.0, false, true);
    check(Amount::Count(12_845), 12_000.0, 1_000.0, false, true);
    check(Amount::Count(12_345), 12_346.0, 1.0, false, false);
    check(Amount::Count(7), 7.0, 1.0, true, false);
    check(Amount::Millis(754_000), 754.0, 1.0, false, true);
    check(Amount::Difference(-420.0), 420.0, 1.0, false, true);
}

#[test]
fn a_sign_must_be_the_right_one() {
    let written = |sign| Written { value: 420.0, step: 1.0, is_percent: false, sign: Some(sign) };
    assert!(Amount::Difference(-420.0).accepts(written(false)));
    assert!(!Amount::Difference(-420.0).accepts(written(true)));
    assert!(!Amount::Count(420).accepts(written(false)));
}
