//! Every option of `config/loom.toml` has a test that changes it and sees something behave otherwise: the table below
//! says which, and a test holds it against the documented file and the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

mod play;
mod program;
mod server;

const DOCUMENTED: &str = include_str!("../../../../config/loom.toml");

/// An option and the test that would fail if the option were ignored. `*` stands for any provider's name.
const PROOFS: &[(&str, &str)] = &[
    ("server.bind", "the_program_listens_where_it_is_told"),
    ("server.allowed_hosts", "the_server_answers_to_the_names_it_is_given"),
    ("server.body_limit_bytes", "a_body_over_the_limit_is_refused"),
    ("server.request_timeout_seconds", "a_request_over_its_time_is_answered_all_the_same"),
    ("server.drain_seconds", "a_turn_gets_the_drain_to_finish_and_no_longer"),
    ("server.compression", "answers_are_compressed_when_told_and_asked"),
    ("server.hsts", "browsers_are_held_to_https_when_told"),
    ("database.url", "stories_are_in_the_database_that_is_named"),
    ("database.readers", "so_many_connections_read"),
    ("database.busy_timeout_ms", "a_lock_is_waited_for_no_longer_than_told"),
    ("database.slow_query_ms", "a_slow_statement_is_recorded_without_its_values"),
    ("database.migrate", "pending_migrations_are_applied_only_when_told"),
    ("logs.directory", "log_files_are_in_the_folder_that_is_named_or_nowhere"),
    ("logs.level", "the_log_has_the_level_the_form_and_the_places_it_is_told"),
    ("logs.format", "the_log_has_the_level_the_form_and_the_places_it_is_told"),
    ("logs.stderr", "the_log_has_the_level_the_form_and_the_places_it_is_told"),
    ("logs.audit", "decisions_are_written_down_when_told"),
    ("canon.directory", "worlds_come_from_the_folder_that_is_named_and_one_is_the_default"),
    ("canon.default", "worlds_come_from_the_folder_that_is_named_and_one_is_the_default"),
    ("canon.watch", "changed_worlds_are_read_again_only_when_told"),
    ("play.context_tokens", "prompt_and_reply_keep_to_their_allowances"),
    ("play.reply_tokens", "prompt_and_reply_keep_to_their_allowances"),
    ("play.history_turns", "a_prompt_carries_so_many_turns_and_moves_on_in_steps"),
    ("play.window_step", "a_prompt_carries_so_many_turns_and_moves_on_in_steps"),
    ("play.input_max_bytes", "a_line_is_as_long_as_it_may_be"),
    ("play.exact_tokens", "tokens_are_counted_or_estimated"),
    ("play.waiting_turns", "so_many_turns_wait_for_one_on_their_branch"),
    ("play.recent_bytes", "what_is_remembered_is_not_read_again"),
    ("limits.turns_per_minute", "a_user_has_limits_and_the_local_player_has_none"),
    ("limits.requests_per_minute", "a_user_may_ask_so_often_a_minute"),
    ("limits.sessions_per_user", "a_user_has_limits_and_the_local_player_has_none"),
    ("limits.concurrent_turns", "so_many_turns_are_played_at_the_same_time"),
    ("llm.order", "providers_are_tried_in_the_configured_order"),
    ("llm.timeout_first_token_ms", "each_timeout_ends_what_it_is_for"),
    ("llm.timeout_idle_ms", "each_timeout_ends_what_it_is_for"),
    ("llm.timeout_total_ms", "each_timeout_ends_what_it_is_for"),
    ("llm.max_reply_bytes", "what_is_not_a_reply_degrades_with_its_reason"),
    ("llm.prices_file", "a_price_file_prices_models_that_the_table_does_not_know"),
    ("llm.allow_private_endpoints", "a_players_endpoint_may_lead_inside_when_the_operator_says_so"),
    ("llm.retry.attempts", "the_waits_between_tries_are_as_configured"),
    ("llm.retry.base_ms", "the_waits_between_tries_are_as_configured"),
    ("llm.retry.max_ms", "the_waits_between_tries_are_as_configured"),
    ("llm.retry.jitter", "the_configured_share_of_a_wait_is_random"),
    ("llm.breaker.failures", "the_breaker_leaves_a_failing_provider_alone_and_says_so"),
    ("llm.breaker.cool_down_ms", "a_provider_is_left_alone_for_the_configured_time"),
    ("llm.cache.size", "no_more_replies_than_the_size_are_kept"),
    ("llm.cache.ttl_seconds", "a_reply_is_forgotten_at_its_age"),
    ("llm.budget.monthly_usd", "a_call_that_could_pass_a_limit_is_not_made"),
    ("llm.budget.per_user_monthly_usd", "a_call_that_could_pass_a_limit_is_not_made"),
    ("llm.budget.per_session_usd", "a_call_that_could_pass_a_limit_is_not_made"),
    ("llm.budget.alert_share", "a_budget_warns_at_the_configured_share"),
    ("llm.chaos.enabled", "chaos_fails_calls_without_making_them"),
    ("llm.chaos.seed", "another_seed_fails_other_calls_and_the_same_seed_the_same"),
    ("llm.chaos.error_rate", "chaos_fails_calls_without_making_them"),
    ("llm.chaos.timeout_rate", "chaos_fails_calls_without_making_them"),
    ("llm.chaos.garbage_rate", "chaos_fails_calls_without_making_them"),
    ("llm.chaos.latency_ms", "chaos_waits_before_a_call_as_long_as_told"),
    ("llm.providers.*.kind", "every_protocol_streams_text_and_counts_tokens"),
    ("llm.providers.*.base_url", "every_protocol_streams_text_and_counts_tokens"),
    ("llm.providers.*.model", "the_configured_model_temperature_and_length_are_asked_for"),
    ("llm.providers.*.api_key", "the_configured_key_opens_the_provider_from_the_settings_or_a_file"),
    ("llm.providers.*.api_key_file", "the_configured_key_opens_the_provider_from_the_settings_or_a_file"),
    ("llm.providers.*.temperature", "the_configured_model_temperature_and_length_are_asked_for"),
    ("llm.providers.*.max_output_tokens", "the_configured_model_temperature_and_length_are_asked_for"),
    ("llm.providers.*.price", "the_configured_price_is_what_a_reply_costs"),
];

