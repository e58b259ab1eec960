//! Language and theme as cookies, set by a plain form or link, so that the switches work without JavaScript.

use axum::Router;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::locale::Language;
use crate::viewer::{LANGUAGE_COOKIE, THEME_COOKIE, Theme};

/// Where the switches post to.
pub const PREFERENCES_PATH: &str = "/preferences";

/// A longer way back than this is answered with `/`.
const BACK_LENGTH_MAX: usize = 2048;

#[derive(Debug, serde::Deserialize)]
struct Wish {
    lang: Option<String>,
    theme: Option<String>,
    back: Option<String>,
}

/// `GET` and `POST /preferences` with `lang`, `theme` and `back`: sets cookies for a year and goes back with 303.
/// Words that are not ours change nothing.
pub fn routes() -> Router {
    Router::new().route(
        PREFERENCES_PATH,
        get(|Query(wish): Query<Wish>| async move { answer(&wish) })
            .post(|Form(wish): Form<Wish>| async move { answer(&wish) }),
    )
}

/// The path to go back to: on this site, without control characters or backslashes (browsers read both as part of
/// a host), in ASCII, and without a `lang` or `theme` of its own, which would undo the choice. Anything else is `/`.
pub fn safe_back(back: &str) -> String {
    let on_this_site = back.starts_with('/') && !back.starts_with("//");
    let harmless = !back.chars().any(|letter| letter.is_control() || letter == '\\');
    if !on_this_site || !harmless || back.len() > BACK_LENGTH_MAX {
        return "/".to_owned();
    }
    let without_fragment = back.split('#').next().unwrap_or("/");
    let (path, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
    let is_ours = |pair: &&str| !["lang", "theme"].contains(&pair.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).filter(is_ours).collect();
    let question = if kept.is_empty() { "" } else { "?" };
    in_ascii(&format!("{path}{question}{}", kept.join("&")))
}

fn answer(wish: &Wish) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(language) = wish.lang.as_deref().and_then(|tag| tag.parse::<Language>().ok()) {
        set_cookie(&mut headers, LANGUAGE_COOKIE, language.html_lang());
    }
    if let Some(theme) = wish.theme.as_deref().and_then(|name| name.parse::<Theme>().ok()) {
        set_cookie(&mut headers, THEME_COOKIE, theme.name());
    }
    let back = safe_back(wish.back.as_deref().unwrap_or("/"));
    headers.insert(header::LOCATION, HeaderValue::from_str(&back).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &'static str) {
    let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Percent-encodes what a `Location` may not carry; what is encoded already stays as it is.
fn in_ascii(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        let needs_encoding = matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'^');
        if byte.is_ascii_graphic() && !needs_encoding {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use proptest::prelude::*;
    use tower::ServiceExt;

    use super::*;

    async fn ask(request: Request<Body>) -> (StatusCode, String, Vec<String>) {
        let response = routes().oneshot(request).await.unwrap();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let location = response.headers().get(header::LOCATION).map_or(String::new(), text);
        let cookies = response.headers().get_all(header::SET_COOKIE).iter().map(text).collect();
        (response.status(), location, cookies)
    }

    #[tokio::test]
    async fn a_form_and_a_link_set_the_same_cookies() {
        let form = Request::post("/preferences")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("lang=zh-CN&theme=dark&back=%2Fsessions%3Fpage%3D2%26lang%3Den"))
            .unwrap();
        let link = Request::get("/preferences?lang=zh&theme=dark&back=/sessions?page=2")
            .body(Body::empty())
            .unwrap();
        for request in [form, link] {
            let (status, location, cookies) = ask(request).await;
            assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "/sessions?page=2"));
            assert_eq!(
                cookies,
                [
                    "lang=zh-CN; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
                    "theme=dark; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
                ]
            );
        }
    }

    #[tokio::test]
    async fn rubbish_sets_nothing_and_leads_home() {
        let path = "/preferences?lang=tlh&theme=pink&back=https://evil.example";
        let (status, location, cookies) = ask(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, location.as_str(), cookies), (StatusCode::SEE_OTHER, "/", Vec::new()));
    }

    #[test]
    fn the_way_back_stays_on_this_site() {
        for (back, expected) in [
            ("/", "/"),
            ("/sessions/1?x=1&lang=en&y=2#turn-3", "/sessions/1?x=1&y=2"),
            ("/?theme=dark", "/"),
            ("/世界?q=雾", "/%E4%B8%96%E7%95%8C?q=%E9%9B%BE"),
            ("/a%20b?q=<x>", "/a%20b?q=%3Cx%3E"),
            ("", "/"),
            ("sessions", "/"),
            ("//evil.example", "/"),
            ("///evil.example", "/"),
            ("/\\evil.example", "/"),
            ("\\\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\n/evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
        ] {
            assert_eq!(safe_back(back), expected, "{back:?}");
        }
        assert_eq!(safe_back(&format!("/{}", "a".repeat(4000))), "/");
    }

    proptest! {
        #[test]
        fn no_text_leads_elsewhere(back in "\\PC*|[/\\\\\t\n a-z:.?#&=]{0,40}") {
            let safe = safe_back(&back);
            prop_assert!(safe.starts_with('/') && !safe.starts_with("//") && !safe.contains('\\'));
            prop_assert!(HeaderValue::from_str(&safe).is_ok());
            prop_assert_eq!(safe_back(&safe), safe);
        }
    }
}
