//! A headless Chromium of one test's own, driven through chromedriver, with no way to the internet.
//!
//! Waiting here means asking the page again and again in real time: a browser knows no paused clock. Errors name
//! what was looked for and the page's address; unwrap them, and the line of the test is in the panic.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use fantoccini::{Client, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{leash::Leash, tools};

mod driver;
mod session;

pub use fantoccini::key::Key;
use session::{Command, capabilities};

/// How long [`Browser::find`] and all that act on an element wait for it to be there.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(25);

/// How the browser looks to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserOptions {
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of the page in CSS pixels.
    pub height: u32,
    /// Whether `prefers-color-scheme` is dark.
    pub dark: bool,
    /// The one language asked for, such as `zh-CN`.
    pub language: String,
    /// A telephone: touch, no hover, two device pixels for each of CSS.
    pub mobile: bool,
    /// Whether `prefers-reduced-motion` asks for it, which keeps pictures from showing half a transition.
    pub reduced_motion: bool,
}

/// A running browser. Dropping it kills browser and driver and removes the profile.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    options: BrowserOptions,
    _driver: Leash,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 800,
            dark: false,
            language: "en".to_owned(),
            mobile: false,
            reduced_motion: true,
        }
    }
}

impl BrowserOptions {
    /// The smallest telephone we care for: 360 by 740, touch.
    pub fn phone() -> Self {
        Self { width: 360, height: 740, mobile: true, ..Self::default() }
    }
}

impl Browser {
    /// Starts the browser; a second or two. `None`, after a line on standard error, when there is no Chromium on
    /// this machine and `TESTKIT_ALLOW_MISSING` says that this may be. `TEST_CHROMEDRIVER` and `TEST_CHROMIUM` name
    /// the programs where they are not in `PATH`.
    ///
    /// # Panics
    /// When Chromium is missing and may not be, or does not start.
    pub async fn start(options: BrowserOptions) -> Option<Self> {
        let Some(programs) = driver::find_programs() else {
            tools::missing(tools::CHROMIUM, ", name them with TEST_CHROMEDRIVER and TEST_CHROMIUM");
            return None;
        };
        match Self::start_with(&programs, options).await {
            Ok(browser) => Some(browser),
            Err(error) => panic!("the browser did not start: {error:#}"),
        }
    }

    async fn start_with(programs: &driver::Programs, options: BrowserOptions) -> anyhow::Result<Self> {
        let running = driver::start(programs).await?;
        let mut builder = fantoccini::ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(programs, &running.profile, &options));
        let client = builder.connect(&running.url).await.context("opening a session with chromedriver")?;
        let browser = Self { client, options, _driver: running.leash };
        browser.emulate(browser.options.width, browser.options.height).await?;
        Ok(browser)
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// When nothing can be loaded from there. An HTTP error is a page like any other.
    pub async fn goto(&self, url: &str) -> anyhow::Result<()> {
        self.client.goto(url).await.with_context(|| format!("opening {url}"))
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When nothing can be loaded.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.client.refresh().await.context("reloading the page")
    }

