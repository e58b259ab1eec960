//! The pages through the real program: what their forms do without a script, and what they keep when they refuse.
#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use loom::app::App;
use loom_core::access::Role;
use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use testkit::{FakeLlm, fake_llm::Script};

#[path = "it/world.rs"]
#[expect(dead_code, reason = "the other suite uses the rest of it")]
mod world;

use world::World;

/// A browser without a script: it keeps the cookie it was given and follows nothing by itself.
struct Visitor {
    client: Client,
    url: String,
    token: Option<String>,
}

/// A page as it came.
struct Page {
    status: StatusCode,
    location: String,
    cookie: String,
    text: String,
}

impl Visitor {
    fn of(world: &World) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, url: world.url.clone(), token: None }
    }

    fn with_token(world: &World, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::of(world) }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request =
            self.client.request(method, format!("{}{path}", self.url)).header(header::ACCEPT, "text/html");
        match &self.token {
            Some(token) => request.header(header::COOKIE, format!("loom_token={token}; lang=en")),
            None => request.header(header::COOKIE, "lang=en"),
        }
    }

    async fn get(&self, path: &str) -> Page {
        page(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        page(self.request(Method::POST, path).form(form).send().await.unwrap()).await
    }
}

async fn page(answer: Response) -> Page {
    let text = |name| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (location, cookie) = (text(header::LOCATION), text(header::SET_COOKIE));
    Page { status: answer.status(), location, cookie, text: answer.text().await.unwrap() }
}

impl Page {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.text
    }

    /// Asserts that a form leads elsewhere, and says where.
    #[track_caller]
    fn leads(self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.location
    }

    #[track_caller]
    fn refused(self, status: u16, words: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains("<!DOCTYPE html>") && self.text.contains(words), "{}", self.text);
        self.text
    }
}

/// The value of the first field of that name.
#[track_caller]
fn value(page: &str, name: &str) -> String {
    let from = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    let rest = &page[from..];
    rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn begin(visitor: &Visitor) -> String {
    visitor.post("/sessions", &[("canon", "small"), ("name", "test")]).await.leads()
}

async fn token_of(app: &App, name: &str, role: Role) -> String {
    let user = app.auth.add_user(name, role).await.unwrap();
    app.auth.add_token(&user.id, "test").await.unwrap().1
}

#[tokio::test]
async fn every_page_is_whole_in_both_languages_and_keeps_the_content_policy() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    visitor
        .post(
            &format!("{session}/turns"),
            &[("input", "[EDIT: the door: it is green] I wait."), ("key", "k1")],
        )
        .await
        .leads();
    let turn = value(&visitor.get(&session).await.ok(), "expected_head");
    let hash = world.get("/api/v1/canons/small").await.ok()["hash"].as_str().unwrap().to_owned();
    let paths = [
        "/".to_owned(),
        "/?archived=1".to_owned(),
        "/sessions/new".to_owned(),
        session.clone(),
        format!("{session}/settings"),
        format!("{session}/tree"),
        format!("{session}/memory"),
        format!("{session}/turns/{turn}/explain"),
        "/canon".to_owned(),
        "/canon/small".to_owned(),
        "/canon/small?file=new.md".to_owned(),
        "/canon/small/history".to_owned(),
        format!("/canon/small/diff?from={hash}"),
        "/performance".to_owned(),
        "/users".to_owned(),
        "/docs".to_owned(),
    ];
    for path in paths {
        for language in ["zh-CN", "en"] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let text = visitor.get(&format!("{path}{sign}lang={language}")).await.ok();
            assert!(text.contains(&format!("<html lang=\"{language}\"")), "{path}");
            for forbidden in [" style=\"", "<style", "<script>", "javascript:", " onclick"] {
                assert!(!text.contains(forbidden), "{path} has {forbidden}");
            }
            // A message that is missing shows its id.
            for part in
                ["explain-", "memory-", "canon-", "performance-", "user-", "token-", "section-", "part-"]
            {
                assert!(!text.contains(&format!(">{part}")), "{path} shows an id of {part}: {text}");
            }
        }
    }
    let chinese = page(visitor.client.get(format!("{}/", world.url)).send().await.unwrap()).await.ok();
    assert!(chinese.contains("<html lang=\"zh-CN\""), "who asks for no language reads Chinese");
}

