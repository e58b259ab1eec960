//! Twenty turns in Chromium, as a player would: in Chinese, offline and against a scripted model, with a regenerate, a
//! rollback, an EDIT and a RETCON among them.

use std::{path::PathBuf, time::Duration};

use testkit::{Browser, BrowserOptions, FakeLlm, browser::Key, fake_llm::Script, temp_db::TempDb};

use crate::world::{World, use_fake};

const PATIENCE: Duration = Duration::from_secs(30);

/// The sample worlds of the project.
fn sample_worlds() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../canon"))
}

/// A page of the story in the browser.
struct Reader {
    browser: Browser,
}

impl Reader {
    async fn begin(world: &World) -> Option<Self> {
        let options = BrowserOptions { language: "zh-CN".to_owned(), ..BrowserOptions::default() };
        let browser = Browser::start(options).await?;
        browser.goto(&format!("{}/sessions/new", world.url)).await.unwrap();
        browser.click("input[name=canon][value=lighthouse-zh]").await.unwrap();
        browser.click("main form button[type=submit]").await.unwrap();
        browser.wait_for("article.opening", PATIENCE).await.unwrap();
        Some(Self { browser })
    }

    /// Types a line, sends it with the keyboard and waits for the turn of this number.
    async fn say(&self, line: &str, number: usize) {
        self.browser.type_text("textarea[name=input]", line).await.unwrap();
        let send = format!("{}{}", char::from(Key::Control), char::from(Key::Enter));
        self.browser.press(&send).await.unwrap();
        self.told(number).await;
    }

    /// Waits until the turn stands at the end of the page as the server renders it.
    async fn told(&self, number: usize) {
        let css = format!(".story article.turn:last-child[data-number='{number}'] .turn-foot");
        if let Err(error) = self.browser.wait_for(&css, PATIENCE).await {
            let page = self.browser.text("main").await.unwrap_or_default();
            let errors = self.browser.console_errors().await.unwrap_or_default();
            panic!("turn {number} did not come: {error:#}\n{errors:?}\n{page}");
        }
        self.browser.wait_gone("form.composer[aria-busy]", PATIENCE).await.unwrap();
    }

    async fn last_text(&self) -> String {
        self.browser.text(".story article.turn:last-child .turn-text").await.unwrap()
    }

    async fn again(&self, number: usize) {
        let before = self.last_text().await;
        self.browser
            .click(".story article.turn:last-child .turn-foot > form[data-again] button")
            .await
            .unwrap();
        let css = format!("#turn-{number} .siblings");
        self.browser.wait_for(&css, PATIENCE).await.unwrap();
        self.browser.wait_text(&css, "2 / 2", PATIENCE).await.unwrap();
        assert!(!before.is_empty());
    }

    /// Goes back to a turn by its menu.
    async fn back_to(&self, number: usize) {
        let menu = format!("#turn-{number} .turn-foot details.menu");
        self.browser.click(&format!("{menu} summary")).await.unwrap();
        self.browser.click(&format!("{menu} form[action$='/head'] button")).await.unwrap();
        self.browser
            .wait_for(&format!(".story article.turn:last-child[data-number='{number}']"), PATIENCE)
            .await
            .unwrap();
    }
}

