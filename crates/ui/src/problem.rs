//! The page and the box for an error: what happened, what was lost, what to do, and the request id.

use maud::{Markup, html};

use crate::catalog::shell_catalog;
use crate::components::icon::{Icon, icon};
use crate::locale::Language;
use crate::page::{NavItem, PageShell};
use crate::viewer::Viewer;

/// An error in a person's words, in the viewer's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemText<'a> {
    /// HTTP status; chooses the title.
    pub status: u16,
    /// Stable code, shown small for support.
    pub code: &'a str,
    /// One sentence: what happened.
    pub happened: &'a str,
    /// One sentence: what was lost or that nothing was. `None` says for a status below 500 that nothing was changed
    /// and for the others that what was saved is still there; give your own where that is not the whole truth.
    pub kept: Option<&'a str>,
    /// One sentence: what to do next.
    pub next: &'a str,
    /// Empty when there is none.
    pub request_id: &'a str,
}

/// A whole page for an error.
pub fn problem_page(program: &str, viewer: &Viewer, nav: Vec<NavItem>, problem: &ProblemText<'_>) -> Markup {
    let language = viewer.language;
    let body = html! {
        section.problem-page {
            p.problem-status aria-hidden="true" { (problem.status) }
            h1 { (problem_title(language, problem.status)) }
            p.lead { (problem.happened) }
            (advice(language, problem))
            p { a.btn.btn-primary href="/" { (shell_catalog().text(language, "problem-home")) } }
            (reference(language, problem))
        }
    };
    let title = problem_title(language, problem.status);
    PageShell { nav, main_class: "narrow", ..PageShell::new(program, title, viewer, body) }.render()
}

/// The same as a box inside a page or as an answer to htmx.
pub fn error_box(language: Language, problem: &ProblemText<'_>) -> Markup {
    html! {
        div.notice.state-error role="alert" {
            (icon(Icon::Error))
            div {
                strong.notice-title { (problem_title(language, problem.status)) }
                p { (problem.happened) }
                (advice(language, problem))
                (reference(language, problem))
            }
        }
    }
}

/// The short title for a status; one for all that have none of their own.
pub fn problem_title(language: Language, status: u16) -> String {
    let id = format!("problem-{status}");
    let known = shell_catalog().has(language, &id);
    shell_catalog().text(language, if known { &id } else { "problem-other" })
}

fn advice(language: Language, problem: &ProblemText<'_>) -> Markup {
    let text = |id: &str| shell_catalog().text(language, id);
    let kept = problem.kept.map_or_else(
        || text(if problem.status < 500 { "problem-kept-nothing-changed" } else { "problem-kept-saved" }),
        str::to_owned,
    );
    html! {
        dl.advice {
            dt { (text("problem-kept-label")) } dd { (kept) }
            @if !problem.next.is_empty() { dt { (text("problem-next-label")) } dd { (problem.next) } }
        }
    }
}

fn reference(language: Language, problem: &ProblemText<'_>) -> Markup {
    html! {
        p.reference {
            (shell_catalog().text(language, "problem-code")) " " code { (problem.code) }
            @if !problem.request_id.is_empty() {
                " · " (shell_catalog().text(language, "problem-request-id")) " " code { (problem.request_id) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::Theme;

    const CONFLICT: ProblemText<'_> = ProblemText {
        status: 409,
        code: "head_moved",
        happened: "Another turn <was> written first.",
        kept: None,
        next: "Read it, then send yours again.",
        request_id: "01J9",
    };

    #[test]
    fn a_box_says_what_happened_and_what_to_do() {
        insta::assert_snapshot!(error_box(Language::En, &CONFLICT).into_string());
    }

    #[test]
    fn titles_and_defaults_follow_the_status() {
        for (status, title, kept) in [
            (404, "There is nothing here", "Nothing was changed"),
            (418, "This did not work", "Nothing was changed"),
            (500, "Something went wrong on our side", "still there"),
            (599, "This did not work", "still there"),
        ] {
            let text = error_box(Language::En, &ProblemText { status, ..CONFLICT }).into_string();
            assert!(text.contains(title) && text.contains(kept), "{status}: {text}");
        }
    }

    #[test]
    fn a_page_is_a_document_in_the_viewers_language() {
        let viewer = Viewer { language: Language::ZhCn, theme: Theme::Auto, request_path: "/".to_owned() };
        let text = problem_page("loom", &viewer, Vec::new(), &CONFLICT).into_string();
        assert!(text.starts_with("<!DOCTYPE html><html lang=\"zh-CN\""));
        assert!(text.contains("<h1>有人抢先了一步</h1>") && text.contains("<code>01J9</code>"));
        assert!(text.contains("Another turn &lt;was&gt; written first."));
    }
}
