//! The pages in a real browser: pictures of every one with data as people have it, and what the scripts do.
//!
//! Pictures go to `target/screenshots/loom-*.png`, light and dark, 1280 and 360 wide. They are for looking at; what is
//! asserted here is that scripts and policy leave the console quiet and that nothing is wider than the screen.
#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{path::Path, time::Duration};

use loom_core::access::Role;
use serde_json::{Value, json};
use testkit::{Browser, BrowserOptions, FakeLlm, fake_llm::Script, temp_db::TempDb};

#[path = "it/world.rs"]
#[expect(dead_code, reason = "the other suite uses the rest of it")]
mod world;

use world::World;

const PATIENCE: Duration = Duration::from_secs(20);

/// Turns of the long story.
const LONG: usize = 500;

const STORY: [&str; 6] = [
    "雾从傍晚就没有散过。栈桥的木板吸饱了潮气，踩上去没有声音，只有缆绳偶尔绷紧，像有人在水下轻轻拽了一把。\n\n你把\
     调令递过去，镇长没有看，只问：“*你来的时候，灯亮着吗？*”",
    "门板很厚，敲上去像敲在一块湿木头上。里面先是静的，接着有椅子腿擦过石地的声音，很慢，停在门后。没有人开门。\n\n“信\
     带来了吗？”一个女人的声音问。她离门很近，近得你能听见她的呼吸，可门缝里没有透出一丝光。",
    "信纸被一股很稳的力气捏住了，没有抢，也没有松。你们隔着一扇门各执一端，谁都没有说话。远处的雾笛响了一声，光从你背后\
     扫过去，门缝里的那只手缺了一根小指。",
    "<<answer>>\n灯亮着的时候没有人能说谎；灯灭的时候没有人会记得。\n<<end>>\n门开了一指宽。冷气先出来，然后是灯油的\
     味道，最后才是她的脸。她比信里写的老得多，手里没有灯。",
    "楼梯一共一百零七级，她数着走，你跟着数。走到第九十九级时她停下来，**没有回头**：“剩下的八级，是给第七夜用的。”",
    "灯室里没有油味。透镜擦得很干净，干净得照得出你们两个人，也照得出第三个人。",
];

/// Copies the worlds that come with the program.
fn copy_worlds(into: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../canon");
    for world in ["lighthouse-zh", "ashfall-en"] {
        std::fs::create_dir_all(into.join(world)).unwrap();
        for file in std::fs::read_dir(from.join(world)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), into.join(world).join(file.file_name())).unwrap();
        }
    }
}

/// A world that cannot be played: the rule has no end, the front matter is wrong.
const BROKEN: &str = "---\nname: 没有写完的世界\nlanguage: zh\npermisions:\n  retcon: builder\npermissions:\n  edit: \
    captain\n---\n\n# 世界\n\n一座岛。\n\n:::rule tide 潮\n潮水每天来三次。\n\n@include people.md\n";

struct Scene {
    world: World,
    fake: FakeLlm,
    /// The story that is read, below the pages' root.
    story: String,
    long: String,
    turn: String,
}

async fn begin(world: &World, name: &str, canon: &str) -> String {
    let session = world.post("/api/v1/sessions", &json!({ "name": name, "canon": canon })).await.ok();
    format!("/sessions/{}", session["id"].as_str().unwrap())
}

async fn say(world: &World, story: &str, input: &str) -> Value {
    world.say(&format!("/api/v1{story}"), input).await["turn"].clone()
}

/// A program as it looks after some weeks: stories of both languages, a long one, a degraded turn, a broken world.
async fn lived_in() -> Scene {
    let fake = FakeLlm::openai().await;
    let world = World::start(Some(TempDb::sqlite()), |config| {
        world::use_fake(config, &fake);
        config.llm.retry.attempts = 1;
        copy_worlds(&config.canon.directory);
        std::fs::create_dir_all(config.canon.directory.join("broken-zh")).unwrap();
        std::fs::write(config.canon.directory.join("broken-zh/canon.md"), BROKEN).unwrap();
    })
    .await;
    fake.always(Script::reply("The lamp burns on, and the door stays shut."));
    let long = begin(
        &world,
        "The lamp, the door, and everybody who ever waited between the two of them for the rain to stop",
        "small",
    )
    .await;
    for number in 1..=LONG {
        say(&world, &long, &format!("I wait for the {number}th time.")).await;
    }
    begin(&world, "Ashfall: the last train out of Meridian", "ashfall-en").await;
    let (story, turn) = told(&world, &fake).await;
    Scene { world, fake, story, long, turn }
}

