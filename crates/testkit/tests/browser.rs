//! The browser against small pages served from this process.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::Duration;

use axum::{Router, http::HeaderMap, response::Html, routing::get};
use testkit::{Browser, BrowserOptions};

const PAGE: &str = r##"<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>The inn</title>
<link rel="icon" href="data:,">
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }
.tall { height: 3000px }</style>
<main><h1>雨夜客栈</h1><input id="name"><button id="open">Open</button><p id="story"></p><div class="tall"></div></main>
<script>
document.querySelector("#open").addEventListener("click", () => setTimeout(() => {
  document.querySelector("#story").textContent = document.querySelector("#name").value + " opens the door";
  document.querySelector("#open").remove();
}, 50));
</script>"##;

async fn serve(page: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let language =
        |headers: HeaderMap| async move { headers["accept-language"].to_str().unwrap().to_owned() };
    let app = Router::new().route("/", get(async move || Html(page))).route("/language", get(language));
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_page_is_read_typed_into_clicked_and_photographed() {
    let Some(browser) = Browser::start(BrowserOptions::default()).await else { return };
    let patience = Duration::from_secs(10);
    let url = serve(PAGE).await;
    browser.goto(&url).await.unwrap();
    assert_eq!((browser.title().await.unwrap(), browser.url().await.unwrap()), ("The inn".to_owned(), url));
    assert_eq!(browser.text("h1").await.unwrap(), "雨夜客栈");
    browser.type_text("#name", "林").await.unwrap();
    browser.press("hana").await.unwrap();
    browser.click("#open").await.unwrap();
    let story = browser.wait_text("#story", "opens", patience).await.unwrap();
    assert_eq!(story, "林hana opens the door");
    browser.wait_gone("#open", patience).await.unwrap();
    assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new());

    let size = browser.eval("return [innerWidth, innerHeight, devicePixelRatio]").await.unwrap();
    assert_eq!(size, serde_json::json!([1280, 800, 1]));
    let view = std::fs::metadata(browser.screenshot("testkit-view").await.unwrap()).unwrap();
    let whole = std::fs::metadata(browser.screenshot_whole("testkit-whole").await.unwrap()).unwrap();
    assert!(view.len() > 1_000 && whole.len() > view.len(), "{} and {} bytes", view.len(), whole.len());

    let error = browser.wait_for("#nowhere", Duration::from_millis(50)).await.unwrap_err().to_string();
    assert!(error.contains("no \"#nowhere\" within 50ms on http://127.0.0.1"), "{error}");
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_dark_chinese_phone_looks_like_one_to_the_page() {
    let options = BrowserOptions { dark: true, language: "zh-CN".to_owned(), ..BrowserOptions::phone() };
    let Some(browser) = Browser::start(options).await else { return };
    let url = serve(PAGE).await;
    browser.goto(&format!("{url}language")).await.unwrap();
    assert!(browser.text("body").await.unwrap().starts_with("zh-CN"));
    browser.goto(&url).await.unwrap();
    let seen = browser
        .eval(
            "const is = query => matchMedia(query).matches;
             return [innerWidth, devicePixelRatio, navigator.language, is('(prefers-color-scheme: dark)'),
                     is('(hover: none)'), is('(pointer: coarse)'), is('(prefers-reduced-motion: reduce)'),
                     getComputedStyle(document.body).backgroundColor]",
        )
        .await
        .unwrap();
    assert_eq!(
        seen,
        serde_json::json!([360, 2, "zh-CN", true, true, true, true, "rgb(0, 0, 0)"]),
        "width, pixels, language, dark, no hover, coarse, still, background"
    );
}

#[tokio::test]
async fn console_errors_are_seen_and_the_internet_is_not() {
    let Some(browser) = Browser::start(BrowserOptions::default()).await else { return };
    let page = r#"<!doctype html><link rel="icon" href="data:,"><img src="http://example.com/a.png">
        <script>console.log("fine"); throw new Error("the fire went out")</script><p id="end">end</p>"#;
    browser.goto(&serve(page).await).await.unwrap();
    browser.find("#end").await.unwrap();
    let errors = browser.console_errors().await.unwrap().join("\n");
    assert!(errors.contains("the fire went out"), "{errors}");
    assert!(errors.contains("example.com") && errors.contains("ERR_NAME_NOT_RESOLVED"), "{errors}");
    assert!(!errors.contains("fine"), "{errors}");
    assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new(), "they were taken out");
}
