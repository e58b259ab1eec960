//! The play page: a story told turn by turn, and the forms that work without a script.

use axum::{Extension, Form, extract::State, response::Redirect};
use chassis::{
    http::{Path, Query, RequestId},
    problem::Problem,
};
use loom_core::{
    canon::Canon,
    intervention::{Decision, InterventionKind, decide},
};
use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{self, Icon, icon},
};

use super::{
    ASSETS, Place,
    prose::paragraphs,
    shell, text, text_with, tree as tree_page,
    turn::{Frame, article, encode},
};
use crate::{
    app::App,
    auth::Caller,
    ids::{SessionId, TurnId},
    play::{Action, ExpectedHead, PlayRequest, tree},
    routes::{
        branches::{self, TreeQuery},
        problems, sessions as owning,
        turns::{HistoryQuery, read_page},
        views::{PageView, TurnView, usd},
    },
    store::{branches::Branch, sessions::Session, turns as rows},
};

/// Turns on one page of the story.
const TURNS: usize = 30;

/// What to read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlayQuery {
    branch: Option<String>,
    cursor: Option<String>,
}

/// `GET /sessions/{id}`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(id): Path<SessionId>,
    Query(query): Query<PlayQuery>,
) -> Result<Markup, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let name = query.branch.clone().unwrap_or_else(|| session.active_branch.clone());
    let branch = branches::named(&app, &session, &name).await?;
    let history = HistoryQuery { branch: Some(name), cursor: query.cursor.clone(), limit: Some(TURNS) };
    let page = read_page(&app, &session, &history).await?;
    let canon = app.canons.for_play(&session.canon).await.map_err(|error| problems::canon(&error))?;
    let drawn = branches::read_tree(&app, &session, &TreeQuery::default()).await?;
    let older = query.cursor.is_some();
    let view = View { viewer: &viewer, caller: &caller, session: &session, branch: &branch, canon: &canon };
    let drawer = components::drawer(
        viewer.language,
        "branches",
        &text(viewer.language, "branches"),
        &tree_page::drawing(&viewer, &session, &branch, &drawn),
    );
    let body = html! {
        (view.head())
        (view.story(&page))
        @if older { p { a.btn href=(view.address()) { (text(viewer.language, "read-end")) } } }
        @else { (view.composer()) }
    };
    Ok(PageShell {
        main_class: "play",
        after: Some(drawer),
        scripts: ["sse.js", "play.js", "composer.js"].map(|name| ASSETS.url(name)).to_vec(),
        ..shell(&viewer, &caller, Place::Sessions, session.name.clone(), body)
    }
    .render())
}

struct View<'a> {
    viewer: &'a Viewer,
    caller: &'a Caller,
    session: &'a Session,
    branch: &'a Branch,
    canon: &'a Canon,
}

