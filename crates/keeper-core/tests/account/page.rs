//! The examples of docs/scheduling.md are true.

use jiff::Timestamp;
use keeper_core::ledger::Event;
use keeper_core::plan::parse;
use keeper_core::plan::set::PlanSet;
use keeper_core::schedule::Schedule;
use keeper_core::schedule::account::End;
use keeper_core::zone::Zone;

use crate::shell::Shell;

/// The blocks of this kind, each with the number of its first line.
fn blocks(kind: &str) -> Vec<(usize, Vec<String>)> {
    let path = format!("{}/../../docs/scheduling.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let fence = format!("```{kind}");
    let (mut blocks, mut open): (Vec<(usize, Vec<String>)>, bool) = (Vec::new(), false);
    for (number, line) in text.lines().enumerate() {
        if open && line == "```" {
            open = false;
        } else if open {
            blocks.last_mut().unwrap().1.push(line.to_owned());
        } else if line == fence {
            open = true;
            blocks.push((number + 2, Vec::new()));
        }
    }
    blocks
}

#[test]
fn times_are_due_as_the_page_says() {
    let mut count = 0;
    for (first, lines) in blocks("due") {
        for (index, line) in lines.iter().enumerate() {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [pattern, zone, after, expected] = parts.as_slice() else {
                panic!("line {}: {line}", first + index);
            };
            let zone = Zone::named(zone).unwrap();
            let expected: Vec<&str> = expected.split(", ").collect();
            let schedule = Schedule::parse(pattern).unwrap();
            let found = schedule.between(after.parse().unwrap(), Timestamp::MAX, &zone, expected.len());
            let shown = |due: &Timestamp| {
                due.to_zoned(zone.rules().clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()
            };
            let found: Vec<String> = found.iter().map(shown).collect();
            assert_eq!(found, expected, "line {} of docs/scheduling.md", first + index);
            count += 1;
        }
    }
    assert!(count >= 13, "{count} examples were found");
}

#[test]
fn stories_end_as_the_page_says() {
    let stories = blocks("story");
    assert!(stories.len() >= 13, "{} stories were found", stories.len());
    for (first, lines) in stories {
        let (expected, told): (Vec<&String>, Vec<&String>) =
            lines.iter().partition(|line| line.starts_with("= "));
        let (steps, keys): (Vec<&String>, Vec<&String>) =
            told.into_iter().partition(|line| line.starts_with(|start: char| start.is_ascii_digit()));
        let mut shell = shell(&keys);
        for step in steps {
            let (time, what) = step.split_once(' ').unwrap();
            shell.go_to(&format!("2026-01-10T{time}:00Z"));
            what.split(", ").for_each(|what| act(&mut shell, what));
        }
        let expected: Vec<&str> = expected.iter().map(|line| &line[2..]).collect();
        assert_eq!(outcomes(&shell), expected, "the story at line {first} of docs/scheduling.md");
    }
}

/// A plan with this one task, as its plan file would have it.
fn shell(keys: &[&String]) -> Shell {
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    let text = format!(
        "[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[[task]]\nname = \"a\"\naction.shell = \"true\"\n{}\n",
        keys.join("\n")
    );
    let plan = parse(&text, "p.toml").unwrap();
    let set = PlanSet::new(vec![("p.toml".to_owned(), plan)]).unwrap();
    Shell::new(set.timed_tasks(), "2026-01-10T00:00:00Z")
}

fn act(shell: &mut Shell, what: &str) {
    match what {
        "look" => {}
        "die" => shell.die(),
        "end" | "fail" => {
            let end = if what == "end" { End::Succeeded } else { End::Failed };
            let running =
                shell.live.first().cloned().unwrap_or_else(|| panic!("nothing runs that could {what}"));
            shell.end(&running, &end);
        }
        other => panic!("{other} is nothing that happens"),
    }
    if what != "die" {
        shell.tick(usize::MAX);
    }
}

fn outcomes(shell: &Shell) -> Vec<String> {
    let told = |event: Event| match event {
        Event::Settled { occurrence, outcome, detail, .. } => {
            let word = serde_json::to_value(outcome).unwrap().as_str().unwrap().replace('_', " ");
            let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
            Some(format!("{} {word}{detail}", occurrence.due.strftime("%H:%M")))
        }
        _ => None,
    };
    shell.rows.iter().filter_map(|row| told(row.event().unwrap())).collect()
}
