//! Prompt assembly at the head of a long session: the goal is below 5 ms, whatever the number of turns before it.

use divan::Bencher;
use loom_core::canon::{self, Canon, Language, ReadFailure};
use loom_core::memory::{Fact, FactId, FactOrigin, Summary, WorldState};
use loom_core::prompt::{Directions, PromptInput, assemble};
use loom_core::session::{PastTurn, TurnSettings};
use loom_core::tokens::Estimate;

fn main() {
    divan::main();
}

/// About as much canon as the sample worlds have.
fn world() -> Canon {
    let paragraph = "灯塔的光每九秒转过一次，照见的东西比上一次少一样。".repeat(12);
    let sections: String = (1..=12).map(|number| format!("# 地点{number}\n\n{paragraph}\n\n")).collect();
    let rules: String =
        (1..=8).map(|number| format!(":::rule r{number} 规则{number}\n{paragraph}\n:::\n\n")).collect();
    let text = format!(
        "---\nname: 雾港\nlanguage: zh-CN\n---\n\n# 世界观\n\n{paragraph}\n\n# 基调\n\n冷。\n\n{sections}{rules}"
    );
    let mut read = |path: &str| if path == "canon.md" { Ok(text.clone()) } else { Err(ReadFailure::Missing) };
    canon::parse("canon.md", &mut read).canon.unwrap_or_else(|| panic!("the bench's canon does not parse"))
}

fn state() -> WorldState {
    let facts = (1..=40).map(|number| Fact {
        id: FactId(format!("f{number}")),
        subject: format!("事物{number}"),
        text: "已经和从前不一样了".to_owned(),
        turn_id: format!("t{number}"),
        turn_number: number,
        origin: FactOrigin::Edit,
    });
    let summary =
        Summary { text: "第1回合：看 → 雾散了一点。\n".repeat(40), through_turn: 9_960 };
    WorldState { facts: facts.collect(), tone: Some("克制".to_owned()), summary }
}

fn past(number: u64) -> PastTurn {
    PastTurn {
        id: format!("t{number}"),
        number,
        input: "我沿着防波堤往前走。".to_owned(),
        story: "我沿着防波堤往前走。".to_owned(),
        reply: "雾贴着水面走，你的脚步声被它一口一口吃掉。远处那盏灯亮了三下，没有第四下。".repeat(4),
        degraded: false,
    }
}

#[divan::bench(args = [10, 100, 10_000])]
fn at_turn(bencher: Bencher<'_, '_>, number: u64) {
    let settings = TurnSettings { language: Language::ZhCn, ..TurnSettings::default() };
    let (canon, state, directions) = (world(), state(), Directions::default());
    let first = number.saturating_sub(settings.history_needed() as u64).max(1);
    let history: Vec<PastTurn> = (first..number).map(past).collect();
    bencher.bench_local(|| {
        assemble(&PromptInput {
            canon: &canon,
            state: &state,
            history: &history,
            turn_id: "now",
            number,
            story: "我推开灯塔的门。",
            directions: &directions,
            settings: &settings,
            counter: &Estimate,
        })
    });
}

#[divan::bench]
fn outline(bencher: Bencher<'_, '_>) {
    let settings = TurnSettings::default();
    let (canon, state, directions) = (world(), state(), Directions::default());
    let history: Vec<PastTurn> = (1..40).map(past).collect();
    let prompt = assemble(&PromptInput {
        canon: &canon,
        state: &state,
        history: &history,
        turn_id: "now",
        number: 40,
        story: "我推开灯塔的门。",
        directions: &directions,
        settings: &settings,
        counter: &Estimate,
    });
    let Ok(prompt) = prompt else { panic!("the bench's prompt does not fit its budget") };
    bencher.bench_local(|| prompt.outline());
}