impl View<'_> {
    fn language(&self) -> Language {
        self.viewer.language
    }

    fn address(&self) -> String {
        format!("/sessions/{}?branch={}", self.session.id, encode(&self.branch.name))
    }

    fn head(&self) -> Markup {
        let language = self.language();
        let place = [
            ("branch", Arg::Text(self.branch.name.as_str().into())),
            ("number", Arg::Number(self.branch.head_number as f64)),
        ];
        let link = |rest: &str, mark: Icon, id: &str| {
            html! { a href=(format!("/sessions/{}{rest}", self.session.id)) { (icon(mark)) (text(language, id)) } }
        };
        html! {
            header.play-head {
                div {
                    h1 { (self.session.name) }
                    p.where { (text_with(language, "play-where", &place)) }
                }
                div.actions {
                    (components::open_button(
                        "branches",
                        &format!("/sessions/{}/tree", self.session.id),
                        "btn-quiet",
                        &html! { (icon(Icon::Branch)) (text(language, "branches")) },
                    ))
                    details.menu {
                        summary.btn-icon title=(text(language, "more")) {
                            (icon(Icon::Menu)) span.visually-hidden { (text(language, "more")) }
                        }
                        div.menu-items {
                            (link("/memory", Icon::Book, "memory"))
                            (link("/settings", Icon::Pencil, "session-settings"))
                        }
                    }
                }
            }
        }
    }

    fn story(&self, page: &PageView<TurnView>) -> Markup {
        let id = self.session.id.as_str();
        let frame = Frame {
            language: self.language(),
            session: id,
            branch: &self.branch.name,
            head: self.branch.head.as_ref(),
        };
        let older =
            page.next_cursor.as_ref().map(|cursor| format!("{}&cursor={}", self.address(), encode(cursor)));
        html! {
            div.story lang=(self.canon.language.tag()) data-follow="end" {
                @match older {
                    Some(older) => p.load-older {
                        a.btn-quiet href=(older) { (text(self.language(), "read-older")) }
                    },
                    None => (self.opening()),
                }
                @for turn in page.items.iter().rev() { (article(&frame, turn)) }
            }
            div.visually-hidden role="status" aria-live="polite" data-story-status {}
        }
    }

    /// The canon's own beginning, before the first turn.
    fn opening(&self) -> Markup {
        html! {
            @if let Some(opening) = self.canon.opening() {
                article.turn.opening id="opening" { div.turn-text { (paragraphs(&opening.text)) } }
            }
        }
    }

    fn composer(&self) -> Markup {
        let language = self.language();
        if self.session.archived {
            return components::notice(
                components::State::Info,
                &text(language, "archived-title"),
                &html! {
                    form method="post" action=(format!("/sessions/{}/archive", self.session.id)) {
                        button.btn type="submit" { (text(language, "unarchive")) }
                    }
                },
            );
        }
        let cost = [("cost", Arg::Text(format!("{:.4}", usd(self.session.cost_microusd)).into()))];
        html! {
            div.to-end { button.btn type="button" data-to-end hidden { (text(language, "to-end")) } }
            div data-play-problem {}
            form.composer method="post" action=(format!("/sessions/{}/turns", self.session.id)) data-composer
                data-session=(self.session.id) data-api=(format!("/api/v1/sessions/{}", self.session.id)) {
                input type="hidden" name="key" value=(uuid::Uuid::new_v4());
                input type="hidden" name="branch" value=(self.branch.name);
                input type="hidden" name="expected_head"
                    value=(self.branch.head.as_ref().map(TurnId::as_str).unwrap_or_default());
                div.composer-box {
                    (self.palette())
                    button.btn-icon type="button" title=(text(language, "interventions")) data-palette-button {
                        (icon(Icon::Slash)) span.visually-hidden { (text(language, "interventions")) }
                    }
                    textarea name="input" rows="1" required aria-label=(text(language, "composer-label"))
                        placeholder=(text(language, "composer-label")) data-autogrow aria-controls="palette" {}
                    button.btn.btn-primary type="submit" {
                        (icon(Icon::Send)) span.word { (text(language, "send")) }
                    }
                }
                p.composer-hint {
                    span.keys {
                        kbd { "/" } " " (text(language, "interventions")) "　" kbd { "Ctrl" } " " kbd { "Enter" } " "
                        (text(language, "send")) "　" kbd { "↑" } " " (text(language, "recall"))
                    }
                    span data-session-cost { (text_with(language, "session-cost", &cost)) }
                }
            }
            (self.phrases())
        }
    }

    /// What the scripts say, in the viewer's language: they hold no words of their own.
    fn phrases(&self) -> Markup {
        const IDS: [&str; 10] = [
            "script-telling",
            "script-told",
            "script-discarded",
            "script-dropped",
            "script-retry",
            "script-moved",
            "script-read-newer",
            "script-request",
            "script-kept",
            "turn-branch-here",
        ];
        html! {
            template data-phrases { @for id in IDS { span data-id=(id) { (text(self.language(), id)) } } }
        }
    }

    fn palette(&self) -> Markup {
        let language = self.language();
        html! {
            ul.palette id="palette" role="listbox" aria-label=(text(language, "interventions")) hidden {
                @for (kind, template) in templates(language) {
                    @let id = kind.to_string().to_lowercase();
                    @let decision = decide(kind, &self.canon.permissions, self.caller.role);
                    li role="option" data-template=(template)
                        aria-disabled=[matches!(decision, Decision::Denied { .. }).then_some("true")] {
                        code { (template) }
                        span { (text(language, &format!("intervention-{id}"))) }
                        @match decision {
                            Decision::Allowed => small { (text(language, &format!("intervention-{id}-help"))) },
                            Decision::Denied { needed, .. } => small {
                                (text_with(language, "intervention-needs",
                                    &[("role", Arg::Text(text(language, &format!("role-{needed}")).into()))]))
                            },
                        }
                    }
                }
            }
        }
    }
}

/// The six, in the order of the palette, with the brackets a person of that language would type.
fn templates(language: Language) -> [(InterventionKind, &'static str); 6] {
    use InterventionKind as K;
    match language {
        Language::ZhCn => [
            (K::Edit, "[EDIT: 事物: 事实]"),
            (K::Tone, "[TONE: ]"),
            (K::Intent, "[INTENT: ]"),
            (K::Query, "[QUERY: ]"),
            (K::Retcon, "[RETCON: 事物: 改成]"),
            (K::Ooc, "(OOC: )"),
        ],
        Language::En => [
            (K::Edit, "[EDIT: thing: fact]"),
            (K::Tone, "[TONE: ]"),
            (K::Intent, "[INTENT: ]"),
            (K::Query, "[QUERY: ]"),
            (K::Retcon, "[RETCON: thing: change]"),
            (K::Ooc, "(OOC: )"),
        ],
    }
}

/// The composer's form.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    input: String,
    key: String,
    branch: Option<String>,
    /// Empty before the first turn.
    expected_head: Option<String>,
}

