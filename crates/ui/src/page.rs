//! The document around every page: head, header with navigation and switches, main part, place for toasts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets::{self, shell_url};
use crate::catalog::shell_catalog;
use crate::components::icon::{Icon, icon};
use crate::locale::Language;
use crate::preferences::PREFERENCES_PATH;
use crate::viewer::{Theme, Viewer};

/// What a page may load: its own files and nothing else. Hand it to the HTTP shell.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// htmx without what the policy forbids anyway: no evaluated code, no injected style, no scripts in answers. An
/// error's body is shown where the answer would have been.
const HTMX_CONFIG: &str = r#"{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,"scrollIntoViewOnBoost":false,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true}]}"#;

/// An entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// Where it leads.
    pub href: String,
    /// In the viewer's language.
    pub label: String,
    /// Whether the page shown belongs to it.
    pub current: bool,
}

impl NavItem {
    /// An entry; `current` is set by comparing `href` with the path that is shown.
    pub fn new(href: &str, label: impl Into<String>, current: bool) -> NavItem {
        NavItem { href: href.to_owned(), label: label.into(), current }
    }
}

/// A page before it is a document. Make one with [`PageShell::new`] and set further fields as needed.
#[derive(Debug, Clone)]
pub struct PageShell<'a> {
    /// `loom`, `chimera` or `keeper`: the class on `body` and the word in the header.
    pub program: &'a str,
    /// The page's title without the program's name.
    pub title: String,
    /// Language, theme and the address the switches lead back to.
    pub viewer: &'a Viewer,
    /// Entries of the header.
    pub nav: Vec<NavItem>,
    /// Addresses of further scripts, loaded as modules after the shell's.
    pub scripts: Vec<String>,
    /// Addresses of further style sheets.
    pub styles: Vec<String>,
    /// Class of `main`; see the README for the layouts (`play`, `panes`, `narrow`, ...).
    pub main_class: &'a str,
    /// Content of `main`.
    pub body: Markup,
    /// Shown at the right of the header, for instance the user's name.
    pub account: Option<Markup>,
    /// Further elements at the end of `body`, such as dialogs and drawers.
    pub after: Option<Markup>,
}

impl<'a> PageShell<'a> {
    /// A page with the shell's own scripts and styles and no navigation.
    pub fn new(
        program: &'a str,
        title: impl Into<String>,
        viewer: &'a Viewer,
        body: Markup,
    ) -> PageShell<'a> {
        PageShell {
            program,
            title: title.into(),
            viewer,
            nav: Vec::new(),
            scripts: Vec::new(),
            styles: Vec::new(),
            main_class: "",
            body,
            account: None,
            after: None,
        }
    }

    /// The whole document.
    pub fn render(&self) -> Markup {
        let language = self.viewer.language;
        html! {
            (DOCTYPE)
            html lang=(language.html_lang()) data-theme=(self.viewer.theme) {
                (self.head())
                body class=(self.program) {
                    a.skip-link href="#main" { (shell_catalog().text(language, "shell-skip")) }
                    (self.header())
                    main id="main" class=(self.main_class) tabindex="-1" { (self.body) }
                    div.toasts id="toasts" role="status" aria-live="polite"
                        data-dismiss=(shell_catalog().text(language, "shell-dismiss")) {}
                    @if let Some(after) = &self.after { (after) }
                }
            }
        }
    }

    fn head(&self) -> Markup {
        let scheme = match self.viewer.theme {
            Theme::Auto => "light dark",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
                meta name="color-scheme" content=(scheme);
                meta name="referrer" content="same-origin";
                meta name="htmx-config" content=(HTMX_CONFIG);
                title { (self.title) " · " (display_name(self.program)) }
                link rel="icon" type="image/svg+xml" href=(shell_url(assets::ICON));
                link rel="stylesheet" href=(shell_url(assets::THEME));
                @for style in &self.styles { link rel="stylesheet" href=(style); }
                script defer src=(shell_url(assets::HTMX)) {}
                script type="module" src=(shell_url(assets::SHELL_SCRIPT)) {}
                @for script in &self.scripts { script type="module" src=(script) {} }
            }
        }
    }

    fn header(&self) -> Markup {
        let language = self.viewer.language;
        html! {
            header.shell {
                a.wordmark href="/" { (icon(Icon::Book)) span { (display_name(self.program)) } }
                @if !self.nav.is_empty() {
                    nav.shell-nav aria-label=(shell_catalog().text(language, "shell-nav")) {
                        @for item in &self.nav {
                            a href=(item.href) aria-current=[item.current.then_some("page")] { (item.label) }
                        }
                    }
                }
                div.shell-end {
                    @if let Some(account) = &self.account { div.account { (account) } }
                    (switches(self.viewer))
                }
            }
        }
    }
}

