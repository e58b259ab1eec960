//! Worlds: the list, and the editor with its problems at their lines. A text that was not saved is never lost.

use axum::{
    Extension, Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chassis::{
    http::{Json, Path, Query, RequestId},
    problem::Problem,
};
use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Arg, Language, PageShell, ProblemText, Viewer,
    components::{self, Icon, State as Mark, Tab, badge, icon, tabs, toast},
};

use super::{ASSETS, Place, checked, problem_texts, shell, short_hash, text, text_with, turn::encode};
use crate::{
    app::App,
    auth::Caller,
    canon_dir::{Loaded, edit::file_hash},
    routes::{
        canons::{self as api, SavedFile},
        views::{CanonSummaryView, CanonView},
    },
};

/// `GET /canon`.
pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let Json(canons) = api::list(State(app)).await;
    let body = html! {
        div.page-head { h1 { (text(language, "nav-canon")) } }
        @if canons.is_empty() {
            (components::empty_state(&text(language, "canon-none"), &text(language, "canon-none-text"), None))
        } @else { ul.entry-list { @for canon in &canons { (entry(language, canon)) } } }
    };
    let title = text(language, "nav-canon");
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Canon, title, body) }.render())
}

fn entry(language: Language, canon: &CanonSummaryView) -> Markup {
    let path = format!("/canon/{}", encode(&canon.key));
    let problems = [("count", Arg::Number(canon.problems as f64))];
    html! {
        li.entry {
            h2.entry-title { a href=(path) lang=[lang(&canon.language)] { (canon.name) } }
            @if let Some(summary) = &canon.summary { p.entry-text lang=[lang(&canon.language)] { (summary) } }
            p.entry-meta {
                span.mono { (canon.key) }
                @if !canon.version.is_empty() {
                    span { (text_with(language, "canon-version", &[("version", Arg::Text(canon.version.as_str().into()))])) }
                }
                @if canon.hash.is_none() { (badge(Mark::Error, &text(language, "canon-broken"))) }
                @else if canon.stale { (badge(Mark::Warning, &text(language, "canon-stale"))) }
                @if canon.problems > 0 { span { (text_with(language, "canon-problems", &problems)) } }
            }
            div.entry-side {
                a.btn-icon href=(format!("{path}/history")) title=(text(language, "canon-history")) {
                    (icon(Icon::Clock)) span.visually-hidden { (text(language, "canon-history")) }
                }
            }
        }
    }
}

fn lang(tag: &str) -> Option<&str> {
    Some(tag).filter(|tag| !tag.is_empty())
}

/// Which file is edited.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EditQuery {
    file: Option<String>,
    saved: Option<String>,
}

/// `GET /canon/{key}`.
pub(super) async fn edit(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(key): Path<String>,
    Query(query): Query<EditQuery>,
) -> Result<Markup, Problem> {
    let loaded = api::loaded(&app, &key).await?;
    let file = query.file.unwrap_or_else(|| first_file(&loaded));
    let stored = loaded.files.get(&file).cloned();
    let sheet = Sheet {
        expected_hash: stored.as_deref().map(file_hash),
        text: stored.unwrap_or_default(),
        file,
        refused: None,
        saved: query.saved.is_some(),
    };
    page(&app, &viewer, &caller, &loaded, &sheet).await
}

fn first_file(loaded: &Loaded) -> String {
    loaded
        .files
        .keys()
        .find(|name| name.as_str() == "canon.md")
        .or_else(|| loaded.files.keys().next())
        .cloned()
        .unwrap_or_else(|| "canon.md".to_owned())
}

/// What the editor's form sends.
#[derive(Debug, Deserialize)]
pub(super) struct SaveForm {
    path: String,
    text: String,
    /// Empty for a new file.
    #[serde(default)]
    expected_hash: String,
    /// Set by the button that replaces what somebody else wrote: the hash of that text.
    replace: Option<String>,
}

/// `POST /canon/{key}`: saves, or shows the editor again with the text and why it was not saved.
pub(super) async fn save(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
    Path(key): Path<String>,
    Form(form): Form<SaveForm>,
) -> Result<Response, Problem> {
    let loaded = api::loaded(&app, &key).await?;
    // Forms send line ends as CR LF.
    let text = form.text.replace("\r\n", "\n");
    let expected_hash = form.replace.or(Some(form.expected_hash)).filter(|hash| !hash.is_empty());
    let file =
        SavedFile { path: form.path.clone(), text: text.clone(), expected_hash: expected_hash.clone() };
    let who = (Extension(caller.clone()), Extension(request_id.clone()));
    let saved = api::save_file(State(app.clone()), who.0, who.1, Path(key.clone()), Json(file)).await;
    let Err(problem) = saved else {
        let address = format!("/canon/{}?file={}&saved=1", encode(&key), encode(&form.path));
        return Ok(Redirect::to(&address).into_response());
    };
    let status: StatusCode = problem.status;
    let sheet =
        Sheet { file: form.path, text, expected_hash, refused: Some((problem, request_id.0)), saved: false };
    Ok((status, page(&app, &viewer, &caller, &loaded, &sheet).await?).into_response())
}