/// How long a test waits for something that should happen.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits for a condition, and fails with its name when it does not come about.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, met).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// The keys of a documented file in its order, those included that stand in it as a comment.
fn documented_keys(text: &str) -> Vec<String> {
    let (mut section, mut keys) = (String::new(), Vec::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = match name.strip_prefix("llm.providers.") {
                Some(_) => "llm.providers.*".to_owned(),
                None => name.to_owned(),
            };
            continue;
        }
        let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") else { continue };
        if key.chars().all(|character| character.is_ascii_lowercase() || character == '_') {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
}

/// What the table lacks, has too much of, or says of tests that are not there.
fn gaps(documented: &[String], proofs: &[(&str, &str)], tests: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let proven: BTreeSet<&str> = proofs.iter().map(|(key, _)| *key).collect();
    let documented: BTreeSet<&str> = documented.iter().map(String::as_str).collect();
    found.extend(documented.difference(&proven).map(|key| format!("{key} has no test that changes it")));
    found.extend(proven.difference(&documented).map(|key| format!("{key} is no documented option")));
    let missing = proofs.iter().filter(|(_, test)| !tests.contains(*test));
    found.extend(missing.map(|(key, test)| format!("{key}: there is no test {test}")));
    found
}

/// The names of the functions under a `#[test]` or `#[tokio::test]`.
fn test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            names.push(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
            is_test = false;
        }
    }
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_documented_option_has_a_test_that_changes_it() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = BTreeSet::new();
    for folder in ["loom/tests", "llm/tests", "loom/src", "llm/src"] {
        for file in rust_files(&crates.join(folder)) {
            tests.extend(test_names(&fs::read_to_string(file).unwrap()));
        }
    }
    let documented = documented_keys(DOCUMENTED);
    assert!(documented.len() > 90, "only {} options were found", documented.len());
    let gaps = gaps(&documented, PROOFS, &tests);
    assert!(gaps.is_empty(), "\n{}\n", gaps.join("\n"));
}

#[test]
fn gaps_in_the_table_are_found() {
    let text = "# A head = line.\n[a]\n# What it is.\none = 1\n# two = 2\n[llm.providers.x]\nthree = \"\"\n";
    let documented = documented_keys(text);
    assert_eq!(documented, ["a.one", "a.two", "llm.providers.*.three"]);
    let source = "#[test]\nfn t1() {}\n#[tokio::test(start_paused = true)]\nasync fn t2() {}\nfn t3() {}\n";
    let tests: BTreeSet<String> = test_names(source).into_iter().collect();
    let check = |proofs: &[(&str, &str)], expected: &[&str]| {
        assert_eq!(gaps(&documented, proofs, &tests), expected, "{proofs:?}");
    };
    let whole = [("a.one", "t1"), ("a.two", "t2"), ("llm.providers.*.three", "t1")];
    check(&whole, &[]);
    check(&whole[1..], &["a.one has no test that changes it"]);
    check(&[&whole[..], &[("a.four", "t1")]].concat(), &["a.four is no documented option"]);
    check(
        &[&whole[..2], &[("llm.providers.*.three", "t3")]].concat(),
        &["llm.providers.*.three: there is no test t3"],
    );
}