#[tokio::test]
async fn a_story_is_played_without_a_script() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    let first = visitor.get(&session).await.ok();
    assert!(first.contains("A lamp burns on a table."), "the opening stands before the first turn");
    let (key, head) = (value(&first, "key"), value(&first, "expected_head"));
    let line = [
        ("input", "I look\r\nround."),
        ("key", key.as_str()),
        ("branch", "main"),
        ("expected_head", head.as_str()),
    ];
    let address = visitor.post(&format!("{session}/turns"), &line).await.leads();
    assert!(address.starts_with(&session) && address.ends_with("#turn-1"), "{address}");
    assert_eq!(visitor.post(&format!("{session}/turns"), &line).await.leads(), address, "the same turn");
    assert_eq!(world.rows("turns").await, 1);
    let stale = [("input", "I wait."), ("key", "another"), ("branch", "main"), ("expected_head", "")];
    visitor.post(&format!("{session}/turns"), &stale).await.refused(409, "head_moved");
    let turn = value(&visitor.get(&session).await.ok(), "expected_head");
    visitor
        .post(&format!("{session}/turns/{turn}/regenerate"), &[("key", "again"), ("branch", "main")])
        .await
        .leads();
    let told = visitor.get(&session).await.ok();
    assert!(told.contains("2 / 2"), "the second telling of two: {told}");
    visitor.post(&format!("{session}/head"), &[("head", &turn), ("branch", "main")]).await.leads();
    assert!(visitor.get(&session).await.ok().contains("1 / 2"));
}

#[tokio::test]
async fn what_players_and_models_write_stays_text() {
    let fake = FakeLlm::openai().await;
    let hostile =
        "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) \u{202e}txt";
    fake.always(Script::reply(hostile));
    let world = World::with_model(&fake).await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    let line = format!("{hostile} [EDIT: <b>door</b>: {hostile}]");
    visitor.post(&format!("{session}/turns"), &[("input", &line), ("key", "k1")]).await.leads();
    let turn = value(&visitor.get(&session).await.ok(), "expected_head");
    for path in [
        session.clone(),
        format!("{session}/memory"),
        format!("{session}/tree"),
        format!("{session}/turns/{turn}/explain"),
        "/".to_owned(),
    ] {
        let text = visitor.get(&path).await.ok();
        assert!(
            !text.contains("<script>alert") && !text.contains("<img") && !text.contains("<b>door"),
            "{path}: {text}"
        );
        assert!(!text.contains("href=\"javascript"), "{path}");
    }
    assert!(
        !visitor.get(&session).await.ok().contains("\u{202e}txt</p>"),
        "nothing turns the reading direction"
    );
}

#[tokio::test]
async fn an_explanation_adds_up_to_the_apis_total() {
    let fake = FakeLlm::openai().await;
    let world = World::with_model(&fake).await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    visitor.post(&format!("{session}/turns"), &[("input", "I wait."), ("key", "k1")]).await.leads();
    let turn = value(&visitor.get(&session).await.ok(), "expected_head");
    let api = world.get(&format!("/api/v1{session}/turns/{turn}/explain")).await.ok();
    let text = visitor.get(&format!("{session}/turns/{turn}/explain")).await.ok();
    let sum = text.split("<tfoot>").nth(1).unwrap();
    assert!(sum.contains(&format!("class=\"num\" data-label=\"tokens\">{}<", api["total_tokens"])), "{sum}");
    assert!(text.contains("Byte for byte what was sent"), "{text}");
    assert!(text.contains("canon.md:"), "sources are named");
}

