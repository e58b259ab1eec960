//! The published JSON Schema has every key of every type of the plan, and nothing else.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use keeper_core::plan::{Plan, parse, schema};
use serde_json::Value;

fn schema_value() -> Value {
    serde_json::from_str(&schema::schema()).unwrap()
}

fn keys(object: &Value) -> Vec<String> {
    let mut keys: Vec<String> = object.as_object().map_or_else(Vec::new, |map| map.keys().cloned().collect());
    keys.sort();
    keys
}

/// The part of the schema that a reference stands for.
fn resolve<'s>(root: &'s Value, mut part: &'s Value) -> &'s Value {
    while let Some(reference) = part.get("$ref").and_then(Value::as_str) {
        part = root.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    part
}

/// What an editor would say: keys that the schema does not know, required ones that are missing, wrong types.
fn validate(root: &Value, part: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let part = resolve(root, part);
    if let Some(choices) = part.get("anyOf").or_else(|| part.get("oneOf")).and_then(Value::as_array) {
        let tried = choices.iter().map(|choice| {
            let mut own = Vec::new();
            validate(root, choice, value, at, &mut own);
            own
        });
        let best = tried.min_by_key(Vec::len).unwrap();
        problems.extend(best);
        return;
    }
    if let Some(constant) = part.get("const").filter(|constant| *constant != value) {
        problems.push(format!("{at}: {value} is not {constant}"));
    }
    let words = part.get("enum").and_then(Value::as_array);
    if let Some(words) = words.filter(|words| !words.contains(value)) {
        problems.push(format!("{at}: {value} is not a word of {words:?}"));
    }
    let types: Vec<&str> = match part.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = types.is_empty() || types.contains(&own) || (own == "integer" && types.contains(&"number"));
    if !fits {
        problems.push(format!("{at}: {own} where {types:?} belongs"));
        return;
    }
    match value {
        Value::Object(map) => validate_object(root, part, map, at, problems),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                validate(root, &part["items"], item, &format!("{at}[{index}]"), problems);
            }
        }
        _ => {}
    }
}

fn validate_object(
    root: &Value,
    part: &Value,
    map: &serde_json::Map<String, Value>,
    at: &str,
    problems: &mut Vec<String>,
) {
    for required in part.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = required.as_str().unwrap();
        if !map.contains_key(name) {
            problems.push(format!("{at}: {name} is missing"));
        }
    }
    for (key, value) in map {
        let known = part.get("properties").and_then(|properties| properties.get(key));
        let patterns = part.get("patternProperties").and_then(Value::as_object);
        let other = patterns.and_then(|map| map.values().next()).or_else(|| part.get("additionalProperties"));
        match (known, other) {
            (Some(schema), _) => validate(root, schema, value, &format!("{at}.{key}"), problems),
            (None, Some(schema)) if schema.is_object() => {
                validate(root, schema, value, &format!("{at}.{key}"), problems);
            }
            _ => problems.push(format!("{at}.{key} is not known")),
        }
    }
}

#[test]
fn the_schema_is_published_as_it_is() {
    insta::assert_snapshot!(schema::schema());
}

#[test]
fn every_object_is_closed_and_everything_is_described() {
    let root = schema_value();
    for (name, part) in root["$defs"].as_object().unwrap() {
        assert!(part.get("description").is_some(), "{name} is not described");
        for (key, property) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
            assert!(property.get("description").is_some(), "{name}.{key} is not described");
            assert_eq!(part["additionalProperties"], Value::Bool(false), "{name} takes any key");
        }
    }
}

/// Serde is asked for the keys of a type by giving it one that cannot be right.
#[test]
fn the_keys_of_the_schema_are_those_that_are_read() {
    let root = schema_value();
    let check = |table: &str, definition: &str| {
        let text = format!("{HEAD}{table}\nzzzzzz = 1\n");
        let problems = parse(&text, "x").unwrap_err();
        let allowed = problems
            .iter()
            .find(|problem| problem.found.as_deref() == Some("zzzzzz"))
            .unwrap_or_else(|| panic!("{definition}: {problems:?}"));
        let mut read: Vec<&str> = allowed.allowed.as_deref().unwrap().split('`').skip(1).step_by(2).collect();
        read.sort_unstable();
        let published = keys(&root["$defs"][definition]["properties"]);
        assert_eq!(read, published, "{definition}");
    };
    for (section, definition) in LISTS {
        check(&format!("[[{section}]]"), definition);
    }
    for (section, definition) in [
        ("service.x", "Service"),
        ("oncall", "Oncall"),
        ("incident", "Incident"),
        ("change", "Change"),
        ("budget", "Budget"),
        ("service.x.resources", "Resources"),
    ] {
        check(&format!("[{section}]"), definition);
    }
    for (section, definition) in [
        ("oncall.shift", "Shift"),
        ("oncall.override", "Override"),
        ("escalation.step", "EscalationStep"),
        ("incident.step", "Step"),
        ("change.window", "Window"),
        ("task.retry", "Retry"),
        ("backup.keep", "Keep"),
        ("role.contact", "Contact"),
        ("backup.plain_copy", "PlainCopy"),
        ("service.x.logs", "LogFile"),
    ] {
        let parent = section.rsplit_once('.').unwrap().0;
        let list = !matches!(parent, "oncall" | "incident" | "change" | "service.x");
        let single = ["retry", "keep", "contact", "plain_copy"].iter().any(|key| section.ends_with(key));
        let header = if list { format!("[[{parent}]]\n") } else { String::new() };
        let own = if single { format!("[{section}]") } else { format!("[[{section}]]") };
        check(&format!("{header}{own}"), definition);
    }
    let top = parse(&format!("zzzzzz = 1\n{HEAD}"), "x").unwrap_err();
    let mut read: Vec<&str> = top[0].allowed.as_deref().unwrap().split(", ").collect();
    read.sort_unstable();
    assert_eq!(read, keys(&root["properties"]));
}

const HEAD: &str = "[plan]\nname = \"x\"\ntitle = \"x\"\nzone = \"UTC\"\n\n";

const LISTS: [(&str, &str); 21] = [
    ("role", "Role"),
    ("person", "Person"),
    ("escalation", "Escalation"),
    ("channel", "Channel"),
    ("task", "Task"),
    ("threshold", "Threshold"),
    ("slo", "Slo"),
    ("store", "Store"),
    ("backup", "Backup"),
    ("recovery", "Recovery"),
    ("scenario", "Scenario"),
    ("runbook", "Runbook"),
    ("secret", "Secret"),
    ("document", "Document"),
    ("dependency", "Dependency"),
    ("control", "Control"),
    ("scanner", "Scanner"),
    ("experiment", "Experiment"),
    ("target", "Target"),
    ("dashboard", "Dashboard"),
    ("exempt", "Exempt"),
];

#[test]
fn the_plans_of_the_project_are_valid_under_the_schema() {
    let root = schema_value();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plans");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let value: Value = toml::from_str(&text).unwrap();
        let mut problems = Vec::new();
        validate(&root, &root, &value, "", &mut problems);
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 4, "plans in {folder}");
}

#[test]
fn a_plan_survives_being_written_and_read() {
    let text =
        format!("{HEAD}[[task]]\nname = \"a\"\nschedule = \"0 9 * * MON#1\"\naction.keeper = \"stats\"\n");
    let plan = parse(&text, "x").unwrap();
    let written = serde_json::to_value(&plan).unwrap();
    let mut problems = Vec::new();
    let root = schema_value();
    validate(&root, &root, &written, "", &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(serde_json::from_value::<Plan>(written).unwrap(), plan);
}
