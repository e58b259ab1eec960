//! Keeper's own commands as far as a plan may call them, checked word by word before anything runs.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::spelling::nearest;
use super::value::{Period, refused, text_value};

/// A command line of keeper without the word `keeper`: `logs rotate loom --compress-after 7d --delete-after 30d`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Command {
    text: String,
    verb: &'static Verb,
    operand: Option<String>,
    flags: Vec<(&'static str, Option<String>)>,
}

/// One command and what it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    /// Its words.
    pub words: &'static str,
    /// What may follow them.
    pub operand: Operand,
    /// Its flags without the dashes, and their values.
    pub flags: &'static [(&'static str, Value)],
    /// Section of the keeper specification that it belongs to.
    pub section: u8,
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// Nothing.
    None,
    /// A service; all of the plan without one.
    Service,
    /// A backup; all of the plan without one.
    Backup,
    /// A secret, required.
    Secret,
    /// An experiment; all of the plan without one.
    Experiment,
    /// A name that the plan does not know, required.
    Free,
}

/// The value of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The flag stands alone.
    None,
    /// A length of time.
    Period,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Decimal,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A scenario of the plan.
    Scenario,
    /// Anything.
    Text,
}

const fn verb(
    words: &'static str,
    operand: Operand,
    flags: &'static [(&'static str, Value)],
    section: u8,
) -> Verb {
    Verb { words, operand, flags, section }
}

const LOG_KINDS: Value = Value::Word(&["application", "access", "audit"]);

/// Every command that a plan may call.
pub const VERBS: &[Verb] = &[
    verb("health", Operand::Service, &[("timeout", Value::Period)], 3),
    verb(
        "logs scan",
        Operand::Service,
        &[("kind", LOG_KINDS), ("since", Value::Period), ("pattern", Value::Text), ("last", Value::Number)],
        3,
    ),
    verb(
        "logs rotate",
        Operand::Service,
        &[("compress-after", Value::Period), ("delete-after", Value::Period)],
        3,
    ),
    verb("stats", Operand::Service, &[], 3),
    verb("system updates", Operand::Service, &[], 3),
    verb("db maintain", Operand::Service, &[("only", Value::Word(&["vacuum", "analyze", "reindex"]))], 3),
    verb(
        "db clean-up",
        Operand::Service,
        &[("older-than", Value::Period), ("inactive-for", Value::Period), ("batch", Value::Number)],
        3,
    ),
    verb("db slow", Operand::Service, &[("since", Value::Period)], 3),
    verb("db advise", Operand::Service, &[("apply", Value::None)], 3),
    verb("backup run", Operand::Backup, &[], 4),
    verb("backup list", Operand::Backup, &[("last", Value::Number)], 4),
    verb("backup verify", Operand::Backup, &[("latest", Value::None), ("read-data", Value::None)], 4),
    verb("backup prune", Operand::Backup, &[], 4),
    verb("backup restore", Operand::Backup, &[("test", Value::None)], 4),
    verb(
        "report performance",
        Operand::Service,
        &[
            ("period", Value::Word(&["day", "week", "month"])),
            ("days", Value::Number),
            ("output", Value::Text),
        ],
        3,
    ),
    verb(
        "report capacity",
        Operand::Service,
        &[("growth-rate", Value::Decimal), ("period", Value::Number), ("output", Value::Text)],
        3,
    ),
    verb("report availability", Operand::Service, &[], 3),
    verb("report mttr", Operand::Service, &[], 3),
    verb("report changes", Operand::Service, &[], 3),
    verb("report backups", Operand::Service, &[], 3),
    verb("report vulnerabilities", Operand::Service, &[], 3),
    verb("benchmark run", Operand::Service, &[("full", Value::None)], 3),
    verb("benchmark compare", Operand::Service, &[("quarter", Value::Text)], 3),
    verb(
        "advisories",
        Operand::None,
        &[("assess-within", Value::Period), ("fix-within", Value::Period), ("respond-within", Value::Period)],
        3,
    ),
    verb("alerts list", Operand::Service, &[], 5),
    verb("drill run", Operand::None, &[("scenario", Value::Scenario), ("live", Value::None)], 6),
    verb("drill verify", Operand::None, &[("rto", Value::Number), ("rpo", Value::Number)], 6),
    verb("change rollback", Operand::None, &[("change-id", Value::Text)], 7),
    verb("change verify", Operand::None, &[("change-id", Value::Text)], 7),
    verb("audit secrets", Operand::Service, &[], 8),
    verb("audit dependencies", Operand::Service, &[], 8),
    verb("audit access", Operand::Service, &[("since", Value::Period), ("pattern", Value::Text)], 8),
    verb("audit keys", Operand::None, &[], 8),
    verb("audit logs", Operand::Service, &[("pattern", Value::Text)], 8),
    verb(
        "audit docs",
        Operand::None,
        &[("check-links", Value::None), ("check-outdated", Value::None), ("generate-report", Value::None)],
        8,
    ),
    verb("audit experiment", Operand::Experiment, &[], 8),
    verb("access review", Operand::None, &[], 8),
    verb("key rotate", Operand::Secret, &[], 3),
    verb("certificate check", Operand::None, &[], 3),
    verb("certificate renew", Operand::Secret, &[], 3),
    verb("dns switch", Operand::Free, &[], 3),
    verb("ledger verify", Operand::None, &[], 9),
];