/// What lies in the editor.
struct Sheet {
    file: String,
    text: String,
    /// Of the text that the editor began with; nothing for a new file.
    expected_hash: Option<String>,
    /// Why it was not saved, with the request's id.
    refused: Option<(Problem, String)>,
    saved: bool,
}

async fn page(
    app: &App,
    viewer: &Viewer,
    caller: &Caller,
    loaded: &Loaded,
    sheet: &Sheet,
) -> Result<Markup, Problem> {
    let view = api::view(caller, loaded);
    let language = viewer.language;
    let result = checked::read(app, &loaded.key, &sheet.file, &sheet.text).await?;
    let editor = Editor { language, view: &view, sheet };
    let body = html! {
        (editor.head())
        (editor.notices())
        (editor.files())
        div.pane-grid {
            (editor.form())
            div.pane.scroll data-checked=(format!("/canon/{}/check", encode(&view.summary.key))) {
                (checked::pane(language, &view.summary.key, &sheet.file, &result))
            }
        }
    };
    let title = format!("{} · {}", sheet.file, view.summary.name);
    Ok(PageShell {
        main_class: "panes",
        scripts: vec![ASSETS.url("canon.js")],
        ..shell(viewer, caller, Place::Canon, title, body)
    }
    .render())
}

struct Editor<'a> {
    language: Language,
    view: &'a CanonView,
    sheet: &'a Sheet,
}

