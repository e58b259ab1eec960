//! The two written plans are covered line by line, and no change of them goes unnoticed.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use keeper_core::coverage::{Coverage, Status, coverage};
use keeper_core::plan::{Plan, parse};

const SEEDS: [(&str, &str); 2] =
    [("loom", "loom-maintenance-plan.zh.md"), ("chimera", "chimera-runbooks.zh.md")];

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn plan(name: &str) -> Plan {
    let text = read(&format!("{}/../../plans/{name}.toml", env!("CARGO_MANIFEST_DIR")));
    parse(&text, name).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn seed(name: &str) -> String {
    read(&format!("{}/../../../shared/spec/seeds/{name}", env!("CARGO_MANIFEST_DIR")))
}

fn report(plan: &Plan, name: &str, text: &str) -> Coverage {
    coverage(&[(name, text)], &[plan])
}

#[test]
fn both_written_plans_are_covered_completely() {
    for (name, document) in SEEDS {
        let coverage = report(&plan(name), document, &seed(document));
        assert!(coverage.is_complete(), "{coverage}");
        let waiting: Vec<u8> = coverage.waiting().keys().map(|executor| executor.section).collect();
        assert!(waiting.iter().all(|section| [3, 5, 6, 7, 8].contains(section)), "{waiting:?}");
    }
}

#[test]
fn little_is_exempt() {
    for (name, document) in SEEDS {
        let coverage = report(&plan(name), document, &seed(document));
        let exempt: Vec<&str> = coverage
            .units
            .iter()
            .filter(|covered| matches!(covered.status, Status::Exempt { .. }))
            .map(|covered| covered.unit.text.as_str())
            .collect();
        let only_headings =
            exempt.iter().all(|text| text.starts_with('#') && !text.contains(|c: char| c.is_ascii_digit()));
        assert!(only_headings, "{exempt:?}");
    }
}

#[test]
fn the_report_for_people() {
    let (name, document) = SEEDS[1];
    let text = seed(document).replace("> 10 秒", "> 12 秒");
    insta::assert_snapshot!(report(&plan(name), document, &text));
}

/// A document with one thing changed, and the line that it was on.
struct Mutant {
    what: String,
    line: usize,
    text: String,
}

/// Every number counted up by one, every word written differently, every line taken out, doubled, or swapped with the
/// next one.
fn mutants(text: &str) -> Vec<Mutant> {
    let mut all = Vec::new();
    let mut word_start = None;
    let line_of = |position: usize| text[..position].matches('\n').count() + 1;
    for (position, character) in text.char_indices().chain([(text.len(), '\n')]) {
        let kind = |c: char| if c.is_ascii_digit() { 1 } else { 2 * u8::from(c.is_alphanumeric()) };
        let start_kind = word_start.map(|start: usize| kind(text[start..].chars().next().unwrap()));
        if start_kind.is_some_and(|own| own != kind(character)) {
            let start = word_start.take().unwrap();
            let word = &text[start..position];
            let other = match word.parse::<u64>() {
                Ok(number) => (number + 1).to_string(),
                Err(_) => format!("{word}x"),
            };
            let mutant = format!("{}{other}{}", &text[..start], &text[position..]);
            all.push(Mutant { what: format!("{word} became {other}"), line: line_of(start), text: mutant });
        }
        if word_start.is_none() && kind(character) > 0 {
            word_start = Some(position);
        }
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(char::is_alphanumeric)) {
        let joined = |lines: Vec<&str>| lines.concat();
        let (before, after) = (lines[..index].to_vec(), lines[index + 1..].to_vec());
        let line_number = index + 1;
        let mut push = |what: &str, text: String| {
            all.push(Mutant { what: format!("{what}: {}", line.trim()), line: line_number, text });
        };
        push("gone", joined([before.clone(), after.clone()].concat()));
        push("doubled", joined([before.clone(), vec![*line, *line], after.clone()].concat()));
    }
    all
}

#[test]
fn every_change_of_a_written_plan_is_noticed() {
    for (name, document) in SEEDS {
        let (plan, text) = (plan(name), seed(document));
        let mutants = mutants(&text);
        assert!(mutants.len() > 400, "{}", mutants.len());
        let fences: Vec<usize> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.trim_start().starts_with("```"))
            .map(|(index, _)| index + 1)
            .collect();
        let mut unnoticed = Vec::new();
        for mutant in &mutants {
            let coverage = report(&plan, document, &mutant.text);
            let changed_line = coverage.uncovered().any(|covered| covered.unit.line == mutant.line);
            let gone = mutant.what.starts_with("gone");
            let noticed = if gone {
                !coverage.stale.is_empty()
            } else if mutant.what.starts_with("doubled") || fences.contains(&mutant.line) {
                coverage.uncovered().next().is_some()
            } else {
                changed_line
            };
            if !noticed {
                unnoticed.push(format!("{document}:{}: {}", mutant.line, mutant.what));
            }
        }
        assert!(unnoticed.is_empty(), "{} of {}: {unnoticed:#?}", unnoticed.len(), mutants.len());
    }
}

#[test]
fn swapped_columns_and_rows_of_other_tables_are_noticed() {
    let (name, document) = SEEDS[0];
    let (plan, text) = (plan(name), seed(document));
    let check = |changed: String| {
        assert_ne!(changed, text);
        let coverage = report(&plan, document, &changed);
        assert!(coverage.uncovered().count() > 0 && !coverage.stale.is_empty());
    };
    check(text.replace("| 组件 | RTO | RPO |", "| 组件 | RPO | RTO |"));
    check(text.replace("### 每月任务", "### 每年任务"));
    let (limit, request) = ("    memory: \"1Gi\"\n", "    memory: \"512Mi\"\n");
    check(text.replace(limit, "@").replace(request, limit).replace('@', request));
    let row = "| 用户数据 | 1小时 | 1小时 | 实时复制，每日备份 |\n";
    check(text.replace(row, "").replace("| **云提供商**", &format!("{row}| **云提供商**")));
}
