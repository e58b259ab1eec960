//! The JSON shapes of the API. They are converted at this edge; no row or core type goes over the wire by itself.

use serde::Serialize;
use utoipa::ToSchema;

mod canon;
mod explain;
mod session;
mod turn;
mod user;

pub use canon::{
    CanonSummaryView, CanonView, ChangeView, ProblemView, RuleView, SectionView, VersionView, canon_content,
};
pub use explain::{DroppedView, ExplainView, PartView};
pub use session::{BranchView, FactView, InterventionView, MemoryView, SessionView};
pub use turn::{AnswerView, DegradedView, PlayedView, RetconView, TurnView};
pub use user::{TokenView, UserView};

/// A list with the cursor of the page behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView<T> {
    /// At most `limit` of them.
    pub items: Vec<T>,
    /// Pass as `cursor` to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// UTC text of the database as RFC 3339.
#[must_use]
pub fn rfc3339(text: &str) -> String {
    format!("{}Z", text.replacen(' ', "T", 1))
}

/// Millionths of a dollar as dollars.
#[must_use]
pub fn usd(microusd: i64) -> f64 {
    // Exact below nine billion dollars.
    #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 millionths")]
    let amount = microusd as f64;
    amount / 1_000_000.0
}

/// The snake-case word of a unit variant.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
