//! Reads the sections of a plan one by one, so that one mistake does not hide the next.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Finding, PlanProblem};
use super::spelling::nearest;

type Value<'t> = Spanned<DeValue<'t>>;

/// A plan file while it is being read.
pub(crate) struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    table: DeTable<'t>,
    problems: Vec<PlanProblem>,
}

impl<'t> Reader<'t> {
    /// Fails with every mistake in the TOML itself.
    pub(crate) fn new(file: &'t str, text: &'t str) -> Result<Self, Vec<PlanProblem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(Self { file, text, table: table.into_inner(), problems: Vec::new() });
        }
        let problem = |error: &toml::de::Error| {
            let span = error.span().unwrap_or_default();
            Finding::of_message(error.message()).at(file, text, &span, String::new())
        };
        Err(errors.iter().map(problem).collect())
    }

    /// Every section that is not in the list is a problem.
    pub(crate) fn only(&mut self, sections: &[&str]) {
        let unknown: Vec<(String, Range<usize>)> = self
            .table
            .iter()
            .filter(|(key, _)| !sections.contains(&key.get_ref().as_ref()))
            .map(|(key, _)| (key.get_ref().to_string(), key.span()))
            .collect();
        for (name, span) in unknown {
            let finding = Finding {
                what: "this section is not known".to_owned(),
                nearest: nearest(&name, sections.iter().copied()).map(str::to_owned),
                found: Some(name.clone()),
                allowed: Some(sections.join(", ")),
            };
            self.problems.push(finding.at(self.file, self.text, &span, name));
        }
    }

    /// A section that stands for itself, `[name]`.
    pub(crate) fn one<T: DeserializeOwned>(&mut self, section: &str) -> Option<T> {
        let value = self.table.get(section)?.clone();
        self.entry(section, &value)
    }

    /// As [`Reader::one`], but its absence is a problem.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, section: &str) -> Option<T> {
        if !self.table.contains_key(section) {
            let finding =
                Finding { what: format!("the section [{section}] is missing"), ..Finding::default() };
            self.problems.push(finding.at(self.file, self.text, &(0..0), section.to_owned()));
        }
        self.one(section)
    }

    /// A section of many, `[[name]]`.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, section: &str) -> Vec<T> {
        let Some(value) = self.table.get(section).cloned() else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(entries) = value.into_inner() else {
            let finding = Finding {
                what: format!("entries of this section begin with [[{section}]]"),
                ..Finding::default()
            };
            self.problems.push(finding.at(self.file, self.text, &span, section.to_owned()));
            return Vec::new();
        };
        let read = |(index, entry): (usize, Value<'t>)| {
            let path = entry_path(section, index, &entry);
            self.entry(&path, &entry)
        };
        entries.into_iter().enumerate().filter_map(read).collect()
    }

    /// A section of many that are named in their headers, `[name.NAME]`.
    pub(crate) fn map<K, T>(&mut self, section: &str, name: fn(&str) -> Result<K, String>) -> BTreeMap<K, T>
    where
        K: Ord,
        T: DeserializeOwned,
    {
        let Some(value) = self.table.get(section).cloned() else { return BTreeMap::new() };
        let span = value.span();
        let DeValue::Table(entries) = value.into_inner() else {
            let finding = Finding {
                what: format!("entries of this section begin with [{section}.NAME]"),
                ..Finding::default()
            };
            self.problems.push(finding.at(self.file, self.text, &span, section.to_owned()));
            return BTreeMap::new();
        };
        let mut read = BTreeMap::new();
        for (key, entry) in entries {
            let path = format!("{section}.{}", key.get_ref());
            match name(key.get_ref()) {
                Ok(name) => {
                    if let Some(entry) = self.entry(&path, &entry) {
                        read.insert(name, entry);
                    }
                }
                Err(message) => {
                    let finding = Finding::of_message(&message);
                    self.problems.push(finding.at(self.file, self.text, &key.span(), path));
                }
            }
        }
        read
    }

    fn entry<T: DeserializeOwned>(&mut self, path: &str, value: &Value<'t>) -> Option<T> {
        let whole = value.span();
        match T::deserialize(value.clone().into_deserializer()) {
            Ok(entry) => Some(entry),
            Err(error) => {
                let span = error.span().unwrap_or(whole);
                let key = path_of(path, value, &span);
                self.problems.push(Finding::of_message(error.message()).at(self.file, self.text, &span, key));
                None
            }
        }
    }

    /// A problem with the value at `path` (as in [`PlanProblem::key`]) of an entry that could be read.
    pub(crate) fn report(&mut self, path: &str, finding: Finding) {
        let span = self.span_of(path);
        self.problems.push(finding.at(self.file, self.text, &span, path.to_owned()));
    }

    /// Every text of the file with the path of its key.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (key, value) in &self.table {
            collect_texts(key.get_ref(), value, &mut texts);
        }
        texts
    }

    /// Ends the reading.
    pub(crate) fn into_problems(mut self) -> Vec<PlanProblem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The place of the deepest part of the path that is in the file.
    fn span_of(&self, path: &str) -> Range<usize> {
        let mut best = 0..0;
        let mut found: Vec<(String, &Value<'t>)> = Vec::new();
        for (key, value) in &self.table {
            if path.starts_with(key.get_ref().as_ref()) {
                found.push((key.get_ref().to_string(), value));
            }
        }
        while let Some((at, value)) = found.pop() {
            let reaches = path == at || path[at.len()..].starts_with(['.', '[']);
            if !reaches {
                continue;
            }
            best = value.span();
            if path == at {
                return best;
            }
            for (child, value) in children(&at, value) {
                if path.starts_with(&child) {
                    found.push((child, value));
                }
            }
        }
        best
    }
}

/// The parts of a value with their paths.
fn children<'v, 't>(path: &str, value: &'v Value<'t>) -> Vec<(String, &'v Value<'t>)> {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().map(|(key, value)| (format!("{path}.{}", key.get_ref()), value)).collect()
        }
        DeValue::Array(array) => {
            array.iter().enumerate().map(|(index, value)| (entry_path(path, index, value), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// `task[daily-check]`, or `task[3]` for the fourth when it has no name.
fn entry_path(section: &str, index: usize, entry: &Value<'_>) -> String {
    let text = |key: &str| entry.get_ref().as_table().and_then(|table| table.get(key)?.get_ref().as_str());
    match text("name").or_else(|| text("component")) {
        Some(name) => format!("{section}[{name}]"),
        None => format!("{section}[{index}]"),
    }
}

/// The path of the smallest part of a value that begins where the span does, or else contains it.
fn path_of(path: &str, value: &Value<'_>, span: &Range<usize>) -> String {
    let mut best = (usize::MAX, path.to_owned());
    let mut open = vec![(path.to_owned(), value)];
    while let Some((at, value)) = open.pop() {
        if let DeValue::Table(table) = value.get_ref() {
            for (key, _) in table {
                if key.span() == *span {
                    return format!("{at}.{}", key.get_ref());
                }
            }
        }
        let own = value.span();
        if own.start <= span.start && span.end <= own.end && own.len() < best.0 {
            best = (own.len(), at.clone());
        }
        open.extend(children(&at, value));
    }
    best.1
}

fn collect_texts(path: &str, value: &Value<'_>, texts: &mut Vec<(String, String)>) {
    if let DeValue::String(text) = value.get_ref() {
        texts.push((path.to_owned(), text.to_string()));
    }
    for (child, value) in children(path, value) {
        collect_texts(&child, value, texts);
    }
}
