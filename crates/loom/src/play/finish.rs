//! From a told turn to a stored one.

use std::sync::Arc;

use chassis::audit::{AuditEvent, Outcome};
use llm::Reply;
use loom_core::{
    intervention::Decision,
    memory::StateChange,
    turn::{self, Finished, LaterTurn, TurnKind},
};

use super::{
    InterventionNote, PlayError, PlayRequest, Player, RetconNote, TurnEvent, TurnNotes,
    explain::StoredOutline,
    prepare::{self, Prepared},
    tree,
};
use crate::{
    commit::{CommitError, HeadMove, TurnCommit},
    ids::TurnId,
    store::{
        branches,
        interventions::InterventionRow,
        states::{Loaded, NewState},
        turns::Turn,
    },
};

/// Stores the turn and says so.
pub(super) async fn finish(
    player: &Player,
    request: &PlayRequest,
    prepared: Prepared,
    reply: Reply,
) -> Result<TurnEvent, PlayError> {
    let told = turn::resume(&prepared.input(), &prepared.begun, &reply.text, reply.degraded.is_some());
    let now = player.clock.now_text();
    let (target, retcon) = target(player, &prepared, &now).await?;
    let branch = match &target {
        HeadMove::Advance { name, .. } => name.clone(),
        HeadMove::Open(branch) => branch.name.clone(),
    };
    let notes = notes(&prepared, &reply, &told, retcon);
    let changes: Vec<_> = prepared.changes().iter().chain(&told.changes).cloned().collect();
    let state = prepared.memory.next(&changes);
    let state_id = state.as_ref().map(|state| state.id.clone()).or_else(|| prepared.memory.id.clone());
    let stored = Turn { state_id, ..row(&prepared, request, &reply, &told, &notes, &now) };
    let memory = after(&prepared, &changes, state.as_ref());
    let commit = TurnCommit {
        interventions: intervention_rows(&stored, &notes),
        citations: told.citations.iter().map(|fact| fact.0.clone()).collect(),
        ledger: reply.ledger.clone(),
        turn: stored.clone(),
        target,
        state,
    };
    match player.committer.commit(commit).await {
        Ok(()) => {}
        Err(CommitError::HeadMoved) => return Err(prepare::conflict(player, &prepared.branch).await),
        Err(error) => return Err(error.into()),
    }
    player.tails.advance(&stored, memory, prepared.history, prepared.settings.history_needed());
    audit(player, request, &stored, &notes);
    Ok(TurnEvent::Finished { turn: Arc::new(stored), branch: Some(branch), replayed: false })
}

/// What a reader remembers once the turn is stored.
fn after(prepared: &Prepared, changes: &[StateChange], state: Option<&NewState>) -> Arc<Loaded> {
    match state {
        None => Arc::clone(&prepared.memory),
        Some(state) => Arc::new(Loaded {
            id: Some(state.id.clone()),
            distance: state.distance,
            world: prepared.memory.world.with(changes),
        }),
    }
}

/// Where the branch goes: on, or a new one opens behind an earlier turn.
async fn target(
    player: &Player,
    prepared: &Prepared,
    now: &str,
) -> Result<(HeadMove, Option<RetconNote>), PlayError> {
    let branch = &prepared.branch;
    let number = i64::try_from(prepared.number).unwrap_or(i64::MAX);
    let told_again = prepared.again.as_ref().map(|again| &again.turn);
    let at_head = match told_again {
        Some(turn) => branch.head.as_ref() == Some(turn),
        None => prepared.retcon.is_none(),
    };
    if at_head {
        let moves = HeadMove::Advance {
            branch: branch.id.clone(),
            name: branch.name.clone(),
            expected: branch.head.clone(),
        };
        return Ok((moves, None));
    }
    let prefix = if told_again.is_some() { "alt" } else { "retcon" };
    let name = branches::free_name(&player.database, &prepared.session.id, prefix).await?;
    let opened = prepare::new_branch(&prepared.session, name.clone(), &prepared.turn_id, number, now);
    let retcon = if told_again.is_none() { retcon_note(player, prepared, name).await? } else { None };
    Ok((HeadMove::Open(opened), retcon))
}