/// The story of the pictures, with everything that may stand beside a turn.
async fn told(world: &World, fake: &FakeLlm) -> (String, String) {
    let story =
        begin(world, "雾港灯塔：第七夜的守灯人与那封从来没有寄到过的信，以及所有记得它的人", "lighthouse-zh")
            .await;
    let lines = [
        "我把调令递给镇长。",
        "我敲门，然后退后一步，听里面的动静。 [TONE: 克制，少用比喻]",
        "“带来了。”我把信从门缝里塞进去一半，捏住另一半。 [EDIT: 信: 信封上盖着二十六年前的邮戳]",
        "我松开手。 [QUERY: 灯灭的时候会发生什么？]",
        "我跟着她上楼。",
    ];
    let mut turn = Value::Null;
    for (line, reply) in lines.iter().zip(STORY) {
        fake.push(Script::reply(reply));
        turn = say(world, &story, line).await;
    }
    let explained = turn["id"].as_str().unwrap().to_owned();
    fake.push(Script::reply(STORY[5]));
    let again = format!("/api/v1{story}/turns/{explained}/regenerate");
    world.post(&again, &json!({ "key": "again" })).await.ok();
    fake.push(Script::status(500));
    say(world, &story, "我走到窗边，数海上的灯。").await;
    fake.always(Script::reply(STORY[1]));
    (story, explained)
}

/// Takes the pictures of a list of pages in one browser.
struct Photographer<'a> {
    browser: Browser,
    world: &'a World,
    kind: String,
}

impl<'a> Photographer<'a> {
    async fn start(world: &'a World, dark: bool, mobile: bool, language: &str) -> Option<Self> {
        let size = if mobile { BrowserOptions::phone() } else { BrowserOptions::default() };
        let browser = Browser::start(BrowserOptions { dark, language: language.to_owned(), ..size }).await?;
        let kind = format!("{}-{}", if mobile { "360" } else { "1280" }, if dark { "dark" } else { "light" });
        Some(Self { browser, world, kind })
    }

