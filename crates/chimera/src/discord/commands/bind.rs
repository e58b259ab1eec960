//! `/bind`: the form and what comes back from it. Riot is asked by a worker.

use std::time::Duration;

use serde_json::{Value, json};
use ui::Language;

use crate::{
    app::App,
    discord::{
        cards::{self, Trouble},
        commands::outbox,
        cut::cut,
        handle::{Asked, Callback, Response},
        limits,
        requests::{BIND_JOB, BindRequest, parse_riot_id, parse_roles},
        texts,
    },
    riot::routing,
    store,
};

/// The form's id.
pub(crate) const FORM_ID: &str = "chimera:bind";
/// A form can only be the first answer, so the look at the accounts is bounded; without it the form opens.
const LOOK_BOUND: Duration = Duration::from_millis(400);
/// Discord's own limit on a nickname.
const NICKNAME: usize = 32;

pub(crate) async fn start(app: &App, asked: &Asked) -> Response {
    let look = tokio::time::timeout(LOOK_BOUND, store::accounts::primary(&app.database, &asked.user_id));
    let (language, primary) = tokio::join!(asked.language(app), look);
    let primary = primary.ok().and_then(Result::ok).flatten();
    match primary.filter(|_| !asked.interaction.option_flag("force_rebind")) {
        Some(account) => Response::show(cards::already_bound(&account, language)),
        None => form(language),
    }
}

/// The form, empty.
pub(crate) fn form(language: Language) -> Response {
    let text = |id: &str| texts::text(language, id);
    let fields = json!([
        field("riot_id", "bind-riot-id", true, (3, 32), language),
        field("region", "bind-region", true, (2, 10), language),
        field("main_role", "bind-roles", false, (0, 60), language),
        field("nickname", "bind-nickname", false, (0, NICKNAME), language),
    ]);
    let title = cut(&text("bind-modal"), limits::MODAL_LABEL).into_owned();
    Callback::Form(json!({ "custom_id": FORM_ID, "title": title, "components": fields })).into()
}

pub(crate) async fn submitted(app: &App, asked: &Asked) -> Response {
    let request = match read(asked) {
        Ok(request) => request,
        Err(trouble) => return asked.refuse(app, &trouble).await,
    };
    outbox::defer(app, &request.reply, BIND_JOB, &request).await
}

fn read(asked: &Asked) -> Result<BindRequest, Trouble> {
    let typed = |id: &str| asked.interaction.inputs(id).first().copied().unwrap_or_default().trim();
    let (game_name, tag_line) = parse_riot_id(typed("riot_id")).ok_or(Trouble::BadRiotId)?;
    let platform = routing::alias_to_platform(typed("region")).ok_or(Trouble::BadRegion)?;
    let main_roles = parse_roles(asked.interaction.inputs("main_role")).ok_or(Trouble::BadRole)?;
    let nickname: String = typed("nickname").chars().filter(|c| !c.is_control()).take(NICKNAME).collect();
    Ok(BindRequest {
        reply: asked.reply(false),
        game_name,
        tag_line,
        platform: platform.as_str().to_owned(),
        main_roles,
        nickname: Some(nickname).filter(|nickname| !nickname.is_empty()),
    })
}

fn field(
    custom_id: &str,
    text: &str,
    is_required: bool,
    (min, max): (usize, usize),
    language: Language,
) -> Value {
    let label = texts::text(language, text);
    let hint = texts::text(language, &format!("{text}.hint"));
    json!({ "type": 1, "components": [{
        "type": 4, "custom_id": custom_id, "style": 1, "required": is_required, "min_length": min, "max_length": max,
        "label": cut(&label, limits::MODAL_LABEL), "placeholder": cut(&hint, limits::OPTION_TEXT),
    }] })
}
