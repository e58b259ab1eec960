//! What a person reads when a plan is wrong.

use keeper_core::plan::parse;

const HEAD: &str = "[plan]\nname = \"shop\"\ntitle = \"A shop\"\nzone = \"Europe/Berlin\"\n\n\
                    [service.shop]\nhealth_url = \"http://localhost/health\"\ndatabase.sqlite = \"shop.db\"\n\n\
                    [[role]]\nname = \"dba\"\ntitle = \"Keeper of the data\"\nduties = \"backups\"\n\
                    contact.email = \"dba@shop.example\"\n\n";

fn problems(rest: &str) -> String {
    let text = format!("{HEAD}{rest}");
    match parse(&text, "plans/shop.toml") {
        Ok(_) => "no problem\n".to_owned(),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

#[test]
fn a_sound_plan_has_no_problem() {
    assert_eq!(problems(""), "no problem\n");
}

#[test]
fn mistakes_in_the_toml() {
    insta::assert_snapshot!(problems("[[task]\nname = \"x\"\ntitle = 'y\n"));
}

#[test]
fn misspelt_sections_keys_and_words() {
    insta::assert_snapshot!(problems(
        r#"
[[tasks]]
name = "a"

[[task]]
name = "clean-up"
shedule = "daily 02:00"
action = { keeper = "stats" }

[[task]]
name = "b"
schedule = "daily 02:00"
action = { keper = "stats" }

[[task]]
name = "c"
schedule = "daily 02:00"
action = { keeper = "logs rotat" }
overlap = "queued"

[[task]]
name = "d"
action = { keeper = "stats" }

[services.x]
health_url = "http://localhost"
"#
    ));
}

#[test]
fn wrong_values() {
    insta::assert_snapshot!(problems(
        r#"
[[task]]
name = "every day"
schedule = "daily 02:00"
action = { keeper = "stats" }

[[task]]
name = "a"
schedule = "0 25 * * *"
action = { keeper = "stats" }

[[task]]
name = "b"
schedule = "daily 02:00"
zone = "Europe/Berln"
action = { keeper = "stats" }

[[task]]
name = "c"
schedule = "daily 02:00"
action = { keeper = "stats" }
time_limit = "10 minutes"

[[task]]
name = "d"
schedule = "daily 02:00"
action = { keeper = "stats" }
retry = { attempts = "three" }

[[role]]
name = "e"
title = "no address"
duties = "none"
contact.email = "nobody"

[oncall]
hand_over = ["25:00"]
"#
    ));
}

#[test]
fn names_that_stand_for_nothing() {
    insta::assert_snapshot!(problems(
        r#"
[[store]]
name = "disk"
kind = "local"
place.folder = "backup"
password.file = "/etc/keeper/password"

[[backup]]
name = "full"
schedule = "daily 02:00"
sources = [{ database = "shopp" }]
keep = { days = 30 }
stores = ["disk", "cloud"]
owner = "dbo"

[[task]]
name = "after-a-task"
schedule = "after(backup/ful)"
action = { keeper = "backup verify fulll --latest" }

[[task]]
name = "drill"
schedule = "quarterly 10:00"
action = { keeper = "drill run --scenario fire" }

[[task]]
name = "drill"
schedule = "quarterly 10:00"
action = { scan = "trivy" }
"#
    ));
}

#[test]
fn rules_that_cannot_be_meant() {
    insta::assert_snapshot!(problems(
        r#"
[[store]]
name = "disk"
kind = "local"
place.folder = "backup"

[[store]]
name = "history"
kind = "local"
place.git = "config.git"

[[backup]]
name = "never-kept"
schedule = "daily 02:00"
sources = [{ database = "shop" }]
keep = { last = 0 }
stores = ["disk"]

[[backup]]
name = "dropped-at-once"
schedule = "0 2 * * MON"
sources = [{ database = "shop" }]
keep = { days = 3 }
stores = ["disk"]
plain_copy = { path = "backup/shop.db", keep_days = 30 }

[[task]]
name = "never-due"
schedule = "0 2 30 2 *"
action = { keeper = "stats" }

[[task]]
name = "of-what"
schedule = "on change"
action = { keeper = "stats" }

[[task]]
name = "hen"
schedule = "after(egg)"
action = { keeper = "stats" }

[[task]]
name = "egg"
schedule = "after(hen)"
action = { keeper = "stats" }

[[task]]
name = "review"
schedule = "quarterly 10:00"
action = { human = { items = ["look"], due_within = "7d", evidence = "minutes" } }

[[slo]]
name = "always"
service = "shop"
objective_percent = 100.0
indicator = { ratio = { good = "a", total = "b" } }
window = "30d"

[[secret]]
name = "key"
kind = "api-key"
owner = "dba"
"#
    ));
}

#[test]
fn secrets_in_plain_are_refused_and_not_repeated() {
    let text = problems(
        r#"
[service.blog]
database.postgres.url = "postgres://blog:hunter2@localhost/blog"

[[task]]
name = "dump"
schedule = "daily 02:00"
action = { shell = "PGPASSWORD=hunter22 pg_dump blog" }

[[store]]
name = "cloud"
kind = "cloud"
place.s3 = { bucket = "b", access_key_id = "hunter23", secret_access_key = { env = "SECRET" } }
password = "hunter24"
"#,
    );
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_needs_its_head_and_has_a_size() {
    let without = parse("", "empty.toml").unwrap_err();
    assert_eq!(without[0].to_string(), "empty.toml:1:1: plan: the section [plan] is missing");
    let long = parse(&"#".repeat(2 << 20), "long.toml").unwrap_err();
    assert_eq!(
        long[0].to_string(),
        "long.toml:1:1: the file is too long for a plan\n    found: 2097152 bytes\n    allowed: 1048576 bytes"
    );
}

#[test]
fn rubbish_is_refused_without_a_panic() {
    use proptest::prelude::*;
    proptest!(ProptestConfig::with_cases(300), |(text in "[\\[\\]a-z\".='\n{} #0-9分]{0,200}")| {
        let _ = parse(&text, "rubbish.toml");
        let _ = parse(&format!("{HEAD}{text}"), "rubbish.toml");
    });
}
