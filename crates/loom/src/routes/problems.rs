//! Every failure as a problem: a stable code, the right status, a sentence, and what to do next.

use axum::http::StatusCode;
use chassis::problem::Problem;
use llm::LlmError;
use serde_json::json;
use storage::StorageError;

use crate::{
    auth::AuthError,
    canon_dir::{CanonError, edit::SaveError},
    play::PlayError,
};

const LOST_NOTHING: &str = "Nothing was lost and nothing was half-written";

/// A problem without a cause worth logging.
fn plain(
    status: StatusCode,
    code: &'static str,
    detail: impl Into<String>,
    action: impl Into<String>,
) -> Problem {
    Problem::new(status, code, detail, action)
}

/// No such session, or not the caller's.
#[must_use]
pub fn no_session() -> Problem {
    plain(
        StatusCode::NOT_FOUND,
        "session_not_found",
        "There is no such session, or it belongs to somebody else.",
        "Look at the list of your sessions.",
    )
}

/// The caller's role does not reach.
#[must_use]
pub fn forbidden(what: &str, needed: &str) -> Problem {
    plain(
        StatusCode::FORBIDDEN,
        "forbidden",
        format!("You may not {what}: that takes the role {needed}."),
        "Ask an operator of this server.",
    )
}

/// A value that cannot be used.
#[must_use]
pub fn invalid(detail: impl Into<String>) -> Problem {
    plain(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", detail, "Correct the value and send it again.")
}

/// A name that is taken.
#[must_use]
pub fn taken(what: &str, name: &str) -> Problem {
    plain(
        StatusCode::CONFLICT,
        "name_taken",
        format!("There is a {what} called `{name}` already."),
        "Choose another name.",
    )
}

/// A database failure.
#[must_use]
pub fn storage(error: &StorageError) -> Problem {
    let (status, code, detail, action) = match error {
        StorageError::DiskFull { .. } => (
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            "The server's disk is full.",
            "Tell the operator to free space; then send it again.",
        ),
        StorageError::ReadOnly { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_read_only",
            "The server's data folder is read-only.",
            "Tell the operator to check the owner and the mount of the data folder; then send it again.",
        ),
        StorageError::Locked { .. } | StorageError::Timeout { .. } | StorageError::Conflict { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_busy",
            "Another program holds the server's database.",
            "Send it again in a moment.",
        ),
        StorageError::Corrupt { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "storage_damaged",
            "The server's database is damaged.",
            "Tell the operator to stop the program, keep the file and restore the last good backup.",
        ),
        StorageError::NulInText { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "nul_in_text",
            "The text contains the character U+0000, which cannot be stored.",
            "Remove it and send it again.",
        ),
        error if error.is_retryable() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "storage_unavailable",
            "The server's database cannot be reached.",
            "Send it again in a moment.",
        ),
        _ => return Problem::internal(error),
    };
    Problem::new(status, code, format!("{detail} {LOST_NOTHING}."), action).with_cause(error)
}

/// A turn that was not played.
#[must_use]
pub fn play(error: &PlayError) -> Problem {
    match error {
        PlayError::NoSession => no_session(),
        PlayError::Storage(error) => storage(error),
        PlayError::Model(error) => model(error),
        PlayError::Canon(error) => canon(error),
        PlayError::Conflict { branch, head, number } => plain(
            StatusCode::CONFLICT,
            "head_moved",
            format!("The story has moved on: branch `{branch}` ends in another turn than you saw."),
            "Read on from the newer head, or open a branch at the turn you saw.",
        )
        .with_extra("branch", branch.as_str())
        .with_extra("head", json!(head))
        .with_extra("head_number", *number),
        PlayError::BadIntervention(problems) => {
            let first = problems.first();
            plain(
                StatusCode::UNPROCESSABLE_ENTITY,
                "intervention_unreadable",
                first.map_or_else(|| error.to_string(), |it| it.message_en.clone()),
                "Correct the bracket and send the line again; it was not played.",
            )
            .with_extra("problems", json!(problems))
        }
        PlayError::Retcon(problem) => plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "retcon_unknown",
            problem.message(loom_core::canon::Language::En),
            "Name a fact on record or a turn; the line was not played.",
        )
        .with_extra("detail_zh", problem.message(loom_core::canon::Language::ZhCn)),
        other => refused(other),
    }
}