#[tokio::test]
async fn memory_shows_facts_tone_and_what_was_denied() {
    let world = World::offline().await;
    let canon = world::SMALL_CANON.replace("edit: builder", "edit: builder\n  retcon: nobody");
    std::fs::write(world.folder.path().join("canon/small/canon.md"), canon).unwrap();
    world.app.canons.refresh().await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    let line = "[EDIT: the door: it is green] [TONE: dry] [RETCON: the lamp: it was out] I wait.";
    visitor.post(&format!("{session}/turns"), &[("input", line), ("key", "k1")]).await.leads();
    let text = visitor.get(&format!("{session}/memory")).await.ok();
    for expected in ["it is green", "<dd>dry</dd>", "not permitted", "state-ok", "turn 1"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn the_editor_saves_and_never_loses_a_text() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    let hash = value(&visitor.get("/canon/small").await.ok(), "expected_hash");
    let better = world::SMALL_CANON.replace("A lamp burns", "Two lamps burn").replace('\n', "\r\n");
    let save = |text: &str, hash: &str| {
        [("path", "canon.md".to_owned()), ("text", text.to_owned()), ("expected_hash", hash.to_owned())]
    };
    let send = async |form: &[(&str, String)]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        visitor.post("/canon/small", &form).await
    };
    let address = send(&save(&better, &hash)).await.leads();
    assert!(visitor.get(&address).await.ok().contains("Two lamps burn"));
    let disk = || std::fs::read_to_string(world.folder.path().join("canon/small/canon.md")).unwrap();
    assert!(disk().contains("Two lamps burn") && !disk().contains('\r'));
    let mine = "# World\n\nMine & only mine.\n";
    let text = send(&save(mine, &hash)).await.refused(409, "Mine &amp; only mine.");
    assert!(text.contains("file_changed") && disk().contains("Two lamps burn"));
    let current = value(&text, "replace");
    let mut again = save(mine, &hash).to_vec();
    again.push(("replace", current));
    send(&again).await.leads();
    assert!(disk().contains("Mine & only mine."));
    let now = value(&visitor.get("/canon/small").await.ok(), "expected_hash");
    let broken = "---\nlanguage: zh-CN\n# World\n";
    let text = send(&save(broken, &now)).await.refused(422, "canon_unplayable");
    assert!(text.contains("language: zh-CN\n# World") && text.contains("data-goto-line"), "{text}");
    let checked = visitor.post("/canon/small/check", &[("path", "canon.md"), ("text", broken)]).await.ok();
    assert!(!checked.contains("<html") && checked.contains("data-severity=\"error\""), "{checked}");
}

#[tokio::test]
async fn versions_are_listed_and_compared() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    visitor.post(&format!("{session}/turns"), &[("input", "I wait."), ("key", "k1")]).await.leads();
    let canon = world::SMALL_CANON.replace("never goes out", "goes out at dawn");
    std::fs::write(world.folder.path().join("canon/small/canon.md"), canon).unwrap();
    world.app.canons.refresh().await;
    visitor.post(&format!("{session}/turns"), &[("input", "I wait."), ("key", "k2")]).await.leads();
    let text = visitor.get("/canon/small/history").await.ok();
    assert!(text.contains("current") && text.contains("with the one before"), "{text}");
    let link = text.split("href=\"").find(|piece| piece.starts_with("/canon/small/diff")).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let text = visitor.get(&link).await.ok();
    assert!(text.contains("class=\"del\"") && text.contains("goes out at dawn"), "{text}");
}