async fn retcon_note(
    player: &Player,
    prepared: &Prepared,
    branch: String,
) -> Result<Option<RetconNote>, PlayError> {
    let (Some(plan), Some(at)) = (&prepared.retcon, &prepared.parent) else { return Ok(None) };
    let later = tree::path_after(player, &prepared.branch, plan, at).await?;
    let affected = turn::cited_by(
        plan,
        later.iter().map(|turn| LaterTurn {
            id: &turn.id,
            number: turn.number,
            input: &turn.input,
            reply: &turn.reply,
            citations: &turn.citations,
        }),
    );
    Ok(Some(RetconNote {
        plan: plan.clone(),
        at_turn: at.0.clone(),
        branch,
        from_branch: prepared.branch.name.clone(),
        affected,
    }))
}

fn notes(prepared: &Prepared, reply: &Reply, told: &Finished, retcon: Option<RetconNote>) -> TurnNotes {
    let interventions = prepared.begun.decisions.iter().map(|(intervention, decision)| {
        let (outcome, needed) = match decision {
            Decision::Allowed => ("applied", None),
            Decision::Denied { needed, .. } => ("denied", Some(needed.to_string())),
        };
        InterventionNote {
            kind: intervention.kind.to_string(),
            content: intervention.content.clone(),
            outcome: outcome.to_owned(),
            needed,
        }
    });
    TurnNotes {
        interventions: interventions.collect(),
        answers: told.answers.clone(),
        retcon,
        retcon_plan: prepared.retcon.clone(),
        provider_errors: reply.degraded.as_ref().map(|it| it.provider_errors.clone()).unwrap_or_default(),
        cut_short: reply.finish == llm::Finish::Length,
        cached: reply.cached,
        regenerates: prepared.again.as_ref().map(|again| again.turn.0.clone()),
        settings: Some(prepared.settings.clone()),
        counted_for: prepared.counted_for.clone(),
    }
}

fn row(
    prepared: &Prepared,
    request: &PlayRequest,
    reply: &Reply,
    told: &Finished,
    notes: &TurnNotes,
    now: &str,
) -> Turn {
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Turn {
        id: prepared.turn_id.clone(),
        session_id: prepared.session.id.clone(),
        parent_id: prepared.parent.clone(),
        number: i64::try_from(prepared.number).unwrap_or(i64::MAX),
        turn_key: request.key.clone(),
        kind: match prepared.begun.kind {
            TurnKind::Story => "story",
            TurnKind::OnlyInterventions => "interventions",
        }
        .to_owned(),
        role: prepared.role.to_string(),
        input: prepared.raw.clone(),
        story: prepared.begun.parsed.story.clone(),
        reply: told.reply.clone(),
        notes: notes.to_json(),
        degraded_code: reply.degraded.as_ref().map(|it| it.code.to_owned()),
        provider: reply.provider.clone(),
        model: reply.model.clone(),
        canon_hash: prepared.canon.hash.clone(),
        state_id: None,
        outline: StoredOutline::of(&prepared.begun.prompt).to_json(),
        input_tokens: tokens(reply.usage.input_tokens),
        output_tokens: tokens(reply.usage.output_tokens),
        usage_exact: reply.usage.exact,
        cost_microusd: reply.cost_microusd,
        latency_ms: tokens(reply.latency_ms),
        created_at: now.to_owned(),
    }
}

fn intervention_rows(turn: &Turn, notes: &TurnNotes) -> Vec<InterventionRow> {
    let row = |note: &InterventionNote| InterventionRow {
        id: TurnId::generate().0,
        turn_id: turn.id.clone(),
        kind: note.kind.clone(),
        content: note.content.clone(),
        outcome: note.outcome.clone(),
        detail: note.needed.as_ref().map(|needed| format!("needs {needed}")).unwrap_or_default(),
        created_at: turn.created_at.clone(),
    };
    notes.interventions.iter().map(row).collect()
}

/// Interventions change the story's rules of play, so each is a line somebody can answer for. The words stay out of it:
/// they are the player's, and are kept with the turn.
fn audit(player: &Player, request: &PlayRequest, turn: &Turn, notes: &TurnNotes) {
    for note in &notes.interventions {
        let outcome = if note.outcome == "denied" { Outcome::Denied } else { Outcome::Ok };
        player.audit.record(&AuditEvent {
            actor: request.caller.name.clone(),
            action: format!("intervention.{}", note.kind.to_lowercase()),
            subject: format!("session {} turn {}", turn.session_id, turn.id),
            outcome,
            detail: note.needed.as_ref().map(|needed| format!("needs the role {needed}")).unwrap_or_default(),
            request_id: Some(request.request_id.clone()),
        });
    }
}
