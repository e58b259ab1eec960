//! Templates under snapshot, one of each kind of match, as a player reads them.

use chimera_core::fact_sheet::FactSheet;
use chimera_core::mode::Mode;
use chimera_core::names::Language;
use chimera_core::narrative::{self, Context, Detail, Style, Tone, Variant};
use chimera_core::report::Outcome;
use chimera_core::score::Partial;

use super::sheets::{Case, cases, names};

fn case(id: &str, fits: impl Fn(&Case) -> bool) -> &'static Case {
    cases().iter().find(|case| case.review.match_id == id && fits(case)).unwrap()
}

/// Both languages below one another.
fn single(case: &Case, style: Style) -> String {
    let text = |language| narrative::template(&case.sheet(language), style).text;
    format!("{}\n\n{}", text(Language::ZhCn), text(Language::En))
}

fn team(case: &Case) -> String {
    let text = |language| narrative::template(&case.team_sheet(language), Style::default()).text;
    format!("{}\n\n{}", text(Language::ZhCn), text(Language::En))
}

fn any(_: &Case) -> bool {
    true
}

#[test]
fn rift() {
    let won = case("NA1_4089523435", |case| case.review.result == Outcome::Win);
    let lost = case("NA1_4089523435", |case| case.review.result == Outcome::Loss);
    insta::assert_snapshot!("rift_win", single(won, Style::default()));
    insta::assert_snapshot!(
        "rift_loss_casual",
        single(lost, Style { tone: Tone::Casual, detail: Detail::Detailed })
    );
    insta::assert_snapshot!(
        "rift_win_concise",
        single(won, Style { tone: Tone::Competitive, detail: Detail::Concise })
    );
    insta::assert_snapshot!("rift_team", team(won));
}

#[test]
fn other_modes() {
    insta::assert_snapshot!("aram", single(case("NA1_4579507558", any), Style::default()));
    insta::assert_snapshot!("arena", single(case("NA1_4731598809", any), Style::default()));
    insta::assert_snapshot!("arena_team", team(case("NA1_5421076924", any)));
    insta::assert_snapshot!("remake", single(case("BR1_2619338540", any), Style::default()));
    insta::assert_snapshot!("no_timeline", single(case("NA1_4831140735", any), Style::default()));
}

#[test]
fn a_mode_without_a_score() {
    let case = case("NA1_4582931406", any);
    let mut review = case.review.clone();
    review.mode = Mode::Other;
    review.score.total = None;
    review.player.total = None;
    review.score.dimensions.clear();
    review.partial = vec![Partial::UnscoredMode];
    let text = |language| {
        let sheet = FactSheet::of_review(&review, names(language), language);
        narrative::template(&sheet, Style::default()).text
    };
    insta::assert_snapshot!("plain_record", format!("{}\n\n{}", text(Language::ZhCn), text(Language::En)));
}

#[test]
fn requests_to_a_model() {
    let sheet = case("NA1_4089523435", any).sheet(Language::ZhCn);
    let ask = |variant, context| narrative::prompt(&sheet, variant, Style::default(), context);
    let (analysis, story) = (ask(Variant::Analysis, Context::Small), ask(Variant::Story, Context::Small));
    assert_ne!(analysis.system, story.system);
    assert_eq!(analysis.user, story.user);
    assert!(ask(Variant::Story, Context::Full).user.len() > story.user.len());
    insta::assert_snapshot!(
        "prompt",
        format!("{}\n---\n{}\n---\n{:#}", analysis.system, analysis.user, analysis.schema)
    );
}