/// Language and theme as one plain form; each button is a choice.
fn switches(viewer: &Viewer) -> Markup {
    let language = viewer.language;
    let other = language.other();
    html! {
        form.preferences method="post" action=(PREFERENCES_PATH) {
            input type="hidden" name="back" value=(viewer.request_path);
            button.btn-quiet.language-switch type="submit" name="lang" value=(other) lang=(other)
                title=(shell_catalog().text(language, "shell-language")) { (other.native_name()) }
            div.segmented role="group" aria-label=(shell_catalog().text(language, "shell-theme")) {
                @for theme in Theme::ALL {
                    (theme_button(language, theme, theme == viewer.theme))
                }
            }
        }
    }
}

fn theme_button(language: Language, theme: Theme, pressed: bool) -> Markup {
    let label = shell_catalog().text(language, &format!("shell-theme-{theme}"));
    let picture = match theme {
        Theme::Auto => Icon::HalfCircle,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    };
    html! {
        button type="submit" name="theme" value=(theme) title=(label) aria-pressed=(pressed) {
            (icon(picture)) span.visually-hidden { (label) }
        }
    }
}

fn display_name(program: &str) -> PreEscaped<String> {
    let mut letters = program.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let name: String = first.chain(letters).collect();
    html! { (name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer() -> Viewer {
        Viewer { language: Language::ZhCn, theme: Theme::Dark, request_path: "/sessions?q=\"<b>".to_owned() }
    }

    #[test]
    fn the_document_holds_everything() {
        let viewer = viewer();
        let page = PageShell {
            nav: vec![NavItem::new("/sessions", "会话", true), NavItem::new("/canon", "设定", false)],
            scripts: vec!["/assets/loom-1.js".to_owned()],
            styles: vec!["/assets/loom-1.css".to_owned()],
            main_class: "play",
            ..PageShell::new("loom", "雾港 <灯塔>", &viewer, html! { h1 { "雾港" } })
        };
        let text = page.render().into_string();
        for part in [
            "<!DOCTYPE html><html lang=\"zh-CN\" data-theme=\"dark\">",
            "<title>雾港 &lt;灯塔&gt; · Loom</title>",
            "<body class=\"loom\">",
            "<a href=\"/sessions\" aria-current=\"page\">会话</a><a href=\"/canon\">设定</a>",
            "<script type=\"module\" src=\"/assets/loom-1.js\"></script>",
            "<link rel=\"stylesheet\" href=\"/assets/loom-1.css\">",
            "<main id=\"main\" class=\"play\" tabindex=\"-1\"><h1>雾港</h1></main>",
            "name=\"back\" value=\"/sessions?q=&quot;&lt;b&gt;\"",
            "name=\"lang\" value=\"en\" lang=\"en\"",
            "value=\"dark\" title=\"深色\" aria-pressed=\"true\"",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn nothing_is_inline_and_nothing_is_remote() {
        let viewer = viewer();
        let text = PageShell::new("loom", "x", &viewer, html! {}).render().into_string();
        for forbidden in [" style=", "<style", " onclick=", " onload=", "http://", "https://", "javascript:"]
        {
            assert!(!text.contains(forbidden), "{forbidden} is in {text}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.contains("src=\"/assets/") && script.contains("></script>"), "{script}");
        }
    }

    #[test]
    fn the_policy_allows_only_this_host() {
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe") && !CONTENT_SECURITY_POLICY.contains("http"));
        assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'"));
    }
}
