//! `/analyze` and `/team-analyze`: checked as far as can be done at once, written down, acknowledged.

use crate::{
    app::App,
    discord::{
        cards::Trouble,
        commands::outbox,
        handle::{Asked, Response},
        requests::{ANALYZE_JOB, AnalyzeRequest, ReviewKind, TargetError, parse_target},
    },
};

pub(crate) async fn start(app: &App, asked: &Asked, kind: ReviewKind) -> Response {
    let features = &app.config.features;
    let (is_on, target) = match kind {
        ReviewKind::Analyze => (features.ai_analysis, "target"),
        ReviewKind::Team => (features.team_analysis, "riot_id"),
    };
    if !is_on {
        return asked.refuse(app, &Trouble::SwitchedOff).await;
    }
    let reach = app.config.analysis.history_matches.max(1);
    let index = asked.interaction.option_number("match_index").unwrap_or(1);
    let Some(match_index) = u32::try_from(index).ok().filter(|index| (1..=reach).contains(index)) else {
        return asked.refuse(app, &Trouble::IndexTooBig { count: reach as usize }).await;
    };
    let target = match parse_target(&asked.interaction.option_text(target).unwrap_or_default()) {
        Ok(target) => target,
        Err(TargetError::NumberTooSmall) => return asked.refuse(app, &Trouble::NumberTooSmall).await,
        Err(TargetError::Unknown) => return asked.refuse(app, &Trouble::TargetUnknown).await,
    };
    let request = AnalyzeRequest { reply: asked.reply(true), kind, match_index, target };
    outbox::defer(app, &request.reply, ANALYZE_JOB, &request).await
}