/// The whole evening: twenty turns are told in the end on the branch that is read.
async fn evening(world: &World, name: &str) {
    let Some(reader) = Reader::begin(world).await else { return };
    let lines =
        ["我推开灯塔的门，往里看。", "我问守在门口的人，灯为什么灭了。", "我沿着楼梯往上走，一级一级地数。"];
    for (index, line) in lines.iter().enumerate() {
        reader.say(line, index + 1).await;
    }
    reader.say("[EDIT: 铜钥匙: 挂在钟摆后面] 我停下来听。", 4).await;
    reader.say("我去找铜钥匙。", 5).await;
    reader.again(5).await;
    reader.say("我把铜钥匙握在手里。", 6).await;
    reader.say("我回到码头。", 7).await;
    reader.say("我上了一条不该上的船。", 8).await;
    reader.back_to(6).await;
    reader.say("我不去码头，我留在灯塔里。[TONE: 克制]", 7).await;
    for number in 8..=10 {
        reader.say(&format!("我等待，第{number}次看钟。"), number).await;
    }
    // The past is changed behind the turn that set the fact, so the story goes on from the fifth turn.
    reader.say("[RETCON: 铜钥匙: 从来没有挂在那里] 我伸手去摸，什么也没有。", 5).await;
    reader.browser.wait_for("#turn-5 .turn-note", PATIENCE).await.unwrap();
    for number in 6..=20 {
        reader.say(&format!("我继续往下查，第{number}步。"), number).await;
    }
    let shown = reader.browser.count(".story article.turn[data-number]").await.unwrap();
    assert_eq!(shown, 20, "twenty turns are read from the beginning");
    reader.browser.screenshot(&format!("story-{name}-end")).await.unwrap();
    reader.browser.screenshot_whole(&format!("story-{name}-whole")).await.unwrap();
    reader.browser.click(".play-head [data-opens=branches]").await.unwrap();
    reader.browser.wait_for("dialog#branches[open] .tree-link", PATIENCE).await.unwrap();
    reader.browser.screenshot(&format!("story-{name}-branches")).await.unwrap();
    assert_eq!(reader.browser.console_errors().await.unwrap(), Vec::<String>::new());
    // 8 played, 1 told again, 4 after the rollback, 16 on the retcon's branch.
    assert_eq!(world.rows("turns").await, 29);
    assert_eq!(world.rows("branches").await, 2);
    reader.browser.quit().await.unwrap();
}

#[tokio::test]
async fn twenty_turns_with_the_offline_narrator() {
    let world = World::start(Some(TempDb::sqlite()), |config| config.canon.directory = sample_worlds()).await;
    evening(&world, "offline").await;
    let row = world
        .app
        .database
        .fetch_one("SELECT COUNT(*) AS n FROM turns WHERE degraded_code IS NULL", &[])
        .await;
    assert_eq!(row.unwrap().get::<i64>("n").unwrap(), 0, "every turn says that no model told it");
}

#[tokio::test]
async fn twenty_turns_with_a_model() {
    let fake = FakeLlm::openai().await;
    fake.always(Script::Echo);
    let world = World::start(Some(TempDb::sqlite()), |config| {
        config.canon.directory = sample_worlds();
        use_fake(config, &fake);
    })
    .await;
    evening(&world, "model").await;
    let row = world
        .app
        .database
        .fetch_one("SELECT COUNT(*) AS n FROM turns WHERE degraded_code IS NOT NULL", &[])
        .await;
    assert_eq!(row.unwrap().get::<i64>("n").unwrap(), 0);
    assert_eq!(fake.refusals(), Vec::<String>::new(), "every call was as the real service asks");
}

/// Whoever loses the connection sends the same line again and gets the same turn.
#[tokio::test]
async fn a_failure_says_what_happened_and_keeps_the_line() {
    let world = World::start(Some(TempDb::sqlite()), |config| config.canon.directory = sample_worlds()).await;
    let Some(reader) = Reader::begin(&world).await else { return };
    reader.say("我推开门。", 1).await;
    reader.browser.type_text("textarea[name=input]", "[EDIT: 门是开的] 我进去。").await.unwrap();
    reader.browser.click("form.composer button[type=submit]").await.unwrap();
    reader.browser.wait_for("[data-play-problem] [role=alert]", PATIENCE).await.unwrap();
    let kept =
        reader.browser.eval("return document.querySelector('textarea[name=input]').value").await.unwrap();
    assert_eq!(kept, "[EDIT: 门是开的] 我进去。");
    assert_eq!(
        reader.browser.count(".story article.turn[data-number]").await.unwrap(),
        1,
        "no half turn is shown"
    );
    reader.browser.screenshot("story-problem").await.unwrap();
    reader.browser.reload().await.unwrap();
    reader.browser.wait_for("form.composer", PATIENCE).await.unwrap();
    let kept =
        reader.browser.eval("return document.querySelector('textarea[name=input]').value").await.unwrap();
    assert_eq!(kept, "[EDIT: 门是开的] 我进去。", "the draft outlives the page");
    assert_eq!(world.rows("turns").await, 1);
}
