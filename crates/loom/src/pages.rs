//! The web pages: the same functions as the API, rendered on the server and made lively by small scripts.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension, Router,
    http::HeaderMap,
    response::IntoResponse,
    routing::{get, post},
};
use chassis::{http::PageRenderer, problem::Problem};
use maud::{Markup, html};
use ui::{Arg, Assets, Catalog, DefaultLanguage, Language, NavItem, PageShell, ProblemText, Viewer};

use crate::{app::App, auth::Caller};

mod canon;
mod checked;
mod docs;
mod explain;
mod login;
mod memory;
mod performance;
mod play;
mod problem;
mod prose;
mod sessions;
mod tree;
mod turn;
mod users;
mod versions;

/// The language of a page when the request names none.
const DEFAULT_LANGUAGE: Language = Language::ZhCn;

/// Message files, checked by a test.
const MESSAGES: [(Language, &str); 6] = [
    (Language::ZhCn, include_str!("../locales/play.zh-CN.ftl")),
    (Language::En, include_str!("../locales/play.en.ftl")),
    (Language::ZhCn, include_str!("../locales/more.zh-CN.ftl")),
    (Language::En, include_str!("../locales/more.en.ftl")),
    (Language::ZhCn, include_str!("../locales/problems.zh-CN.ftl")),
    (Language::En, include_str!("../locales/problems.en.ftl")),
];

/// The program's texts. A file that cannot be read leaves ids on the page; a test keeps that from happening.
static TEXTS: LazyLock<Catalog> = LazyLock::new(|| {
    Catalog::new(&MESSAGES).unwrap_or_else(|error| {
        tracing::error!(%error, "the message files cannot be read");
        Catalog::default()
    })
});

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    Assets::new()
        .with("sse.js", "text/javascript", include_bytes!("../assets/sse.js"))
        .with("play.js", "text/javascript", include_bytes!("../assets/play.js"))
        .with("composer.js", "text/javascript", include_bytes!("../assets/composer.js"))
        .with("canon.js", "text/javascript", include_bytes!("../assets/canon.js"))
        .with("performance.js", "text/javascript", include_bytes!("../assets/performance.js"))
        .with("loom.css", "text/css", include_bytes!("../assets/loom.css"))
});

/// A text in the viewer's language.
fn text(language: Language, id: &str) -> String {
    TEXTS.text(language, id)
}

/// A text with values.
fn text_with(language: Language, id: &str, arguments: &[(&str, Arg<'_>)]) -> String {
    TEXTS.text_with(language, id, arguments)
}

/// A whole number with its thousands apart: `12,040`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A hash as far as a person needs it to tell two versions apart.
fn short_hash(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Sessions,
    Canon,
    Performance,
    Users,
    Account,
    Elsewhere,
}

fn nav(language: Language, caller: Option<&Caller>, place: Place) -> Vec<NavItem> {
    let item = |href: &str, id: &str, here: Place| NavItem::new(href, text(language, id), place == here);
    let mut items = vec![
        item("/", "nav-sessions", Place::Sessions),
        item("/canon", "nav-canon", Place::Canon),
        item("/performance", "nav-performance", Place::Performance),
    ];
    if caller.is_some_and(|caller| caller.role == loom_core::access::Role::Operator) {
        items.push(item("/users", "nav-users", Place::Users));
    }
    if let Some(caller) = caller.filter(|caller| !caller.local) {
        items.push(item(&format!("/users/{}", caller.user_id), "nav-account", Place::Account));
    }
    items
}

/// A page in the shell, with the caller's name and the way out.
fn shell<'a>(
    viewer: &'a Viewer,
    caller: &Caller,
    place: Place,
    title: String,
    body: Markup,
) -> PageShell<'a> {
    let account = (!caller.local).then(|| {
        html! {
            form method="post" action="/logout" {
                span.soft { (caller.name) } " "
                button.btn-quiet type="submit" { (text(viewer.language, "log-out")) }
            }
        }
    });
    PageShell {
        nav: nav(viewer.language, Some(caller), place),
        styles: vec![ASSETS.url("loom.css")],
        account,
        ..PageShell::new("loom", title, viewer, body)
    }
}

