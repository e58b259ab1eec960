//! One turn from the request to the acknowledgement.

use std::sync::Arc;

use futures::StreamExt;
use llm::{Degraded, Endpoint, Message, Owner, Reply, Request, StreamEvent};
use loom_core::{
    memory::StateChange,
    narrator::{self, NarratorInput},
    prompt::{Directions, MessageRole},
    session::PastTurn,
    turn::StoryFilter,
};

use super::{
    Action, Flight, PlayError, PlayRequest, Player, TurnEvent, finish,
    locks::Place,
    prepare::{self, Prepared},
};
use crate::{
    settings::EndpointSettings,
    store::{
        sessions::Session,
        states::Loaded,
        turns::{self, Turn},
    },
};

/// Plays the turn; every early return has written nothing.
pub(super) async fn run(
    player: &Player,
    request: &PlayRequest,
    flight: &Flight,
) -> Result<TurnEvent, PlayError> {
    let started = std::time::Instant::now();
    let outcome = play(player, request, flight).await;
    let label = match &outcome {
        Ok(TurnEvent::Finished { turn, .. }) if turn.degraded_code.is_some() => "degraded",
        Ok(_) => "ok",
        Err(_) => "failed",
    };
    player.durations.record(started.elapsed());
    metrics::counter!(crate::metric_names::TURNS_TOTAL, "outcome" => label).increment(1);
    metrics::histogram!(crate::metric_names::TURN_DURATION_SECONDS).record(started.elapsed().as_secs_f64());
    outcome
}

async fn play(player: &Player, request: &PlayRequest, flight: &Flight) -> Result<TurnEvent, PlayError> {
    let _slot = player.slots.acquire().await.map_err(|_| PlayError::Stopping)?;
    let session = prepare::session(player, request).await?;
    if let Some(stored) = stored(player, request, &session).await? {
        return Ok(stored);
    }
    let place = Place::of(&session.id, prepare::branch_name(request, &session));
    let _guard = player.locks.acquire(&place).await.map_err(|waiting| PlayError::BranchBusy { waiting })?;
    // Read only now: whoever waited sees the branch as the turn before left it.
    let branch = prepare::branch(player, request, &session).await?;
    prepare::check_head(request, &branch)?;
    let prepared = prepare::prepare(player, request, session, branch).await?;
    let reply = tell(player, request, &prepared, flight).await?;
    finish::finish(player, request, prepared, reply).await
}

/// The turn that the key made before, if it did.
async fn stored(
    player: &Player,
    request: &PlayRequest,
    session: &Session,
) -> Result<Option<TurnEvent>, PlayError> {
    let Some(turn) = turns::find_by_key(&player.database, &session.id, &request.key).await? else {
        return Ok(None);
    };
    if !same_request(request, &turn) {
        return Err(PlayError::KeyReused);
    }
    Ok(Some(TurnEvent::Finished { turn: Arc::new(turn), branch: None, replayed: true }))
}

fn same_request(request: &PlayRequest, turn: &Turn) -> bool {
    let regenerates = super::TurnNotes::from_json(&turn.notes).regenerates;
    match &request.action {
        Action::Say(text) => regenerates.is_none() && *text == turn.input,
        Action::Regenerate(id) => regenerates.as_deref() == Some(id.as_str()),
    }
}

/// Has the turn told, passing the story on as it comes.
async fn tell(
    player: &Player,
    request: &PlayRequest,
    prepared: &Prepared,
    flight: &Flight,
) -> Result<Reply, PlayError> {
    let mut stream = std::pin::pin!(player.gateway.stream(model_request(player, request, prepared)?));
    let mut filter = StoryFilter::default();
    while let Some(event) = stream.next().await {
        match event? {
            StreamEvent::Started { provider, model } => flight.push(TurnEvent::Started { provider, model }),
            StreamEvent::Delta(piece) => {
                let shown = filter.push(&piece);
                if !shown.is_empty() {
                    flight.push(TurnEvent::Delta(shown));
                }
            }
            StreamEvent::Discarded { reason } => {
                filter = StoryFilter::default();
                flight.push(TurnEvent::Discarded(reason));
            }
            StreamEvent::Finished(reply) => {
                let (rest, _) = filter.finish();
                if !rest.is_empty() {
                    flight.push(TurnEvent::Delta(rest));
                }
                return Ok(*reply);
            }
        }
    }
    Err(PlayError::Stopping)
}

