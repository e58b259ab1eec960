//! Everything a turn needs before the model is asked: session, branch, parent, memory, history, world, prompt.

use std::sync::Arc;

use loom_core::{
    access::Role,
    canon::Canon,
    intervention::{self, ParsedInput},
    memory::StateChange,
    session::{PastTurn, TurnSettings},
    tokens::TokenCounter,
    turn::{self, Begun, RetconAt, RetconPlan, RetconResolved, TurnInput},
};

use super::{Action, ExpectedHead, PlayError, PlayRequest, Player, TurnNotes, tails::Tail, tree};
use crate::{
    ids::{BranchId, SessionId, TurnId},
    store::{
        branches::{self, Branch},
        sessions::{self, Session},
        states::{self, Loaded},
        turns::{self, Turn},
    },
};

/// What is told again, when a turn is a regeneration.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// The turn whose sibling this will be.
    pub(super) turn: TurnId,
    /// The retcon it was, which is done again the same way.
    pub(super) retcon: Option<RetconPlan>,
}

/// A turn that is ready to be told.
pub(super) struct Prepared {
    pub(super) session: Session,
    pub(super) branch: Branch,
    pub(super) turn_id: TurnId,
    pub(super) parent: Option<TurnId>,
    pub(super) number: u64,
    pub(super) raw: String,
    pub(super) role: Role,
    pub(super) canon: Arc<Canon>,
    pub(super) memory: Arc<Loaded>,
    pub(super) history: Arc<Vec<PastTurn>>,
    pub(super) settings: TurnSettings,
    pub(super) counted_for: String,
    pub(super) counter: Arc<dyn TokenCounter>,
    pub(super) retcon: Option<RetconPlan>,
    pub(super) again: Option<Again>,
    pub(super) begun: Begun,
}

impl Prepared {
    /// The pure core's view of the turn.
    pub(super) fn input(&self) -> TurnInput<'_> {
        TurnInput {
            canon: &self.canon,
            state: &self.memory.world,
            history: &self.history,
            turn_id: self.turn_id.as_str(),
            number: self.number,
            raw: &self.raw,
            role: self.role,
            settings: &self.settings,
            counter: self.counter.as_ref(),
            retcon: self.retcon.as_ref(),
        }
    }

    /// What changes with this turn before the reply is known.
    pub(super) fn changes(&self) -> &[StateChange] {
        &self.begun.changes
    }
}

/// The session, if the caller may play in it.
pub(super) async fn session(player: &Player, request: &PlayRequest) -> Result<Session, PlayError> {
    let session = sessions::find(&player.database, &request.session).await?.ok_or(PlayError::NoSession)?;
    if !request.caller.may_see(&session.user_id) {
        return Err(PlayError::NoSession);
    }
    Ok(session)
}

/// The branch asked for.
pub(super) async fn branch(
    player: &Player,
    request: &PlayRequest,
    session: &Session,
) -> Result<Branch, PlayError> {
    let name = branch_name(request, session);
    branches::find(&player.database, &session.id, name)
        .await?
        .ok_or_else(|| PlayError::NoBranch(name.chars().take(80).collect()))
}

/// Which branch a request plays on.
pub(super) fn branch_name<'a>(request: &'a PlayRequest, session: &'a Session) -> &'a str {
    request.branch.as_deref().unwrap_or(&session.active_branch)
}

/// Refuses a turn that was written for another head than the one there is.
pub(super) fn check_head(request: &PlayRequest, branch: &Branch) -> Result<(), PlayError> {
    match &request.expected_head {
        ExpectedHead::Is(expected) if *expected != branch.head => Err(PlayError::Conflict {
            branch: branch.name.clone(),
            head: branch.head.clone(),
            number: branch.head_number,
        }),
        _ => Ok(()),
    }
}

/// Loads all that the turn needs and puts its prompt together. The branch must be held by the caller.
pub(super) async fn prepare(
    player: &Player,
    request: &PlayRequest,
    session: Session,
    branch: Branch,
) -> Result<Prepared, PlayError> {
    if session.archived {
        return Err(PlayError::Archived);
    }
    let canon = player.canons.for_play(&session.canon).await?;
    let (raw, parent, again) = source(player, request, &session, &branch).await?;
    let parsed = check_input(player, &raw)?;
    let settings = turn_settings(player, &session, &canon);
    let counted_for = player.model_of(&session);
    let mut prepared = Prepared {
        counter: player.tokenizers.for_model(&counted_for),
        counted_for,
        turn_id: TurnId::generate(),
        role: request.caller.role,
        number: 1,
        memory: Arc::default(),
        history: Arc::default(),
        retcon: again.as_ref().and_then(|again| again.retcon.clone()),
        begun: empty_begun(parsed),
        parent: None,
        session,
        branch,
        raw,
        canon,
        settings,
        again,
    };
    place(player, &mut prepared, parent).await?;
    prepared.begun = turn::begin(&prepared.input())?;
    if prepared.retcon.is_none() {
        follow_retcon(player, &mut prepared).await?;
    }
    Ok(prepared)
}