/// The pages' routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(sessions::list))
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route("/sessions/new", get(sessions::new))
        .route("/sessions/{id}", get(play::show))
        .route("/sessions/{id}/settings", get(sessions::settings).post(sessions::change))
        .route("/sessions/{id}/archive", post(sessions::archive))
        .route("/sessions/{id}/delete", post(sessions::delete))
        .route("/sessions/{id}/turns", post(play::say))
        .route("/sessions/{id}/turns/{turn}/regenerate", post(play::regenerate))
        .route("/sessions/{id}/turns/{turn}/fragment", get(play::fragment))
        .route("/sessions/{id}/head", post(play::move_head))
        .route("/sessions/{id}/branches", post(play::open_branch))
        .route("/sessions/{id}/tree", get(tree::show))
        .route("/sessions/{id}/turns/{turn}/explain", get(explain::show))
        .route("/sessions/{id}/memory", get(memory::show))
        .route("/canon", get(canon::list))
        .route("/canon/{key}", get(canon::edit).post(canon::save))
        .route("/canon/{key}/check", post(checked::check))
        .route("/canon/{key}/history", get(versions::history))
        .route("/canon/{key}/diff", get(versions::diff))
        .route("/performance", get(performance::show))
        .route("/performance/figures", get(performance::figures))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/users", get(users::list).post(users::add))
        .route("/users/{id}", get(users::show).post(users::change))
        .route("/users/{id}/tokens", post(users::add_token))
        .route("/users/{id}/tokens/{token}/revoke", post(users::revoke_token))
        .route("/docs", get(docs::show))
        .route("/problems/{code}", get(problem::show))
        .layer(Extension(DefaultLanguage(DEFAULT_LANGUAGE)))
}

/// Style sheets and scripts.
pub fn assets() -> Assets {
    ASSETS.clone()
}

/// Renders a problem as a page in the reader's language.
pub fn problem_renderer() -> PageRenderer {
    Arc::new(|problem, request_id, headers| problem_page(problem, request_id, headers).into_response())
}

fn problem_page(problem: &Problem, request_id: &str, headers: &HeaderMap) -> Markup {
    let viewer = Viewer::from_headers(headers, DEFAULT_LANGUAGE);
    let (happened, next) = problem_texts(viewer.language, problem);
    let problem = ProblemText {
        status: problem.status.as_u16(),
        code: problem.code,
        happened: &happened,
        kept: None,
        next: &next,
        request_id,
    };
    ui::problem_page("loom", &viewer, nav(viewer.language, None, Place::Elsewhere), &problem)
}

/// What happened and what to do, in the reader's language; the API's own English where there is no message.
fn problem_texts(language: Language, problem: &Problem) -> (String, String) {
    let (happened, next) = (format!("problem-{}", problem.code), format!("problem-{}-next", problem.code));
    if language == Language::En {
        // English details name the values involved.
        return (problem.detail.clone(), problem.action.clone());
    }
    let detail_zh = problem.extra.get("detail_zh").and_then(|detail| detail.as_str().map(str::to_owned));
    let happened = detail_zh
        .or_else(|| TEXTS.has(language, &happened).then(|| text(language, &happened)))
        .unwrap_or_else(|| problem.detail.clone());
    let next = if TEXTS.has(language, &next) { text(language, &next) } else { problem.action.clone() };
    (happened, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn every_message_exists_in_both_languages_with_the_same_values() {
        let catalog = Catalog::new(&MESSAGES).unwrap();
        assert_eq!(catalog.missing(), Vec::<String>::new());
    }

    /// Codes are found in the sources, so that a new one cannot be forgotten.
    #[test]
    fn every_problem_code_has_a_message() {
        let sources = [
            include_str!("routes/problems.rs"),
            include_str!("routes/sessions.rs"),
            include_str!("routes/users.rs"),
            include_str!("guard.rs"),
        ];
        let mut seen = 0;
        for source in sources {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for piece in code.split("StatusCode::").skip(1) {
                let Some(quoted) = piece.split('"').nth(1) else { continue };
                let near = piece.find('"').is_some_and(|at| at < 60);
                if near && quoted.contains('_') && quoted.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                {
                    seen += 1;
                    for id in [format!("problem-{quoted}"), format!("problem-{quoted}-next")] {
                        assert!(TEXTS.has(Language::ZhCn, &id), "{id} is missing");
                    }
                }
            }
        }
        assert!(seen > 25, "only {seen} codes were found: the test looks in the wrong place");
    }
}
