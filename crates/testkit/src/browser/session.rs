//! What is asked of chromedriver: the session's capabilities, and the commands beyond the WebDriver standard.

use std::path::Path;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use http::Method;
use reqwest::Url;
use serde_json::{Value, json};

use super::{BrowserOptions, driver::Programs};

/// Every host but this one does not exist.
const NO_NETWORK: &str = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost";

/// A command of chromedriver's own.
#[derive(Debug)]
pub(super) enum Command {
    /// One call of the Chrome DevTools protocol.
    DevTools {
        /// `Domain.method`.
        method: &'static str,
        /// Its parameters.
        parameters: Value,
    },
    /// The console's entries since the last call.
    BrowserLog,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(
        &self,
        base_url: &Url,
        session_id: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        let path = match self {
            Self::DevTools { .. } => "goog/cdp/execute",
            Self::BrowserLog => "se/log",
        };
        base_url.join(&format!("session/{}/{path}", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        let body = match self {
            Self::DevTools { method, parameters } => json!({"cmd": method, "params": parameters}),
            Self::BrowserLog => json!({"type": "browser"}),
        };
        (Method::POST, Some(body.to_string()))
    }
}

pub(super) fn capabilities(programs: &Programs, profile: &Path, options: &BrowserOptions) -> Capabilities {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-extensions".to_owned(),
        "--no-first-run".to_owned(),
        "--no-default-browser-check".to_owned(),
        "--no-proxy-server".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--force-color-profile=srgb".to_owned(),
        NO_NETWORK.to_owned(),
        format!("--user-data-dir={}", profile.display()),
        format!("--lang={}", options.language),
        format!("--window-size={},{}", options.width, options.height),
    ];
    if nix::unistd::Uid::effective().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    let chrome = json!({
        "binary": programs.browser,
        "args": arguments,
        "prefs": {"intl.accept_languages": options.language},
    });
    let mut capabilities = Capabilities::new();
    capabilities.insert("browserName".to_owned(), json!("chrome"));
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    capabilities.insert("goog:chromeOptions".to_owned(), chrome);
    capabilities
}
