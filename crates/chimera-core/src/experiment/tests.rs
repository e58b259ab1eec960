//! Cohorts and audits against known values.

use super::*;

const SEED: &str = "prompt_ab_2025_q4";

#[test]
fn cohorts_are_those_of_the_original() {
    assert_eq!(assign("1", SEED, 0.5), Cohort::B);
    assert_eq!(assign("123456789", SEED, 0.5), Cohort::B);
    assert_eq!(assign("123456789012345678", SEED, 0.5), Cohort::A);
    let in_a = (0..100_000).filter(|user| assign(&user.to_string(), SEED, 0.5) == Cohort::A).count();
    assert_eq!(in_a, 49_937);
    assert_eq!(assign("1", SEED, 1.0), Cohort::A);
    assert_eq!(assign("1", SEED, 0.0), Cohort::B);
}

fn input(a: u64, b: u64, ratings_a: &[f64], ratings_b: &[f64]) -> AuditInput {
    AuditInput {
        a: CohortData { reviews: a, ratings: ratings_a.to_vec() },
        b: CohortData { reviews: b, ratings: ratings_b.to_vec() },
    }
}

fn ratings(up: usize, down: usize) -> Vec<f64> {
    let mut all = vec![1.0; up];
    all.resize(up + down, -1.0);
    all
}

#[test]
fn too_little_data_is_said_and_never_passes() {
    let report = audit(&AuditInput::default(), &AuditSettings::default()).unwrap();
    assert_eq!(report.split, SplitFinding::InsufficientData { reviews: 0, needed: 100 });
    assert_eq!(report.satisfaction, SatisfactionFinding::InsufficientData { ratings: 0, needed: 30 });
    let rare = AuditSettings { expected_a: 0.01, minimum_reviews: 0, ..AuditSettings::default() };
    let report = audit(&input(4, 400, &[], &[]), &rare).unwrap();
    assert_eq!(report.split, SplitFinding::InsufficientData { reviews: 404, needed: 500 });
}

#[test]
fn a_wrong_split_is_found() {
    let report = audit(&input(5_000, 5_300, &[], &[]), &AuditSettings::default()).unwrap();
    assert!(matches!(report.split, SplitFinding::Mismatch { .. }), "{report:?}");
    let strict = AuditSettings { alpha: 0.001, ..AuditSettings::default() };
    let report = audit(&input(5_000, 5_300, &[], &[]), &strict).unwrap();
    assert!(matches!(report.split, SplitFinding::Pass { .. }), "{report:?}");
    let planned = AuditSettings { expected_a: 0.9, ..AuditSettings::default() };
    let report = audit(&input(902, 98, &[], &[]), &planned).unwrap();
    assert!(matches!(report.split, SplitFinding::Pass { .. }), "{report:?}");
}

#[test]
fn alpha_decides_the_width_of_the_interval() {
    let both = input(500, 500, &ratings(60, 40), &ratings(74, 26));
    let report = audit(&both, &AuditSettings::default()).unwrap();
    let SatisfactionFinding::BHigher(wide) = report.satisfaction else { panic!("{report:?}") };
    assert!((wide.difference - 0.28).abs() < 1e-12);
    let strict = AuditSettings { alpha: 0.01, ..AuditSettings::default() };
    let report = audit(&both, &strict).unwrap();
    let SatisfactionFinding::NoDifference(wider) = report.satisfaction else { panic!("{report:?}") };
    assert!(wider.low < wide.low && wider.high > wide.high);
}

/// The worked example of two samples of unequal variance, computed with `t_quantile` replaced by a table's 2.306 for
/// 8 degrees: the interval of 1, 2, 3, 4, 5 against 3, 4, 5, 6, 7 has exactly 8 degrees of freedom.
#[test]
fn an_interval_known_by_hand() {
    let found = welch(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.0, 4.0, 5.0, 6.0, 7.0], 0.05);
    assert!((found.degrees_of_freedom - 8.0).abs() < 1e-9);
    assert!((found.low - (2.0 - 2.306_004)).abs() < 1e-5 && (found.high - (2.0 + 2.306_004)).abs() < 1e-5);
}

#[test]
fn equal_ratings_have_no_spread_and_no_infinity() {
    let report = audit(&input(200, 200, &[1.0; 40], &[1.0; 40]), &AuditSettings::default()).unwrap();
    let SatisfactionFinding::NoDifference(found) = report.satisfaction else { panic!("{report:?}") };
    assert_eq!((found.low, found.high, found.degrees_of_freedom), (0.0, 0.0, 0.0));
}

#[test]
fn impossible_settings_are_refused() {
    let refused = |settings| audit(&AuditInput::default(), &settings).unwrap_err();
    assert_eq!(
        refused(AuditSettings { expected_a: 1.0, ..AuditSettings::default() }),
        AuditError::Share(1.0)
    );
    assert_eq!(refused(AuditSettings { alpha: 0.0, ..AuditSettings::default() }), AuditError::Alpha(0.0));
    let broken = input(1, 1, &[f64::NAN], &[]);
    assert_eq!(audit(&broken, &AuditSettings::default()).unwrap_err(), AuditError::Rating(Cohort::A));
}

#[test]
fn the_text_of_an_audit() {
    let report =
        audit(&input(512, 498, &ratings(60, 40), &ratings(74, 26)), &AuditSettings::default()).unwrap();
    insta::assert_snapshot!(report.to_text(), @r"
    reviews:      A 512, B 498 (planned share of A 0.5)
    ratings:      A 100, B 100
    split:        pass (chi-square 0.1941, p 0.6596)
    satisfaction: B is rated higher: B - A = 0.2800, 95.0 % interval 0.0193 to 0.5407
    ");
    let empty = audit(&AuditInput::default(), &AuditSettings::default()).unwrap();
    insta::assert_snapshot!(empty.to_text(), @r"
    reviews:      A 0, B 0 (planned share of A 0.5)
    ratings:      A 0, B 0
    split:        insufficient data (0 reviews, 100 needed)
    satisfaction: insufficient data (0 ratings in the smaller cohort, 30 needed)
    ");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<AuditReport>(&json).unwrap().to_text(), report.to_text());
}
