//! What the parser makes of an editor's text: problems at their lines, sections and rules as a reader sees them.

use std::collections::BTreeMap;

use axum::{Form, extract::State};
use chassis::{
    http::{Json, Path},
    problem::Problem,
};
use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Arg, Language, Viewer,
    components::{Icon, State as Mark, badge, icon},
};

use super::{TEXTS, prose::paragraphs, text, text_with, turn::encode};
use crate::{
    app::App,
    routes::{
        canons::{self as api, CheckedView, Draft},
        views::ProblemView,
    },
};

/// What the editor holds.
#[derive(Debug, Deserialize)]
pub(super) struct CheckForm {
    path: String,
    text: String,
}

/// `POST /canon/{key}/check`: the right pane for a text that is not saved.
pub(super) async fn check(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Form(form): Form<CheckForm>,
) -> Result<Markup, Problem> {
    let result = read(&app, &key, &form.path, &form.text.replace("\r\n", "\n")).await?;
    Ok(pane(viewer.language, &key, &form.path, &result))
}

/// What a canon would be with this text in one of its files.
pub(super) async fn read(app: &App, key: &str, file: &str, text: &str) -> Result<CheckedView, Problem> {
    let draft = Draft { files: BTreeMap::from([(file.to_owned(), text.to_owned())]) };
    let Json(result) = api::validate(State(app.clone()), Path(key.to_owned()), Json(draft)).await?;
    Ok(result)
}

/// The right pane.
pub(super) fn pane(language: Language, key: &str, file: &str, result: &CheckedView) -> Markup {
    let errors = result.problems.iter().filter(|problem| problem.severity == "error").count();
    let count = [("count", Arg::Number(errors as f64))];
    html! {
        div.pane-head {
            h2 { (text(language, "canon-problems-title")) }
            @if !result.playable { (badge(Mark::Error, &text(language, "canon-broken"))) }
            @else if errors > 0 { (badge(Mark::Warning, &text_with(language, "canon-errors", &count))) }
            @else { (badge(Mark::Ok, &text(language, "canon-playable"))) }
        }
        @if result.problems.is_empty() { p.soft { (text(language, "canon-problems-none")) } }
        ol.problem-list id="problems" {
            @for problem in &result.problems { (line(language, key, file, problem)) }
        }
        div.pane-head { h2 { (text(language, "canon-effect")) } }
        (effect(language, file, result))
    }
}

/// One problem: of this file with a way to its line, of another with a way to that file.
fn line(language: Language, key: &str, file: &str, problem: &ProblemView) -> Markup {
    let mark = match problem.severity.as_str() {
        "error" => (Mark::Error, Icon::Error),
        "warning" => (Mark::Warning, Icon::Warning),
        _ => (Mark::Info, Icon::Info),
    };
    let here = problem.path == file;
    let place = format!("{}:{}", problem.path, problem.line);
    let (happened, hint) = words(language, problem);
    html! {
        li.(mark.0.class()) data-line=[here.then_some(problem.line)] data-severity=(problem.severity) {
            (icon(mark.1))
            p {
                (happened) " "
                @if here { a.at href="#canon-form" data-goto-line=(problem.line) { (place) } }
                @else { a.at href=(format!("/canon/{}?file={}", encode(key), encode(&problem.path))) { (place) } }
            }
            @if !hint.is_empty() { p.hint { (hint) } }
        }
    }
}

/// The parser speaks English and names the values; in Chinese a sentence stands before its own words.
fn words(language: Language, problem: &ProblemView) -> (String, String) {
    let id = format!("canon-problem-{}", problem.code);
    if language == Language::En || !TEXTS.has(language, &id) {
        return (problem.message.clone(), problem.hint.clone());
    }
    (text(language, &id), problem.message.clone())
}

fn effect(language: Language, file: &str, result: &CheckedView) -> Markup {
    let sections: Vec<_> = result.sections.iter().filter(|section| section.path == file).collect();
    let rules: Vec<_> = result.rules.iter().filter(|rule| rule.path == file).collect();
    html! {
        @if sections.is_empty() && rules.is_empty() { p.soft { (text(language, "canon-effect-none")) } }
        @else {
            div.rendered {
                @for section in sections {
                    h2 { (section.title) " " small.faint { (text(language, &format!("section-{}", section.kind))) } }
                    (paragraphs(&section.text))
                }
                @for rule in rules {
                    div.rule-card {
                        h4 { (rule.title.as_deref().unwrap_or(&rule.id)) " " code { (rule.id) } }
                        (paragraphs(&rule.text))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::views::{RuleView, SectionView};

    const HOSTILE: &str = "<img src=x onerror=alert(1)>![x](https://evil.example/x.png)";

    fn problem(path: &str, code: &str) -> ProblemView {
        ProblemView {
            severity: "error".to_owned(),
            code: code.to_owned(),
            path: path.to_owned(),
            line: 11,
            column: 1,
            message: HOSTILE.to_owned(),
            hint: HOSTILE.to_owned(),
        }
    }

    fn result() -> CheckedView {
        CheckedView {
            playable: false,
            hash: None,
            problems: vec![problem("world.md", "unclosed_rule"), problem("people.md", "not_known_here")],
            sections: vec![SectionView {
                kind: "world".to_owned(),
                title: HOSTILE.to_owned(),
                text: HOSTILE.to_owned(),
                path: "world.md".to_owned(),
                line: 1,
            }],
            rules: vec![RuleView {
                id: "lamp".to_owned(),
                title: Some(HOSTILE.to_owned()),
                text: HOSTILE.to_owned(),
                path: "world.md".to_owned(),
                line: 9,
            }],
        }
    }

    #[test]
    fn a_world_stays_text_and_only_its_own_lines_are_marked() {
        for language in Language::ALL {
            let page = pane(language, "small", "world.md", &result()).into_string();
            assert!(!page.contains("<img"), "{page}");
            assert_eq!(page.matches("data-line=").count(), 1, "{page}");
            assert!(page.contains("data-goto-line=\"11\""), "{page}");
            assert!(page.contains("href=\"/canon/small?file=people.md\""), "{page}");
        }
    }

    /// Codes are found in the parser's sources, so that a new one cannot be forgotten.
    #[test]
    fn every_problem_of_the_parser_has_chinese_words() {
        let sources = [
            include_str!("../../../loom-core/src/canon/front_matter.rs"),
            include_str!("../../../loom-core/src/canon/load.rs"),
            include_str!("../../../loom-core/src/canon/outline.rs"),
            include_str!("../../../loom-core/src/canon/parse.rs"),
            include_str!("../../../loom-core/src/canon/problems.rs"),
            include_str!("../../../loom-core/src/canon/scan.rs"),
        ];
        let mut seen = 0;
        for source in sources {
            for call in [".error(", ".fatal(", ".warning(", ".info(", "code: "] {
                for piece in source.split(call).skip(1) {
                    let Some(code) =
                        piece.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
                    else {
                        continue;
                    };
                    seen += 1;
                    assert!(TEXTS.has(Language::ZhCn, &format!("canon-problem-{code}")), "{code}");
                }
            }
        }
        assert!(seen > 25, "only {seen} codes were found: the test looks in the wrong place");
    }
}