/// `POST /sessions/{id}/turns` from the form: plays and leads back to the turn.
pub(super) async fn say(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<SessionId>,
    Form(line): Form<Line>,
) -> Result<Redirect, Problem> {
    let head = line.expected_head.map(|head| Some(head).filter(|head| !head.is_empty()).map(TurnId));
    let request = PlayRequest {
        caller,
        session: id,
        branch: line.branch.filter(|branch| !branch.is_empty()),
        key: line.key,
        // Forms send line ends as CR LF.
        action: Action::Say(line.input.replace("\r\n", "\n")),
        expected_head: head.map_or(ExpectedHead::Any, ExpectedHead::Is),
        provider_key: None,
        request_id: request_id.0,
    };
    played(&app, request).await
}

/// The form behind "tell it again".
#[derive(Debug, Deserialize)]
pub(super) struct AgainForm {
    key: String,
    branch: Option<String>,
}

/// `POST /sessions/{id}/turns/{turn}/regenerate` from the form.
pub(super) async fn regenerate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path((id, turn)): Path<(SessionId, TurnId)>,
    Form(form): Form<AgainForm>,
) -> Result<Redirect, Problem> {
    let request = PlayRequest {
        caller,
        session: id,
        branch: form.branch.filter(|branch| !branch.is_empty()),
        key: form.key,
        action: Action::Regenerate(turn),
        expected_head: ExpectedHead::Any,
        provider_key: None,
        request_id: request_id.0,
    };
    played(&app, request).await
}

async fn played(app: &App, request: PlayRequest) -> Result<Redirect, Problem> {
    app.limits.check_turn(&request.caller)?;
    let (session, asked) = (request.session.clone(), request.branch.clone());
    let (turn, branch, _) =
        app.player.play(request).outcome().await.map_err(|error| problems::play(&error))?;
    // A turn that was sent twice is answered from the table, which knows no branch.
    let query = branch.or(asked).map(|branch| format!("?branch={}", encode(&branch))).unwrap_or_default();
    Ok(Redirect::to(&format!("/sessions/{session}{query}#turn-{}", turn.number)))
}

/// `GET /sessions/{id}/turns/{turn}/fragment`: the article alone, by which the script replaces what it streamed.
pub(super) async fn fragment(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path((id, turn)): Path<(SessionId, TurnId)>,
    Query(query): Query<PlayQuery>,
) -> Result<Markup, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let name = query.branch.unwrap_or_else(|| session.active_branch.clone());
    let branch = branches::named(&app, &session, &name).await?;
    let turn = tree::turn(&app.player, &session.id, &turn).await.map_err(|error| problems::play(&error))?;
    let siblings = rows::siblings(&app.database, &turn).await.map_err(|error| problems::storage(&error))?;
    let frame = Frame {
        language: viewer.language,
        session: id.as_str(),
        branch: &branch.name,
        head: branch.head.as_ref(),
    };
    Ok(article(&frame, &TurnView { siblings, ..TurnView::from(turn) }))
}

/// Where a head goes, from a form.
#[derive(Debug, Deserialize)]
pub(super) struct HeadForm {
    head: String,
    branch: Option<String>,
    expected_head: Option<String>,
    /// Open a branch there instead.
    open: Option<String>,
}

/// `POST /sessions/{id}/head`: back to a turn, or to a sibling.
pub(super) async fn move_head(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Form(form): Form<HeadForm>,
) -> Result<Redirect, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let head = TurnId(form.head);
    let moved = if form.open.is_some() {
        open_at(&app, &session, &head).await?
    } else {
        let name = form.branch.unwrap_or_else(|| session.active_branch.clone());
        let expected = form.expected_head.map(|head| Some(TurnId(head)));
        tree::move_head(&app.player, &session, &name, Some(&head), expected.as_ref())
            .await
            .map_err(|error| problems::play(&error))?
    };
    Ok(at_branch(&session, &moved))
}

async fn open_at(app: &App, session: &Session, head: &TurnId) -> Result<Branch, Problem> {
    let name = crate::store::branches::free_name(&app.database, &session.id, "branch")
        .await
        .map_err(|error| problems::storage(&error))?;
    tree::open_branch(&app.player, session, &name, Some(head)).await.map_err(|error| problems::play(&error))
}

fn at_branch(session: &Session, branch: &Branch) -> Redirect {
    let address =
        format!("/sessions/{}?branch={}#turn-{}", session.id, encode(&branch.name), branch.head_number);
    Redirect::to(&address)
}

/// Where a branch opens, from a form.
#[derive(Debug, Deserialize)]
pub(super) struct BranchForm {
    at: String,
}

/// `POST /sessions/{id}/branches` from the form.
pub(super) async fn open_branch(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Form(form): Form<BranchForm>,
) -> Result<Redirect, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let branch = open_at(&app, &session, &TurnId(form.at)).await?;
    Ok(at_branch(&session, &branch))
}