impl Editor<'_> {
    fn path(&self) -> String {
        format!("/canon/{}", encode(&self.view.summary.key))
    }

    fn word(&self, id: &str) -> String {
        text(self.language, id)
    }

    fn head(&self) -> Markup {
        let summary = &self.view.summary;
        html! {
            div.page-head {
                div {
                    p.kicker {
                        a href="/canon" { (self.word("nav-canon")) } " · " (summary.name)
                        @if let Some(hash) = &summary.hash { " · " code { (short_hash(hash)) } }
                    }
                    h1 { (self.sheet.file) }
                }
                div.actions {
                    @if self.view.may_edit {
                        span.save-state role="status" data-save-state
                            data-unsaved=(self.word("canon-unsaved")) data-unreachable=(self.word("canon-unreachable")) {
                            @if self.sheet.refused.is_some() { (self.word("canon-unsaved")) }
                        }
                    }
                    a.btn-quiet href=(format!("{}/history", self.path())) {
                        (icon(Icon::Clock)) (self.word("canon-history"))
                    }
                    @if self.view.may_edit {
                        button.btn.btn-primary type="submit" form="canon-form" { (self.word("canon-save")) }
                    }
                }
            }
        }
    }

    fn notices(&self) -> Markup {
        let needed = [("role", Arg::Text(self.word(&format!("role-{}", self.view.edit)).into()))];
        html! {
            @if self.sheet.saved { (toast(Mark::Ok, &self.word("canon-saved"))) }
            @if !self.view.may_edit {
                (components::notice(Mark::Info, &self.word("canon-read-only"), &html! {
                    @if !self.view.edit.is_empty() { p { (text_with(self.language, "canon-read-only-text", &needed)) } }
                }))
            }
            @if self.view.summary.stale {
                (components::notice(Mark::Warning, &self.word("canon-stale"),
                    &html! { p { (self.word("canon-stale-text")) } }))
            }
            @if self.sheet.expected_hash.is_none() && self.sheet.refused.is_none() {
                (components::notice(Mark::Info, &self.word("canon-new-file"),
                    &html! { p { (self.word("canon-new-file-text")) } }))
            }
            @if let Some((problem, request_id)) = &self.sheet.refused { (self.refusal(problem, request_id)) }
        }
    }

    fn refusal(&self, problem: &Problem, request_id: &str) -> Markup {
        let (happened, next) = problem_texts(self.language, problem);
        let current = problem.extra.get("current_hash").and_then(|hash| hash.as_str());
        let newer = format!("{}?file={}", self.path(), encode(&self.sheet.file));
        html! {
            (components::error_box(self.language, &ProblemText {
                status: problem.status.as_u16(),
                code: problem.code,
                happened: &happened,
                kept: Some(&self.word("canon-kept")),
                next: &next,
                request_id,
            }))
            @if let Some(current) = current {
                div.actions.merge {
                    a.btn href=(newer) target="_blank" rel="noopener" { (self.word("canon-read-newer")) }
                    button.btn.btn-danger-quiet type="submit" form="canon-form" name="replace" value=(current) {
                        (self.word("canon-replace"))
                    }
                }
            }
        }
    }

    fn files(&self) -> Markup {
        let mut names: Vec<&str> = self.view.files.iter().map(String::as_str).collect();
        if !names.contains(&self.sheet.file.as_str()) {
            names.push(&self.sheet.file);
        }
        let all: Vec<Tab> = names
            .iter()
            .map(|name| Tab {
                href: format!("{}?file={}", self.path(), encode(name)),
                label: (*name).to_owned(),
                count: None,
                current: *name == self.sheet.file,
            })
            .collect();
        html! {
            (tabs(&self.word("canon-files"), &all))
            @if self.view.may_edit {
                details.more.new-file {
                    summary { (self.word("canon-new-file")) }
                    form.row method="get" action=(self.path()) {
                        label.visually-hidden for="new-file" { (self.word("canon-new-file-name")) }
                        input.input id="new-file" name="file" type="text" required maxlength="200" pattern=".+\\.md"
                            placeholder="people.md" title=(self.word("canon-new-file-name"));
                        button.btn type="submit" { (icon(Icon::Plus)) (self.word("canon-new-file")) }
                    }
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let sheet = self.sheet;
        html! {
            form.pane id="canon-form" method="post" action=(self.path()) data-canon-form
                data-dirty[sheet.refused.is_some()] {
                input type="hidden" name="path" value=(sheet.file);
                input type="hidden" name="expected_hash" value=(sheet.expected_hash.as_deref().unwrap_or_default());
                div.pane-head { h2 { (self.word("canon-text")) } }
                div.editor data-problems="#problems" {
                    // The parser drops one line end after the tag; the first of the text's own must stay.
                    textarea name="text" aria-label=(sheet.file) spellcheck="false" autocomplete="off"
                        readonly[!self.view.may_edit] { "\n" (sheet.text) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</textarea><script>alert(1)</script>";

    fn view(may_edit: bool) -> CanonView {
        CanonView {
            summary: CanonSummaryView {
                key: "small world".to_owned(),
                name: HOSTILE.to_owned(),
                language: "en".to_owned(),
                version: "1".to_owned(),
                summary: Some(HOSTILE.to_owned()),
                hash: Some("0123456789abcdef".to_owned()),
                commit: None,
                stale: true,
                problems: 2,
            },
            edit: "builder".to_owned(),
            may_edit,
            files: vec!["canon.md".to_owned()],
            problems: Vec::new(),
            sections: Vec::new(),
            rules: Vec::new(),
        }
    }

    fn drawn(may_edit: bool, refused: Option<Problem>) -> String {
        let sheet = Sheet {
            file: "canon.md".to_owned(),
            text: format!("\n{HOSTILE}"),
            expected_hash: Some("aa".to_owned()),
            refused: refused.map(|problem| (problem, "req-1".to_owned())),
            saved: false,
        };
        let view = view(may_edit);
        let editor = Editor { language: Language::En, view: &view, sheet: &sheet };
        html! { (entry(Language::En, &view.summary)) (editor.head()) (editor.notices()) (editor.files()) (editor.form()) }
            .into_string()
    }

    #[test]
    fn a_canon_cannot_break_out_of_its_editor() {
        let page = drawn(true, None);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("autocomplete=\"off\">\n\n&lt;/textarea&gt;"), "{page}");
        assert!(page.contains("href=\"/canon/small%20world/history\""), "{page}");
    }

    #[test]
    fn somebody_elses_change_keeps_the_text_and_offers_both_ways() {
        let problem = Problem::new(StatusCode::CONFLICT, "file_changed", "It was changed.", "Merge.")
            .with_extra("current_hash", "bb");
        let page = drawn(true, Some(problem));
        assert!(page.contains("name=\"replace\" value=\"bb\"") && page.contains("req-1"), "{page}");
        assert!(
            page.contains("name=\"expected_hash\" value=\"aa\"") && page.contains("data-dirty"),
            "{page}"
        );
    }

    #[test]
    fn a_reader_sees_the_text_and_no_way_to_save() {
        let page = drawn(false, None);
        assert!(page.contains("readonly") && !page.contains("type=\"submit\""), "{page}");
    }
}