fn model_request(player: &Player, request: &PlayRequest, prepared: &Prepared) -> Result<Request, PlayError> {
    let settings = &prepared.session.settings;
    let messages = prepared.begun.prompt.messages.iter().map(|message| match message.role {
        MessageRole::System => Message::system(message.text.clone()),
        MessageRole::User => Message::user(message.text.clone()),
        MessageRole::Assistant => Message::assistant(message.text.clone()),
    });
    Ok(Request {
        provider: settings.provider.clone(),
        model: settings.model.clone(),
        temperature: settings.temperature,
        max_output_tokens: Some(settings.reply_tokens.unwrap_or(player.config.reply_tokens)),
        // Telling again must tell anew; a retry under the same key never gets here.
        cacheable: prepared.again.is_none(),
        owner: Owner {
            user_id: Some(prepared.session.user_id.0.clone()),
            session_id: Some(prepared.session.id.0.clone()),
            turn_id: Some(prepared.turn_id.0.clone()),
        },
        endpoint: settings.endpoint.as_ref().map(|endpoint| own_endpoint(endpoint, request)).transpose()?,
        offline: Some(offline(prepared)),
        ..Request::new("turn", messages.collect())
    })
}

fn own_endpoint(endpoint: &EndpointSettings, request: &PlayRequest) -> Result<Endpoint, PlayError> {
    let key = request.provider_key.clone().unwrap_or_default();
    endpoint.with_key(key).map_err(PlayError::Settings)
}

/// What the offline narrator needs, kept apart from the turn, because it may be asked long after.
struct OfflineTurn {
    canon: Arc<loom_core::canon::Canon>,
    memory: Arc<Loaded>,
    changes: Vec<StateChange>,
    history: Arc<Vec<PastTurn>>,
    number: u64,
    story: String,
    directions: Directions,
    seed: u64,
    language: loom_core::canon::Language,
}

/// The last resort: the canon's own grammar, the same for the same turn id, another for each telling.
fn offline(prepared: &Prepared) -> llm::OfflineText {
    let turn = OfflineTurn {
        canon: Arc::clone(&prepared.canon),
        memory: Arc::clone(&prepared.memory),
        changes: prepared.changes().to_vec(),
        history: Arc::clone(&prepared.history),
        number: prepared.number,
        story: prepared.begun.parsed.story.clone(),
        directions: prepared.begun.directions.clone(),
        seed: seed(prepared.turn_id.as_str()),
        language: prepared.settings.language,
    };
    Arc::new(move |_: &Degraded| {
        narrator::narrate(&NarratorInput {
            canon: &turn.canon,
            state: &turn.memory.world.with(&turn.changes),
            history: &turn.history,
            number: turn.number,
            story: &turn.story,
            directions: &turn.directions,
            seed: turn.seed,
            language: turn.language,
        })
    })
}

/// FNV-1a over the id: any even spread of ids over seeds will do.
fn seed(id: &str) -> u64 {
    id.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Player {
    /// The model whose tokenizer counts a session's prompts: its own, or the first provider's.
    pub(super) fn model_of(&self, session: &Session) -> String {
        let settings = &session.settings;
        if let Some(endpoint) = &settings.endpoint {
            return endpoint.model.clone();
        }
        if let Some(model) = &settings.model {
            return model.clone();
        }
        self.gateway.model_of(settings.provider.as_deref()).unwrap_or("offline").to_owned()
    }
}
