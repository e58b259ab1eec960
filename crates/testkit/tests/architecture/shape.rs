//! How large a file may grow, what it may be called, and how it begins.

use crate::code::{Source, lines_with};

/// Lines of a file, its trailing tests left out.
const FILE_LINES: usize = 500;
const MAIN_LINES: usize = 60;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &["utils", "util", "common", "helpers", "helper", "types", "manager", "misc"];

pub(crate) fn too_long(source: &Source) -> Option<String> {
    let lines = source.lines_before_tests();
    let excepted = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    let long = lines > FILE_LINES && !excepted;
    long.then(|| format!("{} has {lines} lines, {FILE_LINES} are allowed", source.path))
}

/// Entries of the exception list that no file needs any more.
pub(crate) fn needless_exceptions(sources: &[Source]) -> Vec<String> {
    let is_long = |path: &str| {
        sources.iter().any(|source| source.path == path && source.lines_before_tests() > FILE_LINES)
    };
    LONG_FILES
        .iter()
        .filter(|(path, _)| !is_long(path))
        .map(|(path, reason)| format!("{path} needs no exception any more ({reason})"))
        .collect()
}

pub(crate) fn long_main(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let long = source.path.ends_with("/src/main.rs") && lines > MAIN_LINES;
    long.then(|| format!("{} has {lines} lines, {MAIN_LINES} are allowed", source.path))
}

pub(crate) fn without_module_doc(source: &Source) -> Option<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let says_something = first.strip_prefix("//!").is_some_and(|job| !job.trim().is_empty());
    (!says_something).then(|| format!("{} does not open with a sentence on its job", source.path))
}

/// Files, folders and inline modules called like a drawer, and `mod.rs`.
pub(crate) fn badly_named(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let within_crate: Vec<_> = source.path.split('/').skip(2).collect();
    for part in within_crate {
        let name = part.trim_end_matches(".rs");
        if part == "mod.rs" || DRAWERS.contains(&name) {
            findings.push(format!("{}: `{part}` is no name for a module", source.path));
        }
    }
    for name in DRAWERS {
        for line in lines_with(&source.code, &format!("mod {name}")) {
            findings.push(format!("{}:{line}: `{name}` is no name for a module", source.path));
        }
    }
    findings
}

/// `#[allow(…)]` in any form; `#[expect(…, reason = "…")]` says why and notices when it is no longer needed.
pub(crate) fn allowed_lints(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for line in lines_with(&source.code, "allow(") {
        let before: String = source.code.lines().take(line).collect::<Vec<_>>().join("\n");
        let attribute = before.rfind("#[").or_else(|| before.rfind("#!["));
        let open = attribute.is_some_and(|start| {
            let inside = &before[start..before.rfind("allow(").unwrap_or(before.len())];
            inside.matches('[').count() > inside.matches(']').count()
        });
        if open {
            findings.push(format!("{}:{line}: a lint is allowed; expect it with a reason", source.path));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path, text)
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn b() {}\n".repeat(100));
        let text = |lines: usize| format!("{}{tests}", "fn a() {}\n".repeat(lines));
        assert_eq!(too_long(&source("a.rs", &text(500))), None);
        assert_eq!(too_long(&source("a.rs", &text(501))).unwrap(), "a.rs has 501 lines, 500 are allowed");
    }

    #[test]
    fn a_long_main_is_found() {
        let text = "fn a() {}\n".repeat(61);
        assert!(long_main(&source("crates/a/src/main.rs", &text)).is_some());
        assert!(long_main(&source("crates/a/src/main.rs", &text[10..])).is_none());
        assert!(long_main(&source("crates/a/src/app.rs", &text)).is_none());
    }

    #[test]
    fn a_file_without_a_first_sentence_is_found() {
        assert!(without_module_doc(&source("a.rs", "//! Does this.\nuse b;")).is_none());
        for text in ["use b;", "//!\nuse b;", "// Does this.", ""] {
            assert!(without_module_doc(&source("a.rs", text)).is_some(), "{text}");
        }
    }

    #[test]
    fn drawers_are_found_as_file_folder_and_inline_module() {
        let check = |path: &str, text: &str, expected: usize| {
            assert_eq!(badly_named(&source(path, text)).len(), expected, "{path}: {text}");
        };
        check("crates/a/src/turns.rs", "mod turns {}", 0);
        check("crates/a/src/utils.rs", "", 1);
        check("crates/a/src/common/x.rs", "", 1);
        check("crates/a/src/turns/mod.rs", "", 1);
        check("crates/a/src/lib.rs", "mod helpers { }", 1);
        check("crates/a/src/lib.rs", "// mod helpers\nmod types_of_turn;", 0);
    }

    #[test]
    fn allowed_lints_are_found_in_every_form() {
        let check = |text: &str, expected: usize| {
            assert_eq!(allowed_lints(&source("a.rs", text)).len(), expected, "{text}");
        };
        check("#[allow(dead_code)]\nfn a() {}", 1);
        check("#![allow(dead_code)]", 1);
        check("#[cfg_attr(test, allow(dead_code))]", 1);
        check("#[\n    allow(dead_code)\n]", 1);
        check("#[expect(dead_code, reason = \"x\")]\nfn a() { allow(b); }", 0);
        check("// #[allow(dead_code)]", 0);
        check("fn a() { disallow(b); }", 0);
    }
}