    /// The page's address.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn url(&self) -> anyhow::Result<String> {
        Ok(self.client.current_url().await?.into())
    }

    /// The page's title.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn title(&self) -> anyhow::Result<String> {
        Ok(self.client.title().await?)
    }

    /// The first element for a CSS selector, waiting up to ten seconds for it to be there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        self.wait_for(css, PATIENCE).await
    }

    /// The first element for a CSS selector, as soon as it is there, seen or not.
    ///
    /// # Errors
    /// When it does not come within `timeout`.
    pub async fn wait_for(&self, css: &str, timeout: Duration) -> anyhow::Result<Element> {
        let started = Instant::now();
        loop {
            match self.client.find(Locator::Css(css)).await {
                Ok(element) => return Ok(element),
                Err(error) if error.is_no_such_element() && started.elapsed() < timeout => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                Err(error) => {
                    let url = self.url().await.unwrap_or_default();
                    return Err(error).with_context(|| format!("no {css:?} within {timeout:?} on {url}"));
                }
            }
        }
    }

    /// Waits until there is no element for the selector any more.
    ///
    /// # Errors
    /// When there still is one after `timeout`.
    pub async fn wait_gone(&self, css: &str, timeout: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.count(css).await? > 0 {
            if started.elapsed() >= timeout {
                bail!("{css:?} still there after {timeout:?} on {}", self.url().await.unwrap_or_default());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until the visible text of the first element for the selector contains `text`, and returns all of it.
    ///
    /// # Errors
    /// When it does not within `timeout`; the message holds the text it had last.
    pub async fn wait_text(&self, css: &str, text: &str, timeout: Duration) -> anyhow::Result<String> {
        let started = Instant::now();
        loop {
            // One script, because the page may replace the element between finding and reading it.
            let script =
                "const found = document.querySelector(arguments[0]); return found && found.innerText;";
            let found = self.client.execute(script, vec![json!(css)]).await?;
            let found = found.as_str();
            if let Some(found) = found.filter(|found| found.contains(text)) {
                return Ok(found.to_owned());
            }
            if started.elapsed() >= timeout {
                let url = self.url().await.unwrap_or_default();
                bail!("no {text:?} in {css:?} within {timeout:?} on {url}; it shows {found:?}");
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// The visible text of the first element for the selector.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, css: &str) -> anyhow::Result<String> {
        Ok(self.find(css).await?.text().await?)
    }

    /// How many elements there are for the selector at this moment.
    ///
    /// # Errors
    /// When the selector is not valid.
    pub async fn count(&self, css: &str) -> anyhow::Result<usize> {
        Ok(self.client.find_all(Locator::Css(css)).await.with_context(|| format!("counting {css:?}"))?.len())
    }

    /// Clicks as a person would: the element is scrolled into view, and must not be covered.
    ///
    /// # Errors
    /// When it is not there, not visible, or something lies over it.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        self.find(css).await?.click().await.with_context(|| format!("clicking {css:?}"))
    }

    /// Clicks into the element and types. What is in it stays; characters outside the basic plane cannot be typed.
    ///
    /// # Errors
    /// When it is not there or takes no input.
    pub async fn type_text(&self, css: &str, text: &str) -> anyhow::Result<()> {
        self.find(css).await?.send_keys(text).await.with_context(|| format!("typing into {css:?}"))
    }

    /// Empties a field.
    ///
    /// # Errors
    /// When it is not there or cannot be edited.
    pub async fn clear(&self, css: &str) -> anyhow::Result<()> {
        self.find(css).await?.clear().await.with_context(|| format!("clearing {css:?}"))
    }

    /// Types to whatever has the focus: text, or a [`Key`] turned into text.
    ///
    /// # Errors
    /// When nothing has the focus.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Runs a script in the page; `return` gives the value.
    ///
    /// # Errors
    /// When it throws.
    pub async fn eval(&self, script: &str) -> anyhow::Result<Value> {
        self.client.execute(script, Vec::new()).await.with_context(|| format!("running {script:?}"))
    }

    /// Saves what is in view as `target/screenshots/<name>.png` and returns the path.
    ///
    /// # Errors
    /// When the picture cannot be taken or written.
    pub async fn screenshot(&self, name: &str) -> anyhow::Result<PathBuf> {
        let picture = self.client.screenshot().await.context("taking a screenshot")?;
        let path = tools::output_folder("screenshots")?.join(format!("{name}.png"));
        std::fs::write(&path, picture).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// Saves the page from top to bottom, as [`Browser::screenshot`].
    ///
    /// # Errors
    /// When the picture cannot be taken or written.
    pub async fn screenshot_whole(&self, name: &str) -> anyhow::Result<PathBuf> {
        let height =
            self.eval("return document.documentElement.scrollHeight").await?.as_u64().unwrap_or_default();
        let height = u32::try_from(height).unwrap_or(u32::MAX).clamp(self.options.height, 16_000);
        self.emulate(self.options.width, height).await?;
        let taken = self.screenshot(name).await;
        self.emulate(self.options.width, self.options.height).await?;
        taken
    }

    /// The errors on the console since the last call: scripts that threw, resources that did not load, and what
    /// the content security policy forbade.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn console_errors(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.client.issue_cmd(Command::BrowserLog).await?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let is_severe = |entry: &&Value| entry["level"] == "SEVERE";
        let message = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        Ok(entries.iter().filter(is_severe).map(message).collect())
    }

    /// The driver's client, for what is not here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the session in good order. Dropping does as well, less politely.
    ///
    /// # Errors
    /// When the browser is gone already.
    pub async fn quit(self) -> anyhow::Result<()> {
        Ok(self.client.clone().close().await?)
    }

    /// Gives the page its size, its media features and touch.
    async fn emulate(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let BrowserOptions { dark, mobile, reduced_motion, .. } = self.options;
        let commands = [
            (
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": width, "height": height, "mobile": mobile,
                    "deviceScaleFactor": if mobile { 2 } else { 1 },
                }),
            ),
            ("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile})),
            (
                "Emulation.setEmulatedMedia",
                json!({"features": [
                    {"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }},
                    {"name": "prefers-reduced-motion", "value": if reduced_motion { "reduce" } else { "no-preference" }},
                    {"name": "hover", "value": if mobile { "none" } else { "hover" }},
                    {"name": "pointer", "value": if mobile { "coarse" } else { "fine" }},
                ]}),
            ),
        ];
        for (method, parameters) in commands {
            let command = Command::DevTools { method, parameters };
            self.client.issue_cmd(command).await.with_context(|| method.to_owned())?;
        }
        Ok(())
    }
}