#[tokio::test]
async fn a_token_lets_in_by_a_strict_cookie_and_a_wrong_one_is_audited() {
    let world = World::offline().await;
    assert_eq!(Visitor::of(&world).get("/login").await.leads(), "/", "nothing to log in to yet");
    let token = token_of(&world.app, "ada", Role::Player).await;
    let stranger = Visitor::of(&world);
    assert_eq!(stranger.get("/").await.leads(), "/login");
    let text = stranger.post("/login", &[("token", "loom_none_at-all")]).await.refused(401, "field-error");
    assert!(!text.contains("loom_none_at-all"), "a token is not shown again");
    let denied = world.audit().into_iter().find(|line| line["action"] == "login").unwrap();
    assert_eq!((denied["outcome"].as_str(), denied["actor"].as_str()), (Some("denied"), Some("anonymous")));
    let welcome = stranger.post("/login", &[("token", &format!(" {token} "))]).await;
    assert!(welcome.cookie.starts_with(&format!("loom_token={token};")), "{}", welcome.cookie);
    assert!(welcome.cookie.contains("HttpOnly; SameSite=Strict"), "{}", welcome.cookie);
    assert_eq!(welcome.leads(), "/");
    let ada = Visitor::with_token(&world, &token);
    assert!(ada.get("/").await.ok().contains("action=\"/logout\""));
    let out = ada.post("/logout", &[]).await;
    assert!(out.cookie.contains("Max-Age=0"), "{}", out.cookie);
    let foreign = stranger.request(Method::POST, "/login").header("sec-fetch-site", "cross-site");
    page(foreign.form(&[("token", &token)]).send().await.unwrap()).await.refused(403, "field-error");
}

#[tokio::test]
async fn operators_manage_users_and_nobody_else_does() {
    let world = World::offline().await;
    let local = Visitor::of(&world);
    assert!(local.get("/users").await.ok().contains("value=\"operator\" selected"));
    let first = local.post("/users", &[("name", "root"), ("role", "operator")]).await.ok();
    let token = first.split("class=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("loom_"), "{token}");
    let root = Visitor::with_token(&world, &token);
    assert!(!root.get("/users").await.ok().contains(&token), "shown once");
    let added = root.post("/users", &[("name", "ada"), ("role", "player")]).await.ok();
    let ada_token = added.split("class=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let ada = Visitor::with_token(&world, &ada_token);
    assert!(!ada.get("/").await.ok().contains("href=\"/users\""));
    ada.get("/users").await.refused(403, "forbidden");
    ada.post("/users", &[("name", "eve"), ("role", "operator")]).await.refused(403, "forbidden");
    root.post("/users", &[("name", "ada"), ("role", "player")]).await.refused(409, "name_taken");
    let id =
        added.split("btn-primary\" href=\"/users/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let made = root.post(&format!("/users/{id}/tokens"), &[("label", "phone <b>")]).await.ok();
    assert!(made.contains("class=\"token\">loom_"));
    let listed = root.get(&format!("/users/{id}")).await.ok();
    assert!(listed.contains("phone &lt;b&gt;"), "{listed}");
    let revoke =
        listed.split("action=\"").find(|piece| piece.contains("/revoke")).unwrap().split('"').next().unwrap();
    root.post(revoke, &[]).await.leads();
    assert!(root.get(&format!("/users/{id}")).await.ok().contains("revoked"));
    root.post(&format!("/users/{id}"), &[("disabled", "true")]).await.leads();
    assert_eq!(ada.get("/").await.leads(), "/login", "a disabled user is out at once");
    let denied = world.audit().into_iter().filter(|line| line["outcome"] == "denied").count();
    assert!(denied >= 2, "who tried is recorded");
}

#[tokio::test]
async fn deleting_needs_the_storys_name() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    let session = begin(&visitor).await;
    visitor
        .post(&format!("{session}/delete"), &[("confirm", "tset")])
        .await
        .refused(422, "nothing was deleted");
    assert_eq!(world.rows("sessions").await, 1);
    visitor.post(&format!("{session}/delete"), &[("confirm", "test")]).await.leads();
    assert_eq!(world.rows("sessions").await, 0);
}

#[tokio::test]
async fn a_problem_is_a_page_for_a_reader_and_json_for_a_program() {
    let world = World::offline().await;
    let visitor = Visitor::of(&world);
    visitor.get("/sessions/none").await.refused(404, "session_not_found");
    let problem = world.get("/api/v1/sessions/none").await.problem(404, "session_not_found");
    assert!(
        visitor.get(problem["type"].as_str().unwrap()).await.ok().contains("<code>session_not_found</code>")
    );
    visitor.get("/problems/nonsense").await.refused(404, "not_found");
    visitor.post("/login", &[]).await.refused(422, "token");
}