impl Command {
    /// Reads a command line; the refusal names the word that is wrong and what may stand there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let verb = find_verb(&words, text)?;
        let mut rest = words[verb.words.split(' ').count()..].iter();
        let (mut operand, mut flags) = (None, Vec::new());
        while let Some(word) = rest.next() {
            match word.strip_prefix("--") {
                Some(flag) => flags.push(read_flag(verb, flag, &mut rest)?),
                None if operand.is_none() && verb.operand != Operand::None => {
                    operand = Some((*word).to_owned());
                }
                None => return Err(refused(word, &format!("argument of `{}`", verb.words), &takes(verb))),
            }
        }
        let required = matches!(verb.operand, Operand::Secret | Operand::Free);
        if required && operand.is_none() {
            return Err(refused(text, "complete command", &format!("`{} NAME`", verb.words)));
        }
        let scenario = verb.flags.iter().find(|(_, kind)| *kind == Value::Scenario);
        if let Some((name, _)) = scenario.filter(|(name, _)| !flags.iter().any(|(own, _)| own == name)) {
            let allowed = format!("`{} --{name} NAME`", verb.words);
            return Err(refused(text, "complete command", &allowed));
        }
        Ok(Self { text: words.join(" "), verb, operand, flags })
    }

    /// The command that is called.
    pub fn verb(&self) -> &'static Verb {
        self.verb
    }

    /// What it is about, where the line says so.
    pub fn operand(&self) -> Option<&str> {
        self.operand.as_deref()
    }

    /// Whether a flag is given.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|(name, _)| *name == flag)
    }

    /// The last value of a flag.
    pub fn value(&self, flag: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(name, _)| *name == flag)?.1.as_deref()
    }

    /// The value of a flag that is a length of time.
    pub fn period(&self, flag: &str) -> Option<Period> {
        self.value(flag).and_then(|value| Period::parse(value).ok())
    }

    /// Every flag in order, with its value.
    pub fn flags(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.flags.iter().map(|(name, value)| (*name, value.as_deref()))
    }
}

fn find_verb(words: &[&str], text: &str) -> Result<&'static Verb, String> {
    let starts = |verb: &&Verb| {
        let mut own = verb.words.split(' ');
        words.len() >= own.clone().count() && words.iter().zip(own.by_ref()).all(|(found, own)| *found == own)
    };
    VERBS.iter().find(starts).ok_or_else(|| {
        let two = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        let first = words.first().copied().unwrap_or_default();
        let names = || VERBS.iter().map(|verb| verb.words);
        let near = nearest(&two, names()).or_else(|| nearest(first, names()));
        let allowed = near.map_or_else(
            || names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            |near| format!("`{near}`"),
        );
        refused(text, "command of keeper", &allowed)
    })
}

