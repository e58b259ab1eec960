//! The run of lines cut into sections, rules and entities.

use std::collections::HashSet;

use super::entity::{self, Reader};
use super::heading;
use super::load::Loaded;
use super::problems::{Place, Problems};
use super::scan::{Line, Mark};
use super::{Entity, Rule, Section, SectionKind, SourceRef};

/// What a canon's text consists of.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) sections: Vec<Section>,
    pub(super) rules: Vec<Rule>,
    pub(super) entities: Vec<Entity>,
    /// For each section, whether there is nothing in it: no text, no rules, no subsections.
    pub(super) empty: Vec<bool>,
}

struct OpenRule {
    rule: Rule,
    closed: bool,
    file: usize,
}

struct Cutter<'a> {
    loaded: &'a Loaded,
    /// The title given to text that stands before any heading.
    untitled: &'a str,
    outline: Outline,
    section: Option<Section>,
    section_has_rules: bool,
    /// The kind of the latest level-1 section, for its subsections.
    parent: Option<SectionKind>,
    rule: Option<OpenRule>,
    reader: Reader,
    rule_ids: HashSet<String>,
}

/// Cuts the lines. Text before the first heading becomes a section titled `untitled`.
pub(super) fn cut(loaded: &Loaded, untitled: &str, problems: &mut Problems) -> Outline {
    let mut cutter = Cutter {
        loaded,
        untitled,
        outline: Outline::default(),
        section: None,
        section_has_rules: false,
        parent: None,
        rule: None,
        reader: Reader::default(),
        rule_ids: HashSet::new(),
    };
    for line in &loaded.lines {
        cutter.line(line, problems);
    }
    cutter.end_rule(problems);
    cutter.end_section();
    cutter.outline.mark_empty();
    cutter.outline
}

impl Cutter<'_> {
    fn line(&mut self, line: &Line, problems: &mut Problems) {
        let text = self.loaded.text(line);
        let heading = if line.mark == Mark::Text { heading::read(text) } else { None };
        if let Some(open) = &mut self.rule {
            let ended = match line.mark {
                Mark::RuleEnd => open.file == line.file,
                Mark::EndOfFile => open.file == line.file && !open.closed,
                _ => !open.closed && heading.is_some(),
            };
            if !ended {
                if line.mark != Mark::EndOfFile {
                    open.rule.text.push_str(text);
                    open.rule.text.push('\n');
                }
                return;
            }
            self.end_rule(problems);
            if line.mark == Mark::RuleEnd {
                return;
            }
        }
        match (&line.mark, heading) {
            (Mark::EndOfFile, _) => {}
            (Mark::RuleOpen { closed }, _) => self.begin_rule(line, text, *closed, problems),
            (_, Some((level, title))) => self.begin_section(line, level, title),
            _ => self.body_line(line, text, problems),
        }
    }

    fn source(&self, line: &Line) -> SourceRef {
        SourceRef { path: self.loaded.path(line).to_owned(), line: line.number }
    }

    fn begin_section(&mut self, line: &Line, level: u8, title: &str) {
        self.end_section();
        let kind = heading::classify(title);
        if level == 1 {
            self.parent = Some(kind);
        }
        let source = self.source(line);
        self.section = Some(Section { kind, title: title.to_owned(), level, text: String::new(), source });
    }

    fn body_line(&mut self, line: &Line, text: &str, problems: &mut Problems) {
        if self.section.is_none() {
            if text.trim().is_empty() {
                return;
            }
            let source = self.source(line);
            let message = "this text stands before the first heading".to_owned();
            let at = Place::line(&source.path, source.line);
            problems.warning("text_before_heading", at, message, "begin with a heading, such as # World");
            let title = self.untitled.to_owned();
            self.section =
                Some(Section { kind: SectionKind::Custom, title, level: 1, text: String::new(), source });
        }
        let Some(section) = &mut self.section else { return };
        // Where a rule was taken out, the blank lines around it become one.
        let doubled = self.section_has_rules && text.is_empty() && section.text.ends_with("\n\n");
        if !doubled {
            section.text.push_str(text);
            section.text.push('\n');
        }
        let kind = match line.mark {
            Mark::Text => {
                let parent = if section.level > 1 { self.parent } else { None };
                entity::kind_in(section.kind, parent)
            }
            _ => None,
        };
        let path = self.loaded.path(line);
        let source = || SourceRef { path: path.to_owned(), line: line.number };
        self.outline.entities.extend(self.reader.line(text, kind, source));
    }

    fn begin_rule(&mut self, line: &Line, text: &str, closed: bool, problems: &mut Problems) {
        let source = self.source(line);
        let mut words = text.trim().trim_start_matches(':').trim_start().splitn(2, char::is_whitespace);
        let after = words.nth(1).unwrap_or_default().trim();
        let (id, title) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
        let mut unique = if id.is_empty() { "rule".to_owned() } else { id.to_owned() };
        if id.is_empty() || self.rule_ids.contains(id) {
            let mut number = self.outline.rules.len() + 1;
            while self.rule_ids.contains(&format!("{unique}-{number}")) {
                number += 1;
            }
            unique = format!("{unique}-{number}");
        }
        if !id.is_empty() && unique != id {
            let message = format!("there is a rule `{id}` already; this one is called `{unique}`");
            problems.warning(
                "duplicate_rule",
                Place::line(&source.path, source.line),
                message,
                "give it another id",
            );
        }
        self.rule_ids.insert(unique.clone());
        let title = Some(title.trim()).filter(|title| !title.is_empty()).map(str::to_owned);
        let rule = Rule { id: unique, title, text: String::new(), source };
        self.rule = Some(OpenRule { rule, closed, file: line.file });
        self.section_has_rules = true;
    }

    fn end_rule(&mut self, problems: &mut Problems) {
        let Some(OpenRule { mut rule, .. }) = self.rule.take() else { return };
        rule.text = tidy(&rule.text).to_owned();
        if rule.text.is_empty() {
            let at = Place::line(&rule.source.path, rule.source.line);
            problems.warning(
                "empty_rule",
                at,
                format!("rule `{}` is empty", rule.id),
                "write it, or remove it",
            );
        }
        self.outline.rules.push(rule);
    }

    fn end_section(&mut self) {
        self.outline.entities.extend(self.reader.end());
        if let Some(mut section) = self.section.take() {
            section.text = tidy(&section.text).to_owned();
            self.outline.empty.push(section.text.is_empty() && !self.section_has_rules);
            self.outline.sections.push(section);
        }
        self.section_has_rules = false;
    }
}

impl Outline {
    /// A level-1 section with nothing but filled subsections is not empty.
    fn mark_empty(&mut self) {
        let mut filled_below = false;
        for (section, empty) in self.sections.iter().zip(&mut self.empty).rev() {
            if section.level == 1 {
                *empty &= !filled_below;
                filled_below = false;
            } else {
                filled_below |= !*empty;
            }
        }
    }
}

/// Without blank lines at the start and white space at the end; the first line keeps its indentation.
fn tidy(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    match text[..blank].rfind('\n') {
        Some(last) => &text[last + 1..],
        None => text,
    }
}