/// The player's line and where it hangs.
async fn source(
    player: &Player,
    request: &PlayRequest,
    session: &Session,
    branch: &Branch,
) -> Result<(String, Option<TurnId>, Option<Again>), PlayError> {
    match &request.action {
        Action::Say(text) => Ok((text.clone(), branch.head.clone(), None)),
        Action::Regenerate(id) => {
            let turn = tree::turn(player, &session.id, id).await?;
            let retcon = TurnNotes::from_json(&turn.notes).retcon_plan;
            Ok((turn.input, turn.parent_id, Some(Again { turn: id.clone(), retcon })))
        }
    }
}

/// Refuses what cannot be played, before anything is spent on it.
fn check_input(player: &Player, raw: &str) -> Result<ParsedInput, PlayError> {
    let limit = player.config.input_max_bytes;
    if raw.len() > limit {
        return Err(PlayError::InputTooLarge { bytes: raw.len(), limit });
    }
    if raw.trim().is_empty() {
        return Err(PlayError::EmptyInput);
    }
    let parsed = intervention::parse(raw);
    if parsed.problems.is_empty() { Ok(parsed) } else { Err(PlayError::BadIntervention(parsed.problems)) }
}

pub(super) fn turn_settings(player: &Player, session: &Session, canon: &Canon) -> TurnSettings {
    let own = &session.settings;
    TurnSettings {
        context_tokens: own.context_tokens.map_or(player.config.context_tokens, |tokens| tokens as usize),
        reply_tokens: own.reply_tokens.unwrap_or(player.config.reply_tokens) as usize,
        history_turns_max: player.config.history_turns,
        window_step: player.config.window_step,
        language: canon.language,
    }
}

/// Puts the turn behind `parent`: its number, its memory, its history.
async fn place(player: &Player, prepared: &mut Prepared, parent: Option<TurnId>) -> Result<(), PlayError> {
    let session = &prepared.session.id;
    let limit = prepared.settings.history_needed();
    if let Some(id) = &parent {
        let tail = match player.tails.get(id, limit) {
            Some(tail) => tail,
            None => read_tail(player, session, id, limit).await?,
        };
        prepared.number = tail.number + 1;
        prepared.memory = tail.memory;
        prepared.history = tail.history;
    } else {
        prepared.number = 1;
        prepared.memory = Arc::default();
        prepared.history = Arc::default();
    }
    prepared.parent = parent;
    Ok(())
}

async fn read_tail(
    player: &Player,
    session: &SessionId,
    id: &TurnId,
    limit: usize,
) -> Result<Tail, PlayError> {
    let turn: Turn = tree::turn(player, session, id).await?;
    Ok(Tail {
        number: u64::try_from(turn.number).unwrap_or(0),
        memory: Arc::new(states::load(&player.database, turn.state_id.as_ref()).await?),
        history: Arc::new(turns::history(&player.database, session, id, limit).await?),
        limit,
    })
}

/// A RETCON is played behind the turn it changes: move there and begin again with the plan in force.
async fn follow_retcon(player: &Player, prepared: &mut Prepared) -> Result<(), PlayError> {
    let Some(request) = prepared.begun.retcon.clone() else { return Ok(()) };
    let plan = match request.resolved {
        RetconResolved::Planned(plan) => plan,
        RetconResolved::Problem(problem) => return Err(PlayError::Retcon(problem)),
    };
    let at = retcon_turn(player, prepared, &plan).await?;
    place(player, prepared, Some(at)).await?;
    prepared.retcon = Some(plan);
    prepared.begun = turn::begin(&prepared.input())?;
    Ok(())
}

async fn retcon_turn(player: &Player, prepared: &Prepared, plan: &RetconPlan) -> Result<TurnId, PlayError> {
    match &plan.at_turn {
        RetconAt::TurnId(id) => Ok(TurnId(id.clone())),
        RetconAt::Turn(number) => {
            let head = prepared.parent.as_ref().ok_or(PlayError::EmptyInput)?;
            let depth = i64::try_from(*number).unwrap_or(i64::MAX);
            turns::ancestor_at(&player.database, &prepared.session.id, head, depth)
                .await?
                .ok_or_else(|| PlayError::NoTurn(TurnId(format!("#{number}"))))
        }
    }
}

/// The branch as it is now, for a conflict's answer.
pub(super) async fn conflict(player: &Player, branch: &Branch) -> PlayError {
    let now = branches::find(&player.database, &branch.session_id, &branch.name).await.ok().flatten();
    let now: &Branch = now.as_ref().unwrap_or(branch);
    PlayError::Conflict { branch: now.name.clone(), head: now.head.clone(), number: now.head_number }
}

/// A branch row that ends in a turn.
pub(super) fn new_branch(session: &Session, name: String, head: &TurnId, number: i64, now: &str) -> Branch {
    Branch {
        id: BranchId::generate(),
        session_id: session.id.clone(),
        name,
        head: Some(head.clone()),
        head_number: number,
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
    }
}

fn empty_begun(parsed: ParsedInput) -> Begun {
    Begun {
        parsed,
        decisions: Vec::new(),
        prompt: loom_core::prompt::Prompt {
            parts: Vec::new(),
            dropped: Vec::new(),
            messages: Vec::new(),
            total_tokens: 0,
            budget: 0,
            tokenizer: String::new(),
        },
        changes: Vec::new(),
        retcon: None,
        queries: Vec::new(),
        directions: loom_core::prompt::Directions::default(),
        kind: turn::TurnKind::Story,
    }
}