fn refused(error: &PlayError) -> Problem {
    let (status, code, action) = match error {
        PlayError::Archived => {
            (StatusCode::CONFLICT, "session_archived", "Take it out of the archive to play on.")
        }
        PlayError::NoBranch(_) => {
            (StatusCode::NOT_FOUND, "branch_not_found", "Look at the session's branches.")
        }
        PlayError::NoTurn(_) => (StatusCode::NOT_FOUND, "turn_not_found", "Look at the session's tree."),
        PlayError::KeyReused => {
            (StatusCode::UNPROCESSABLE_ENTITY, "turn_key_reused", "Use a new key for each new line.")
        }
        PlayError::BranchBusy { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "branch_busy", "Wait until they are played, then send it again.")
        }
        PlayError::EmptyInput => {
            (StatusCode::UNPROCESSABLE_ENTITY, "input_empty", "Write what your character does or says.")
        }
        PlayError::InputTooLarge { .. } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "input_too_large",
            "Shorten the line, or play it as several turns.",
        ),
        PlayError::Prompt(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "prompt_too_long",
            "Shorten the line, or raise the session's `context_tokens`.",
        ),
        PlayError::Settings(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "session_settings", "Correct the session's settings.")
        }
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting_down",
            "Send it again in a moment, under the same key.",
        ),
    };
    plain(status, code, sentence(error), action)
}

/// An error's text as a sentence.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', '。']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A model that gave no reply.
#[must_use]
pub fn model(error: &LlmError) -> Problem {
    let (status, code, action) = match error {
        LlmError::BudgetExhausted { .. } => (
            StatusCode::PAYMENT_REQUIRED,
            "budget_exhausted",
            "Wait for the next month, ask the operator to raise the limit, or choose a cheaper model. No call was made.",
        ),
        LlmError::PrivateEndpoint { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "endpoint_private",
            "Use a public address, or ask the operator to set `llm.allow_private_endpoints`.",
        ),
        LlmError::UnknownPrice { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "price_unknown",
            "Choose a model with a known price, or ask the operator to set its `price`.",
        ),
        LlmError::UnknownProvider { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "provider_unknown",
            "Choose a provider that the server's configuration names.",
        ),
        LlmError::BadEndpoint { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "endpoint_invalid",
            "Correct the address in the session's settings.",
        ),
        LlmError::Unavailable(_) | LlmError::OfflineFailed(_) | LlmError::Interrupted => {
            (StatusCode::SERVICE_UNAVAILABLE, "model_unavailable", "Send it again in a moment.")
        }
        LlmError::Ledger(error) => return storage(error),
        _ => return Problem::internal(error),
    };
    plain(status, code, sentence(error), action)
}

/// A canon that cannot be played or found.
#[must_use]
pub fn canon(error: &CanonError) -> Problem {
    let (status, code, action) = match error {
        CanonError::Unknown { .. } | CanonError::Key(_) => {
            (StatusCode::NOT_FOUND, "canon_not_found", "Choose one of the canons in the list.")
        }
        CanonError::Unplayable { .. } => (
            StatusCode::CONFLICT,
            "canon_unplayable",
            "Correct the file at the line that is named; `loom canon validate` lists all problems.",
        ),
        CanonError::Storage(error) => return storage(error),
    };
    plain(status, code, sentence(error), action)
}

/// A canon file that was not saved.
#[must_use]
pub fn save(error: &SaveError) -> Problem {
    match error {
        SaveError::UnknownCanon(_) => {
            plain(StatusCode::NOT_FOUND, "canon_not_found", sentence(error), "Choose one of the canons in the list.")
        }
        SaveError::BadPath(_) => plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "canon_path",
            sentence(error),
            "Use a path inside the canon that ends in .md.",
        ),
        SaveError::Changed { current_hash, .. } => plain(
            StatusCode::CONFLICT,
            "file_changed",
            sentence(error),
            "Your text is still in the editor: copy it, read the file again and merge the two.",
        )
        .with_extra("current_hash", current_hash.as_str()),
        SaveError::Unplayable(problems) => plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "canon_unplayable",
            sentence(error),
            "Correct the lines that are named; the file was left as it was.",
        )
        .with_extra("problems", json!(problems)),
        SaveError::TooLarge { .. } => plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "file_too_large",
            sentence(error),
            "Divide it into several files with @include.",
        ),
        SaveError::Disk(cause) => Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "canon_not_written",
            "The file could not be written; it was left as it was.",
            "Tell the operator to check the canon folder's space and permissions. Your text is still in the editor.",
        )
        .with_cause(cause),
    }
}

/// A user or token that could not be handled.
#[must_use]
pub fn auth(error: &AuthError) -> Problem {
    match error {
        AuthError::Storage(error) => storage(error),
        other => Problem::internal(other),
    }
}
