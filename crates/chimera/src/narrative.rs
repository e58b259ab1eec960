//! Words for a review: a model's when it can be had and holds, the template's otherwise.
//!
//! Three readers stand between a model and a player: the schema, the fact check and the compliance guard. What does
//! not pass all three is never shown; the template from the same facts is, marked with the reason.

use std::time::Duration;

use chimera_core::{
    compliance,
    experiment::{self, Cohort},
    fact_check,
    fact_sheet::FactSheet,
    names::Names,
    narrative::{self, Context, Style, Variant},
};
use llm::{LedgerEntry, LlmError, Message, Owner, Reply, Request, Usage};
use tokio::time::Instant;

use crate::{app::App, metric_names, store::settings::UserSettings, worker::Judged};

/// For whom the words are.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The Discord user, whose budget a model is paid from and whose cohort it is.
    pub(crate) user_id: &'a str,
    /// Names in the reader's language, which is also the text's.
    pub(crate) names: &'a Names,
    /// Tone and detail.
    pub(crate) settings: &'a UserSettings,
}

/// A text with where it came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrated {
    /// The text.
    pub(crate) text: String,
    /// `template` or `model:NAME`.
    pub(crate) source: String,
    /// Why the template wrote although a model should have; one of the words of the cards' `degraded-` texts.
    pub(crate) degraded: Option<&'static str>,
    /// Tokens of the model's answer, whether its text was used or not.
    pub(crate) usage: Usage,
    /// What it cost, in millionths of a US dollar.
    pub(crate) cost_microusd: i64,
    /// How long the model took.
    pub(crate) model_ms: u64,
    /// To be stored with the review.
    pub(crate) call: Option<LedgerEntry>,
    /// The part it has in the experiment; nothing while none runs.
    pub(crate) experiment: Option<Part>,
}

/// The part of one review in an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Chosen by the user's id.
    pub(crate) cohort: Cohort,
    /// What the cohort is asked with.
    pub(crate) variant: Variant,
}

/// The facts that the words may use.
pub(crate) fn facts(judged: &Judged, names: &Names) -> FactSheet {
    match judged {
        Judged::One(review) => FactSheet::of_review(review, names, names.language()),
        Judged::Team(review) => FactSheet::of_team(review, names, names.language()),
    }
}

/// Writes. Never fails: the template needs nothing but the facts.
pub(crate) async fn write(app: &App, judged: &Judged, asking: Asking<'_>) -> Narrated {
    let sheet = facts(judged, asking.names);
    let style = Style::of_settings(&asking.settings.tone, &asking.settings.detail);
    let part = part(app, asking.user_id);
    let template = |degraded| Narrated {
        text: narrative::template(&sheet, style).text,
        source: "template".to_owned(),
        degraded,
        experiment: part,
        ..Narrated::default()
    };
    if !has_model(app, judged) {
        return template(None);
    }
    let started = Instant::now();
    let limit = Duration::from_millis(app.config.narrative.timeout_ms);
    let request = request(app, judged, &sheet, style, part, asking);
    let answer = tokio::time::timeout(limit, app.gateway.complete(request)).await;
    let model_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let narrated = match answer {
        Err(_) => template(Some("model_slow")),
        Ok(Err(error)) => {
            tracing::warn!(%error, "no model wrote the narrative");
            template(Some(word_for(&error)))
        }
        Ok(Ok(reply)) => {
            let (text, source, degraded) = match held(&reply, &sheet) {
                Ok(text) => (text, format!("model:{}", reply.model), None),
                Err(reason) => (narrative::template(&sheet, style).text, "template".to_owned(), Some(reason)),
            };
            Narrated { text, source, degraded, experiment: part, ..paid(reply) }
        }
    };
    if let Some(reason) = narrated.degraded {
        metrics::counter!(metric_names::NARRATIVES_DEGRADED_TOTAL, "reason" => reason).increment(1);
    }
    Narrated { model_ms, ..narrated }
}

/// Rules come first: where there is no score there is nothing that a model could say better than the template.
fn has_model(app: &App, judged: &Judged) -> bool {
    let is_scored = match judged {
        Judged::One(review) => review.score.total.is_some(),
        Judged::Team(review) => review.mean_total.is_some(),
    };
    is_scored && app.config.narrative.tier != "template" && !app.config.llm.order.is_empty()
}

fn part(app: &App, user_id: &str) -> Option<Part> {
    let settings = &app.config.experiment;
    if !settings.enabled {
        return None;
    }
    let cohort = experiment::assign(user_id, &settings.seed, settings.weight_a);
    Some(Part { cohort, variant: Variant::of_cohort(cohort) })
}

fn request(
    app: &App,
    judged: &Judged,
    sheet: &FactSheet,
    style: Style,
    part: Option<Part>,
    asking: Asking<'_>,
) -> Request {
    let settings = &app.config.narrative;
    let is_strong = settings.tier == "strong";
    let context = if is_strong { Context::Full } else { Context::Small };
    let variant = part.map_or(Variant::Analysis, |part| part.variant);
    let prompt = narrative::prompt(sheet, variant, style, context);
    let system = format!("{}\nThe JSON schema of your answer:\n{}", prompt.system, prompt.schema);
    Request {
        model: Some(settings.strong_model.clone()).filter(|model| is_strong && !model.is_empty()),
        max_output_tokens: Some(settings.max_output_tokens),
        owner: Owner {
            user_id: Some(asking.user_id.to_owned()),
            // What a match may cost over all its reviews is what the gateway calls a session.
            session_id: Some(judged.match_id().to_owned()),
            ..Owner::default()
        },
        ..Request::new("review", vec![Message::system(system), Message::user(prompt.user)])
    }
}

/// The model's text, or why it must not be shown.
fn held(reply: &Reply, sheet: &FactSheet) -> Result<String, &'static str> {
    let written = narrative::parse_reply(&reply.text).map_err(|error| {
        tracing::warn!(model = %reply.model, %error, "a model's answer cannot be used");
        "malformed"
    })?;
    let mut text = written.text;
    for suggestion in &written.suggestions {
        text.push_str("\n• ");
        text.push_str(suggestion);
    }
    let unsupported = fact_check::check(&text, sheet);
    if let Some(first) = unsupported.first() {
        tracing::warn!(model = %reply.model, claims = unsupported.len(), kind = ?first.kind, "a model claimed what no fact carries");
        return Err("unsupported_claims");
    }
    if let Some(breach) = compliance::check(&text).first() {
        tracing::warn!(model = %reply.model, rule = ?breach.rule, "a model broke a rule");
        return Err("compliance");
    }
    Ok(text)
}

fn paid(reply: Reply) -> Narrated {
    Narrated {
        usage: reply.usage,
        cost_microusd: reply.cost_microusd,
        call: reply.ledger,
        ..Narrated::default()
    }
}

/// The cards' word for a failure of the gateway.
fn word_for(error: &LlmError) -> &'static str {
    match error {
        LlmError::BudgetExhausted { .. } => "over_budget",
        _ => "model_unavailable",
    }
}
