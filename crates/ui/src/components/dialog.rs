//! Dialogs and drawers on the browser's own `<dialog>`: it keeps the focus inside and closes on Escape.

use maud::{Markup, html};

use super::icon::{Icon, icon};
use crate::catalog::shell_catalog;
use crate::locale::Language;

/// A modal dialog in the middle of the page, opened by [`open_button`].
pub fn dialog(language: Language, id: &str, title: &str, content: &Markup) -> Markup {
    shell(language, id, "dialog", title, content)
}

/// A panel at the side of the page (the whole width on a phone), opened by [`open_button`].
pub fn drawer(language: Language, id: &str, title: &str, content: &Markup) -> Markup {
    shell(language, id, "drawer", title, content)
}

/// Opens the dialog or drawer of that id. It is a link to `fallback`, a page that shows the same, and becomes the
/// dialog's opener once the script runs.
pub fn open_button(dialog_id: &str, fallback: &str, class: &str, content: &Markup) -> Markup {
    html! {
        a class=(class) href=(fallback) data-opens=(dialog_id) aria-controls=(dialog_id) aria-haspopup="dialog" {
            (content)
        }
    }
}

fn shell(language: Language, id: &str, class: &str, title: &str, content: &Markup) -> Markup {
    let title_id = format!("{id}-title");
    let close = shell_catalog().text(language, "dialog-close");
    html! {
        dialog id=(id) class=(class) aria-labelledby=(title_id) {
            div.dialog-head {
                h2 id=(title_id) { (title) }
                form method="dialog" {
                    button.btn-icon type="submit" title=(close) {
                        (icon(Icon::Close)) span.visually-hidden { (close) }
                    }
                }
            }
            div.dialog-body { (content) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawer_is_named_and_closes_without_script() {
        let text = drawer(Language::En, "branches", "Branches", &html! { "x" }).into_string();
        assert!(
            text.contains("aria-labelledby=\"branches-title\"")
                && text.contains("<h2 id=\"branches-title\">")
        );
        assert!(text.contains("<form method=\"dialog\">"), "{text}");
    }
}
