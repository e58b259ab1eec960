//! Who looks at a page: language, theme and where they are, read from the request without a database.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use axum::extract::{FromRequestParts, OriginalUri};
use http::request::Parts;
use http::{HeaderMap, Uri, header};

use crate::error::UiError;
use crate::locale::Language;

/// Name of the cookie that keeps the language.
pub const LANGUAGE_COOKIE: &str = "lang";
/// Name of the cookie that keeps the theme.
pub const THEME_COOKIE: &str = "theme";

/// Light, dark, or what the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Follow the device.
    #[default]
    Auto,
    /// Dark ink on paper.
    Light,
    /// Light ink on dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the switch.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The word in cookies, query strings and `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl FromStr for Theme {
    type Err = UiError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Theme::ALL.into_iter().find(|theme| theme.name() == text);
        known.ok_or_else(|| UiError::UnknownTheme(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The language of a request that asks for none: put it into the router as `Extension(DefaultLanguage(..))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultLanguage(pub Language);

/// The viewer of a page. As an extractor it never rejects; without [`DefaultLanguage`] it falls back to English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// From `?lang=`, then the cookie, then `Accept-Language`, then the default.
    pub language: Language,
    /// From the cookie.
    pub theme: Theme,
    /// Path and query of the page, where the switches lead back to.
    pub request_path: String,
}

impl Viewer {
    /// Reads a request's address and headers. `default` serves when the request names no language of ours.
    pub fn read(uri: &Uri, headers: &HeaderMap, default: Language) -> Viewer {
        let asked = query_value(uri.query().unwrap_or_default(), "lang").and_then(|tag| tag.parse().ok());
        let kept = || cookie(headers, LANGUAGE_COOKIE)?.parse().ok();
        let accepted = || {
            let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
            Language::from_accept_language(header)
        };
        Viewer {
            language: asked.or_else(kept).or_else(accepted).unwrap_or(default),
            theme: cookie(headers, THEME_COOKIE).and_then(|name| name.parse().ok()).unwrap_or_default(),
            request_path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        }
    }

    /// As [`Viewer::read`] for places that have only the headers, such as a page for an error; the switches then
    /// lead to `/`.
    pub fn from_headers(headers: &HeaderMap, default: Language) -> Viewer {
        Viewer::read(&Uri::from_static("/"), headers, default)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let default = parts.extensions.get::<DefaultLanguage>().map_or(Language::En, |default| default.0);
        // A nested router strips its prefix from the address; the way back needs it.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Viewer::read(uri, &parts.headers, default))
    }
}

/// The first cookie of that name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The first value of that name; undecoded, which is enough for words of ours.
fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(path: &'static str, headers: &[(header::HeaderName, &str)]) -> Viewer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Viewer::read(&Uri::from_static(path), &headers, Language::ZhCn)
    }

    #[test]
    fn query_beats_cookie_beats_header_beats_default() {
        let english = (header::ACCEPT_LANGUAGE, "en");
        let chinese = (header::COOKIE, "a=b; lang=zh-CN; theme=dark");
        assert_eq!(viewer("/", &[]).language, Language::ZhCn);
        assert_eq!(viewer("/", std::slice::from_ref(&english)).language, Language::En);
        assert_eq!(viewer("/", &[english.clone(), chinese.clone()]).language, Language::ZhCn);
        assert_eq!(viewer("/?x=1&lang=en", std::slice::from_ref(&chinese)).language, Language::En);
        assert_eq!(viewer("/?lang=klingon", &[english, chinese]).language, Language::ZhCn);
    }

    #[test]
    fn the_theme_is_a_cookie_and_rubbish_is_auto() {
        for (line, theme) in [
            ("theme=dark", Theme::Dark),
            ("x=1;theme=light", Theme::Light),
            ("theme=auto", Theme::Auto),
            ("theme=<script>", Theme::Auto),
            ("mytheme=dark", Theme::Auto),
            ("theme", Theme::Auto),
        ] {
            assert_eq!(viewer("/", &[(header::COOKIE, line)]).theme, theme, "{line}");
        }
    }

    #[test]
    fn the_way_back_keeps_the_query() {
        assert_eq!(viewer("/sessions?page=2", &[]).request_path, "/sessions?page=2");
        assert_eq!(Viewer::from_headers(&HeaderMap::new(), Language::En).request_path, "/");
    }
}
