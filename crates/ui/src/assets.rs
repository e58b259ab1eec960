//! Style sheets, scripts and pictures inside the binary, served under names that carry their content's hash.
//!
//! Because the name changes with the content, browsers keep a file for a year and never ask again. A script cannot
//! import another by a relative path for the same reason: pass addresses in `data-` attributes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// Name of the style sheet that every page loads.
pub const THEME: &str = "theme.css";
/// Name of the shell's script that every page loads.
pub const SHELL_SCRIPT: &str = "shell.js";
/// Name of the vendored htmx.
pub const HTMX: &str = "htmx.min.js";
/// Name of the page icon.
pub const ICON: &str = "icon.svg";

/// The style sheet in its parts; the order is the cascade.
const THEME_TEXT: &str = concat!(
    include_str!("../assets/theme/tokens.css"),
    include_str!("../assets/theme/base.css"),
    include_str!("../assets/theme/components.css"),
    include_str!("../assets/theme/book.css"),
    include_str!("../assets/theme/print.css"),
);

/// The files of a program: those of the shell from the start, its own added by [`Assets::with`].
#[derive(Debug, Clone)]
pub struct Assets {
    by_hashed_name: BTreeMap<String, Asset>,
    urls: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy)]
struct Asset {
    content_type: &'static str,
    content: &'static [u8],
}

impl Assets {
    /// The shell's own files.
    pub fn new() -> Assets {
        Assets { by_hashed_name: BTreeMap::new(), urls: BTreeMap::new() }
            .with(THEME, "text/css; charset=utf-8", THEME_TEXT.as_bytes())
            .with(SHELL_SCRIPT, "text/javascript; charset=utf-8", include_bytes!("../assets/shell.js"))
            .with(HTMX, "text/javascript; charset=utf-8", include_bytes!("../assets/htmx/htmx.min.js"))
            .with(ICON, "image/svg+xml", include_bytes!("../assets/icon.svg"))
    }

    /// Adds a file; the same name again replaces it. Text types get `; charset=utf-8` when they lack one.
    #[must_use]
    pub fn with(mut self, name: &str, content_type: &'static str, content: &'static [u8]) -> Assets {
        let hashed = hashed_name(name, content);
        if let Some(old) = self.urls.insert(name.to_owned(), format!("/assets/{hashed}")) {
            self.by_hashed_name.remove(old.trim_start_matches("/assets/"));
        }
        let content_type = match content_type {
            "text/css" => "text/css; charset=utf-8",
            "text/javascript" | "application/javascript" => "text/javascript; charset=utf-8",
            other => other,
        };
        self.by_hashed_name.insert(hashed, Asset { content_type, content });
        self
    }

    /// Where a browser finds the file. An unknown name gives an address that answers 404.
    pub fn url(&self, name: &str) -> String {
        self.urls.get(name).cloned().unwrap_or_else(|| format!("/assets/{name}"))
    }

    /// `GET /assets/{name}`, to be merged at the root.
    pub fn router(&self) -> Router {
        Router::new().route("/assets/{name}", get(serve)).with_state(Arc::new(self.by_hashed_name.clone()))
    }
}

impl Default for Assets {
    fn default() -> Self {
        Assets::new()
    }
}

/// The routes of a program that adds no files of its own.
pub fn routes() -> Router {
    Assets::new().router()
}

/// The address of one of the shell's own files.
pub(crate) fn shell_url(name: &str) -> String {
    static SHELL: LazyLock<Assets> = LazyLock::new(Assets::new);
    SHELL.url(name)
}

async fn serve(State(assets): State<Arc<BTreeMap<String, Asset>>>, Path(name): Path<String>) -> Response {
    let Some(asset) = assets.get(&name) else {
        return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "no such asset\n")
            .into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, asset.content).into_response()
}

/// `theme.css` becomes `theme-0123456789ab.css`: 48 bits tell the versions of one file apart.
fn hashed_name(name: &str, content: &[u8]) -> String {
    let mut hash = hex::encode(Sha256::digest(content));
    hash.truncate(12);
    match name.split_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(assets: &Assets, path: &str) -> (StatusCode, String, String, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = assets.router().oneshot(request).await.unwrap();
        let text = |name| {
            response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
        };
        let (kind, cache) = (text(header::CONTENT_TYPE), text(header::CACHE_CONTROL));
        let status = response.status();
        (status, kind, cache, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn every_file_is_served_under_its_hash_for_a_year() {
        let assets = Assets::new().with("loom.css", "text/css", b"main{}");
        for (name, kind) in [
            (THEME, "text/css; charset=utf-8"),
            (SHELL_SCRIPT, "text/javascript; charset=utf-8"),
            (HTMX, "text/javascript; charset=utf-8"),
            (ICON, "image/svg+xml"),
            ("loom.css", "text/css; charset=utf-8"),
        ] {
            let (status, content_type, cache, body) = fetch(&assets, &assets.url(name)).await;
            assert_eq!(status, StatusCode::OK, "{name}");
            assert_eq!(content_type, kind, "{name}");
            assert_eq!(cache, "public, max-age=31536000, immutable", "{name}");
            assert!(!body.is_empty(), "{name}");
        }
    }

    #[tokio::test]
    async fn other_names_are_not_found_and_not_kept() {
        let assets = Assets::new();
        for path in ["/assets/theme.css", "/assets/theme-000000000000.css", "/assets/..%2fCargo.toml"] {
            let (status, _, cache, _) = fetch(&assets, path).await;
            assert_eq!((status, cache.as_str()), (StatusCode::NOT_FOUND, "no-store"), "{path}");
        }
        assert_eq!(fetch(&assets, &assets.url("unknown.js")).await.0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_name_follows_the_content() {
        let (one, two) = (Assets::new().with("a.min.js", "text/javascript", b"1"), Assets::new());
        let two = two.with("a.min.js", "text/javascript", b"1").with("a.min.js", "text/javascript", b"2");
        assert_ne!(one.url("a.min.js"), two.url("a.min.js"));
        assert!(one.url("a.min.js").starts_with("/assets/a-") && one.url("a.min.js").ends_with(".min.js"));
        assert_eq!(one.by_hashed_name.len(), two.by_hashed_name.len());
        assert_eq!(Assets::new().url(THEME), shell_url(THEME));
    }

    #[test]
    fn htmx_is_the_published_file() {
        let hash = hex::encode(Sha256::digest(include_bytes!("../assets/htmx/htmx.min.js")));
        assert!(include_str!("../assets/htmx/README.md").contains(&hash), "{hash}");
    }
}