fn read_flag<'a>(
    verb: &'static Verb,
    flag: &str,
    rest: &mut impl Iterator<Item = &'a &'a str>,
) -> Result<(&'static str, Option<String>), String> {
    let (flag, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
    let Some((name, kind)) = verb.flags.iter().find(|(name, _)| *name == flag) else {
        return Err(refused(&format!("--{flag}"), &format!("flag of `{}`", verb.words), &takes(verb)));
    };
    if *kind == Value::None {
        return match inline {
            None => Ok((name, None)),
            Some(value) => Err(refused(value, &format!("value of --{name}"), "none")),
        };
    }
    let value = inline.or_else(|| rest.next().copied()).unwrap_or_default();
    let (sound, allowed) = match kind {
        Value::Period => (Period::parse(value).is_ok(), "a length of time, such as `15m`".to_owned()),
        Value::Number => (value.parse::<u32>().is_ok(), "a whole number".to_owned()),
        Value::Decimal => (value.parse::<f64>().is_ok_and(f64::is_finite), "a number".to_owned()),
        Value::Word(words) => (words.contains(&value), format!("`{}`", words.join("`, `"))),
        Value::Scenario | Value::Text | Value::None => {
            (!value.is_empty() && !value.starts_with("--"), "a word".to_owned())
        }
    };
    if sound {
        Ok((name, Some(value.to_owned())))
    } else {
        Err(refused(value, &format!("value of --{name}"), &allowed))
    }
}

fn takes(verb: &Verb) -> String {
    let flags: Vec<String> = verb.flags.iter().map(|(name, _)| format!("`--{name}`")).collect();
    if flags.is_empty() { "no flags".to_owned() } else { flags.join(", ") }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

text_value!(Command, "^[a-z]+( .*)?$", "a command of keeper without the word keeper");

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = Command::parse(text).map(|command| command.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn command_lines_are_checked_word_by_word() {
        check("health loom", Ok("health loom"));
        check(
            "  logs  rotate loom --compress-after=7d --delete-after 30d",
            Ok("logs rotate loom --compress-after=7d --delete-after 30d"),
        );
        check(
            "benchmark compare --quarter Q1 --quarter Q2",
            Ok("benchmark compare --quarter Q1 --quarter Q2"),
        );
        check("helth loom", Err("`helth loom` is no command of keeper; allowed: `health`"));
        check("logs rotat", Err("`logs rotat` is no command of keeper; allowed: `logs rotate`"));
        check(
            "logs rotate --delete-aftr 30d",
            Err("`--delete-aftr` is no flag of `logs rotate`; allowed: `--compress-after`, `--delete-after`"),
        );
        check(
            "logs rotate --delete-after soon",
            Err("`soon` is no value of --delete-after; allowed: a length of time, such as `15m`"),
        );
        check(
            "report performance --period year",
            Err("`year` is no value of --period; allowed: `day`, `week`, `month`"),
        );
        check("drill run --scenario --live", Err("`--live` is no value of --scenario; allowed: a word"));
        check("key rotate", Err("`key rotate` is no complete command; allowed: `key rotate NAME`"));
        check("audit keys all", Err("`all` is no argument of `audit keys`; allowed: no flags"));
        check("drill run", Err("`drill run` is no complete command; allowed: `drill run --scenario NAME`"));
        assert!(Command::parse("").is_err());
    }

    #[test]
    fn what_a_line_says_can_be_asked() {
        let command = Command::parse("db clean-up loom --older-than 90d --batch 500").unwrap();
        assert_eq!(command.operand(), Some("loom"));
        assert_eq!(command.period("older-than"), Some(Period::days(90)));
        assert_eq!(command.value("batch"), Some("500"));
        assert!(!command.has("inactive-for"));
    }
}
