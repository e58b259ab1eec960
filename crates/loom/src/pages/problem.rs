//! What a problem's code means: the page that `type` in every problem of the API names.

use axum::{Extension, http::StatusCode};
use chassis::{http::Path, problem::Problem};
use maud::{Markup, html};
use ui::{PageShell, Viewer};

use super::{Place, TEXTS, shell, text};
use crate::auth::Caller;

/// `GET /problems/{code}`.
pub(super) async fn show(
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(code): Path<String>,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let id = format!("problem-{code}");
    // A code with a dot would name an attribute, and no code has one.
    if code.contains('.') || !TEXTS.has(language, &id) {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no problem of this code.",
            "Check the address.",
        ));
    }
    let body = html! {
        div.page-head { div { p.kicker { code { (code) } } h1 { (text(language, &id)) } } }
        p.lead { (text(language, &format!("{id}-next"))) }
    };
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Elsewhere, code, body) }.render())
}