    async fn open(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.world.url)).await.unwrap();
    }

    async fn whole(&self, name: &str, path: &str) {
        self.open(path).await;
        self.check(name).await;
        self.browser.screenshot_whole(&format!("loom-{name}-{}", self.kind)).await.unwrap();
    }

    async fn view(&self, name: &str) {
        self.check(name).await;
        self.browser.screenshot(&format!("loom-{name}-{}", self.kind)).await.unwrap();
    }

    /// Nothing reaches beyond the screen's edge, and the console is quiet but for answers that are errors on purpose.
    async fn check(&self, name: &str) {
        let wide =
            self.browser.eval("return document.documentElement.scrollWidth - innerWidth").await.unwrap();
        assert!(wide.as_i64().unwrap() <= 0, "{name} {} is {wide} px too wide", self.kind);
        let mut errors = self.browser.console_errors().await.unwrap();
        let on_purpose =
            |error: &str| error.contains("responded with a status of 4") && !error.contains("/assets/");
        errors.retain(|error| !on_purpose(error));
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

const KINDS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_of_a_program_that_is_used() {
    let scene = lived_in().await;
    let current =
        scene.world.get("/api/v1/canons/lighthouse-zh").await.ok()["hash"].as_str().unwrap().to_owned();
    change_a_world(&scene).await;
    for (dark, mobile) in KINDS {
        let Some(camera) = Photographer::start(&scene.world, dark, mobile, "zh-CN").await else { return };
        let (story, long, turn) = (&scene.story, &scene.long, &scene.turn);
        for (name, path) in [
            ("home", "/".to_owned()),
            ("new", "/sessions/new".to_owned()),
            ("play-whole", story.clone()),
            ("settings", format!("{story}/settings")),
            ("tree", format!("{story}/tree")),
            ("memory", format!("{story}/memory")),
            ("explain", format!("{story}/turns/{turn}/explain")),
            ("canon", "/canon".to_owned()),
            ("canon-editor", "/canon/lighthouse-zh?file=rules.md".to_owned()),
            ("canon-broken", "/canon/broken-zh".to_owned()),
            ("canon-history", "/canon/lighthouse-zh/history".to_owned()),
            ("canon-diff", format!("/canon/lighthouse-zh/diff?from={current}")),
            ("performance", "/performance".to_owned()),
            ("users-none", "/users".to_owned()),
            ("docs", "/docs".to_owned()),
            ("not-found", "/sessions/none".to_owned()),
        ] {
            camera.whole(name, &path).await;
        }
        camera.open(story).await;
        camera.view("play-end").await;
        camera.browser.click("[data-palette-button]").await.unwrap();
        camera.view("play-palette").await;
        camera.open(long).await;
        camera.browser.click("[data-opens=branches]").await.unwrap();
        let top = "return document.querySelector('#branches .dialog-head').getBoundingClientRect().top";
        assert!(
            camera.browser.eval(top).await.unwrap().as_f64().unwrap() >= 0.0,
            "a long tree hides the title"
        );
        camera.view("play-drawer").await;
        camera.browser.quit().await.unwrap();
    }
    let Some(camera) = Photographer::start(&scene.world, false, false, "en").await else { return };
    for (name, path) in [
        ("explain", format!("{}/turns/{}/explain", scene.story, scene.turn)),
        ("performance", "/performance".to_owned()),
    ] {
        camera.whole(&format!("{name}-en"), &path).await;
    }
}

/// A second version of a world, so that there is something to compare.
async fn change_a_world(scene: &Scene) {
    let path = scene.world.folder.path().join("canon/lighthouse-zh/rules.md");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n:::rule bell 钟\n雾里听见钟声的人，要应一声。\n:::\n")).unwrap();
    scene.world.app.canons.refresh().await;
    scene.fake.push(Script::reply(STORY[0]));
    let other = begin(&scene.world, "钟", "lighthouse-zh").await;
    say(&scene.world, &other, "我听见钟声。").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_of_an_empty_program_and_of_one_with_users() {
    let empty = World::offline().await;
    let users = World::offline().await;
    let operator = users.app.auth.add_user("root", Role::Operator).await.unwrap();
    let (_, token) = users.app.auth.add_token(&operator.id, "书房的电脑").await.unwrap();
    for name in ["林默", "ada.of.the.lighthouse@harbour.example", "望海的编者"] {
        let user = users.app.auth.add_user(name, Role::Player).await.unwrap();
        users.app.auth.add_token(&user.id, "first").await.unwrap();
    }
    for (dark, mobile) in KINDS {
        let Some(camera) = Photographer::start(&empty, dark, mobile, "zh-CN").await else { return };
        camera.whole("home-empty", "/").await;
        camera.whole("performance-offline", "/performance").await;
        let camera = Photographer { world: &users, ..camera };
        camera.whole("login", "/").await;
        camera.browser.type_text("#token", "loom_mistyped_token").await.unwrap();
        camera.browser.click("form.form button").await.unwrap();
        camera.browser.wait_for("#token-error", PATIENCE).await.unwrap();
        camera.view("login-wrong").await;
        camera.browser.type_text("#token", &token).await.unwrap();
        camera.browser.click("form.form button").await.unwrap();
        camera.browser.wait_for(".empty", PATIENCE).await.unwrap();
        camera.whole("users", "/users").await;
        camera.whole("user", &format!("/users/{}", operator.id)).await;
        camera.browser.type_text("#label", "手机").await.unwrap();
        camera.browser.click("form.form button").await.unwrap();
        camera.browser.wait_for(".token", PATIENCE).await.unwrap();
        camera.view("token").await;
        camera.browser.quit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_streams_in_and_a_refused_one_is_kept() {
    let fake = FakeLlm::openai().await;
    fake.always(Script::reply("The lamp burns.\n\nThe door stays *shut*."));
    let world = World::with_model(&fake).await;
    let story = begin(&world, "test", "small").await;
    let Some(camera) = Photographer::start(&world, false, false, "en").await else { return };
    let browser = &camera.browser;
    camera.open(&story).await;
    browser.type_text("textarea[name=input]", "I wait.").await.unwrap();
    browser.click("form.composer .btn-primary").await.unwrap();
    browser.wait_text("#turn-1 .turn-text", "shut", PATIENCE).await.unwrap();
    assert_eq!(browser.text("#turn-1 em").await.unwrap(), "shut", "the server's rendering has come");
    browser.wait_text(".play-head .where", "1", PATIENCE).await.unwrap();
    assert_eq!(
        browser.eval("return document.querySelector('textarea[name=input]').value").await.unwrap(),
        json!("")
    );
    // Somebody plays on in another window.
    say(&world, &story, "I knock.").await;
    browser.type_text("textarea[name=input]", "I leave.").await.unwrap();
    browser.click("form.composer .btn-primary").await.unwrap();
    browser.wait_for("[data-play-problem] .notice", PATIENCE).await.unwrap();
    camera.view("play-moved").await;
    let ways = "[data-play-problem] :is(a.btn, form[action$='/branches'] button)";
    assert_eq!(browser.count(ways).await.unwrap(), 2, "read the newer turns, or open a branch");
    assert_eq!(
        browser.eval("return document.querySelector('textarea[name=input]').value").await.unwrap(),
        json!("I leave.")
    );
    assert_eq!(world.rows("turns").await, 2);
    browser.reload().await.unwrap();
    let kept = browser.eval("return document.querySelector('textarea[name=input]').value").await.unwrap();
    assert_eq!(kept, json!("I leave."), "the draft survives the way to the newer turns");
    browser.click("form.composer .btn-primary").await.unwrap();
    browser.wait_text("#turn-3 .turn-text", "shut", PATIENCE).await.unwrap();
    camera.check("play").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_editor_checks_while_one_writes() {
    let world = World::offline().await;
    let Some(camera) = Photographer::start(&world, false, false, "en").await else { return };
    let browser = &camera.browser;
    camera.open("/canon/small").await;
    browser.type_text(".editor textarea", "\n:::rule tide\nThe tide comes thrice.\n").await.unwrap();
    browser.wait_for("#problems [data-severity=error]", PATIENCE).await.unwrap();
    browser.wait_for(".editor-line.has-error", PATIENCE).await.unwrap();
    browser.wait_text("[data-save-state]", "Unsaved", PATIENCE).await.unwrap();
    browser.click("#problems a[data-goto-line]").await.unwrap();
    let line = "const area = document.querySelector('.editor textarea'); return area.value.slice(area.selectionStart, area.selectionEnd)";
    assert!(browser.eval(line).await.unwrap().as_str().unwrap().starts_with(":::rule"));
    camera.view("canon-writing").await;
    camera.check("editor").await;
}
