//! What a pure crate's own code may not touch: files, sockets, environment, processes, clocks, chance, async.

use crate::code::{Source, lines_with};

/// Modules of the standard library that reach outside.
const MODULES: &[&str] = &["fs", "net", "env", "process", "thread", "io", "os"];

/// Words that read a clock, draw from an unseeded generator, print, or wait.
const WORDS: &[&str] = &[
    "SystemTime",
    "::now(",
    "Rng::new(",
    "Rng::default(",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "async",
    ".await",
];

/// What is impure in one file, its trailing tests left out.
pub(crate) fn impure(source: &Source) -> Vec<String> {
    let code = source.own_code();
    let mut findings = Vec::new();
    let mut report = |line: usize, what: &str| {
        findings.push(format!("{}:{line}: {what} in a pure crate", source.path));
    };
    for module in MODULES {
        let path = format!("std::{module}");
        for line in lines_with(&code, &path) {
            report(line, &path);
        }
    }
    for (line, module) in grouped_imports(&code) {
        if MODULES.contains(&module.as_str()) {
            report(line, &format!("std::{module}"));
        }
    }
    for word in WORDS {
        for line in lines_with(&code, word) {
            report(line, word);
        }
    }
    for line in unseeded_chance(&code) {
        report(line, "chance without a seed");
    }
    findings
}

/// The modules named at the first level of `std::{…}`.
fn grouped_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, opening) in code.match_indices("std::{") {
        let (mut depth, mut name) = (1, String::new());
        let mut line = code[..start].matches('\n').count() + 1;
        for character in code[start + opening.len()..].chars() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                '\n' => line += 1,
                _ => {}
            }
            let ends = depth == 0 || (depth == 1 && character == ',');
            if depth == 1 && !ends {
                name.push(character);
            }
            if ends {
                let module = name.trim().split([':', ' ']).next().unwrap_or_default().to_owned();
                found.push((line, module));
                name.clear();
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// Calls of fastrand's own functions, `fastrand::u32(..)`, which draw from a generator nobody seeded.
fn unseeded_chance(code: &str) -> Vec<usize> {
    const CRATE: &str = "fastrand::";
    code.match_indices(CRATE)
        .filter(|(start, _)| {
            code[start + CRATE.len()..].starts_with(|character: char| character.is_lowercase())
        })
        .map(|(start, _)| code[..start].matches('\n').count() + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let expected: Vec<_> =
            expected.iter().map(|what| format!("crates/x-core/src/a.rs:{what} in a pure crate")).collect();
        assert_eq!(impure(&Source::new("crates/x-core/src/a.rs", text)), expected, "{text}");
    }

    #[test]
    fn every_way_out_is_found() {
        check("fn f() {\n    std::fs::read(p);\n}", &["2: std::fs"]);
        check("use std::env;", &["1: std::env"]);
        check("use std::{\n    fmt,\n    net::TcpStream,\n};", &["3: std::net"]);
        check("use std::{collections::{BTreeMap, HashMap}, fs};", &["1: std::fs"]);
        check("let t = Instant::now();", &["1: ::now("]);
        check("use std::time::SystemTime;", &["1: SystemTime"]);
        check("async fn f() {}", &["1: async"]);
        check("f().await", &["1: .await"]);
        check("println!(x)", &["1: println!"]);
        check("fastrand::u32(..)", &["1: chance without a seed"]);
        check("fastrand::Rng::new()", &["1: Rng::new("]);
    }

    #[test]
    fn pure_code_comments_and_tests_pass() {
        check("use std::{collections::HashMap, fmt};", &[]);
        check("// std::fs would be wrong\nlet a = \"std::fs\";", &[]);
        check("fastrand::Rng::with_seed(seed)", &[]);
        check("#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n", &[]);
    }
}
