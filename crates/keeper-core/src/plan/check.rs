//! Checks of a plan that could be read: everything that is named exists, and every rule can be carried out.

mod references;
mod rules;

use super::Plan;
use super::problem::Finding;
use super::read::Reader;

pub(super) fn plan(plan: &Plan, reader: &mut Reader<'_>) {
    references::check(plan, reader);
    rules::check(plan, reader);
}

/// Beginnings of secrets as providers issue them. A plan is shown to people and stored in the ledger.
const ISSUED: &[&str] = &[
    "AKIA",
    "ASIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk-ant-",
    "sk-proj-",
    "RGAPI-",
    "AIza",
    "hooks.slack.com/services/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
];

/// Words before `=` or `:` after which a value is a secret.
const ASSIGNED: &[&str] =
    &["password", "passwd", "pgpassword", "secret", "token", "api_key", "apikey", "access_key"];

/// Refuses texts that hold a secret instead of saying where it is. The message never repeats it.
pub(super) fn plain_secrets(reader: &mut Reader<'_>) {
    for (path, text) in reader.texts() {
        if let Some(what) = secret_in(&text) {
            reader.report(&path, Finding::plain_secret(what));
        }
    }
}

fn secret_in(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") || ISSUED.iter().any(|start| issued(text, start)) {
        return Some("a key or the URL of a webhook");
    }
    if password_in_url(text) {
        return Some("a password in a URL");
    }
    assigned(text).then_some("the value of a password or token")
}

/// The beginning at the start of a word, with enough behind it to be the real thing.
fn issued(text: &str, start: &str) -> bool {
    text.match_indices(start).any(|(position, _)| {
        let before = text[..position].chars().next_back();
        let behind = text[position + start.len()..]
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || "-_/".contains(*character))
            .count();
        !before.is_some_and(|character| character.is_ascii_alphanumeric()) && behind >= 8
    })
}

fn password_in_url(text: &str) -> bool {
    text.match_indices("://").any(|(position, mark)| {
        let rest = &text[position + mark.len()..];
        let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
    })
}

/// `password=something`, unless the value is a variable, a command's output or a file.
fn assigned(text: &str) -> bool {
    let lower = text.to_lowercase();
    ASSIGNED.iter().any(|word| {
        lower.match_indices(word).any(|(position, _)| {
            let rest = lower[position + word.len()..].trim_start_matches(['"', '\'']);
            let Some(value) = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": ")) else {
                return false;
            };
            let value = value.trim_start_matches(['"', '\'', ' ']);
            value.chars().take_while(char::is_ascii_alphanumeric).count() >= 6
                && !value.starts_with(['$', '<', '`'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(secret_in(text).is_some(), expected, "{text}");
    }

    #[test]
    fn secrets_are_told_from_their_places() {
        check(&format!("AK{}", "IAIOSFODNN7EXAMPLE"), true);
        check(&format!("https://hooks.slack{}", ".com/services/T000/B000/XXXXXXXX"), true);
        check("postgres://loom:hunter2@db/loom", true);
        check("psql 'postgres://loom:hunter2@db/loom'", true);
        check("PGPASSWORD=hunter22 pg_dump", true);
        check("curl -H 'token: abcdef123'", true);
        check("postgres://loom@db/loom", false);
        check("postgres://loom:$PASSWORD@db/loom", false);
        check("PGPASSWORD=$(cat /run/secrets/db) pg_dump", false);
        check("rotate the password: today", false);
        check("AKIA is how such keys begin", false);
        check("http://localhost:8000/health?at=12:30@home", false);
        check("密钥 API Key 泄露", false);
    }
}
