//! Each command and each button, as a person would use them.

use chimera::{
    discord::requests::{AnalyzeRequest, BindRequest, ReviewKind, Target},
    store::{
        accounts,
        analyses::{self, AnalysisKey, Finished},
        feedback, matches, profiles, settings,
    },
};
use serde_json::{Value, json};
use testkit::TempDb;

use crate::stage::{Stage, USER, click, command, form, option, text_of, typing};

/// The payload of the only job of a kind.
async fn payload(stage: &Stage, kind: &str) -> Value {
    let sql = "SELECT payload FROM job_queue WHERE kind = $1";
    let row = stage.app.database.fetch_one(sql, &storage::params![kind]).await.unwrap();
    serde_json::from_str(&row.get::<String>("payload").unwrap()).unwrap()
}

#[tokio::test]
async fn analyze_is_written_down_and_deferred_in_public() {
    let stage = Stage::start().await;
    let asked = command("analyze", &json!([option("match_index", 3), option("target", "Hide on bush#KR1")]));
    assert_eq!(stage.answered(&asked).await, json!({ "type": 5 }));
    let request: AnalyzeRequest = serde_json::from_value(payload(&stage, "analyze").await).unwrap();
    let target = Target::RiotId { game_name: "Hide on bush".to_owned(), tag_line: "KR1".to_owned() };
    assert_eq!((request.kind, request.match_index, &request.target), (ReviewKind::Analyze, 3, &target));
    assert_eq!(request.reply.user_id, USER);
    assert_eq!(request.reply.application_id, "9001");
    assert_eq!(request.reply.token.expose(), asked["token"].as_str().unwrap());
    assert!(request.reply.is_public && request.reply.channel_id == "42");
    assert_eq!(stage.seen(&asked).edits.len(), 0);
}

#[tokio::test]
async fn team_analyze_takes_a_riot_id() {
    let stage = Stage::start().await;
    let asked = command("team-analyze", &json!([option("riot_id", "<@123>")]));
    assert_eq!(stage.answered(&asked).await, json!({ "type": 5 }));
    let request: AnalyzeRequest = serde_json::from_value(payload(&stage, "analyze").await).unwrap();
    assert_eq!((request.kind, request.target), (ReviewKind::Team, Target::User("123".to_owned())));
}

#[tokio::test]
async fn what_cannot_be_meant_is_said_at_once_and_to_the_asker_alone() {
    let stage = Stage::start().await;
    let check = async |options: Value, expected: &str| {
        let answer = stage.answered(&command("analyze", &options)).await;
        assert_eq!(
            (answer["type"].as_u64(), answer["data"]["flags"].as_u64()),
            (Some(4), Some(64)),
            "{answer}"
        );
        let text = text_of(&answer["data"]);
        assert!(text.starts_with(expected), "{text}");
    };
    check(json!([option("target", "nobody")]), "I cannot tell who is meant").await;
    check(json!([option("target", "0")]), "Account numbers begin at 1").await;
    check(json!([option("match_index", 21)]), "There is no such match").await;
    check(json!([option("match_index", -4)]), "There is no such match").await;
    assert_eq!(stage.waiting("analyze").await, 0);
}

#[tokio::test]
async fn binding_opens_a_form_and_its_answer_becomes_a_job() {
    let stage = Stage::start().await;
    let opened = stage.answered(&command("bind", &json!([]))).await;
    assert_eq!(
        (opened["type"].as_u64(), opened["data"]["custom_id"].as_str()),
        (Some(9), Some("chimera:bind"))
    );

    let check = async |fields: &[(&str, &str)], expected: &str| {
        let answer = stage.answered(&form(fields)).await;
        assert!(text_of(&answer["data"]).starts_with(expected), "{answer}");
    };
    check(&[("riot_id", "nobody"), ("region", "kr")], "This is no Riot ID").await;
    check(&[("riot_id", "A#KR1"), ("region", "moon")], "This region is unknown").await;
    check(&[("riot_id", "A#KR1"), ("region", "kr"), ("main_role", "king")], "This role is unknown").await;

    let good =
        form(&[("riot_id", "阿狸#KR1"), ("region", "EUW"), ("main_role", "mid/adc"), ("nickname", "me")]);
    assert_eq!(stage.answered(&good).await, json!({ "type": 5, "data": { "flags": 64 } }));
    let request: BindRequest = serde_json::from_value(payload(&stage, "bind").await).unwrap();
    assert_eq!(
        (request.game_name.as_str(), request.tag_line.as_str(), request.platform.as_str()),
        ("阿狸", "KR1", "euw1")
    );
    assert_eq!(
        (request.main_roles, request.nickname.as_deref()),
        (vec!["mid".to_owned(), "bot".to_owned()], Some("me"))
    );
    assert!(!request.reply.is_public);
}

#[tokio::test]
async fn who_is_bound_is_asked_before_binding_again() {
    let stage = Stage::start().await;
    stage.bind("Faker", "p1").await;
    let answer = stage.answered(&command("bind", &json!([]))).await;
    assert!(text_of(&answer["data"]).contains("Faker"), "{answer}");
    let forced = command("bind", &json!([{ "name": "force_rebind", "type": 5, "value": true }]));
    assert_eq!(stage.answered(&forced).await["type"], 9);
}

#[tokio::test]
async fn accounts_are_listed_chosen_and_removed_after_a_question() {
    for place in TempDb::each().await {
        let stage = Stage::at(place, |_| {}).await;
        stage.bind("First", "p1").await;
        stage.bind("Second", "p2").await;
        let list = command("accounts", &json!([]));
        assert_eq!(stage.answered(&list).await, json!({ "type": 5, "data": { "flags": 64 } }));
        assert!(stage.edited(&list).await.contains("1. First"));
        let press = async |id: &str, values: &[&str]| {
            let click = click(id, values);
            assert_eq!(stage.answered(&click).await, json!({ "type": 6 }));
            stage.edited(&click).await
        };
        assert!(press("chimera:acc:select", &["p2"]).await.contains("2. Second"));
        assert!(press("chimera:acc:primary:p2", &[]).await.contains("is your primary account now"));
        assert!(press("chimera:acc:remove:p2", &[]).await.starts_with("Remove this account?"));
        assert_eq!(accounts::list(&stage.app.database, USER).await.unwrap().len(), 2);
        assert!(press("chimera:acc:confirm:p2", &[]).await.contains("was removed"));
        assert!(press("chimera:acc:confirm:p2", &[]).await.contains("not linked any more"));
        assert_eq!(stage.answered(&click("chimera:acc:add", &[])).await["type"], 9);

        let profile = command("profile", &json!([]));
        stage.answered(&profile).await;
        assert!(stage.edited(&profile).await.starts_with("Your profile"));
        let unbind = command("unbind", &json!([]));
        stage.answered(&unbind).await;
        assert!(stage.edited(&unbind).await.contains("First"));
        let again = command("unbind", &json!([]));
        stage.answered(&again).await;
        assert!(stage.edited(&again).await.starts_with("Nothing to unlink"));
        assert_eq!(stage.fake.refusals(), Vec::<String>::new());
    }
}

/// The id of the component whose own id begins so.
fn id_of(message: &Value, prefix: &str) -> String {
    let rows = message["components"].as_array().unwrap().iter();
    let ids =
        rows.flat_map(|row| row["components"].as_array().unwrap()).filter_map(|it| it["custom_id"].as_str());
    ids.into_iter().find(|id| id.starts_with(prefix)).unwrap().to_owned()
}

#[tokio::test]
async fn settings_change_only_when_saved_and_change_the_language() {
    let stage = Stage::start().await;
    let show = command("settings", &json!([]));
    stage.answered(&show).await;
    assert!(stage.edited(&show).await.starts_with("Settings"));
    let mut shown = stage.seen(&show).edits.pop().unwrap();
    for (what, values) in
        [("language", vec!["zh-CN"]), ("role", vec!["mid"]), ("tone", vec!["casual"]), ("timeline", vec![])]
    {
        let answer = stage.answered(&click(&id_of(&shown, &format!("chimera:set:{what}:")), &values)).await;
        assert_eq!(answer["type"], 7);
        shown = answer["data"].clone();
    }
    assert_eq!(settings::load(&stage.app.database, USER).await.unwrap(), settings::UserSettings::default());
    let save = click(&id_of(&shown, "chimera:set:save:"), &[]);
    assert_eq!(stage.answered(&save).await, json!({ "type": 6 }));
    assert!(stage.edited(&save).await.contains("已保存"));
    let saved = settings::load(&stage.app.database, USER).await.unwrap();
    assert_eq!(
        (saved.language.as_deref(), saved.role.as_deref(), saved.timeline),
        (Some("zh-CN"), Some("mid"), false)
    );
    let help = stage.answered(&command("help", &json!([]))).await;
    assert!(text_of(&help["data"]).starts_with("我能做什么"), "{help}");
    let reset = click(&id_of(&shown, "chimera:set:reset:"), &[]);
    stage.answered(&reset).await;
    stage.edited(&reset).await;
    assert_eq!(settings::load(&stage.app.database, USER).await.unwrap(), settings::UserSettings::default());
    let forged = stage.answered(&click("chimera:set:save:999999", &[])).await;
    assert!(text_of(&forged["data"]).starts_with("This command is unknown"));
}

#[tokio::test]
async fn an_opinion_counts_once_per_person_and_match() {
    let stage = Stage::start().await;
    let press = async |id: &str| {
        let click = click(id, &[]);
        assert_eq!(stage.answered(&click).await, json!({ "type": 5, "data": { "flags": 64 } }));
        stage.edited(&click).await
    };
    assert!(press("chimera:fb:up:EUW1_1").await.contains("noted"));
    assert!(press("chimera:fb:up:EUW1_1").await.contains("counts once"));
    assert!(press("chimera:fb:down:EUW1_1").await.contains("changed"));
    assert!(press("chimera:fb:star:EUW1_1").await.contains("noted"));
    assert!(press("chimera:fb:up:EUW1_2").await.contains("noted"));
    assert_eq!(feedback::tallies(&stage.app.database).await.unwrap(), []);
    for forged in ["chimera:fb:up:../x", "chimera:fb:love:EUW1_1", "chimera:fb", "other:fb:up:EUW1_1"] {
        let answer = stage.answered(&click(forged, &[])).await;
        assert!(text_of(&answer["data"]).starts_with("This command is unknown"), "{forged}");
    }
}

#[tokio::test]
async fn completions_offer_the_own_accounts_and_what_was_typed() {
    let stage = Stage::start().await;
    stage.bind("Faker", "p1").await;
    stage.bind("阿狸", "p2").await;
    let check = async |typed: &str, expected: &[&str]| {
        let answer = stage.answered(&typing("analyze", "target", typed)).await;
        let choices = answer["data"]["choices"].as_array().unwrap().clone();
        let values: Vec<_> = choices.iter().map(|choice| choice["value"].as_str().unwrap()).collect();
        assert_eq!(values, expected, "{answer}");
    };
    check("", &["1", "2", "?"]).await;
    check("fak", &["1", "?"]).await;
    check("阿", &["2", "?"]).await;
    check("Rookie#CN1", &["Rookie#CN1"]).await;
}

#[tokio::test]
async fn the_score_is_explained_from_what_is_stored() {
    let stage = Stage::start().await;
    let missing = click("chimera:explain:3:EUW1_1", &[]);
    stage.answered(&missing).await;
    assert!(stage.edited(&missing).await.starts_with("The match is no longer stored"));

    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/chimera_golden");
    let read = |name: &str| {
        std::fs::read(format!("{place}/{name}")).unwrap_or_else(|error| panic!("{place}/{name}: {error}"))
    };
    let (match_json, timeline_json) = (read("match.json"), read("timeline.json"));
    let found = chimera_core::match_record::parse(&match_json).unwrap();
    let timeline = chimera_core::timeline::parse(&timeline_json).unwrap();
    let puuid = found.info.participants[2].puuid.to_string();
    let review = chimera_core::report::review(&found, Some(&timeline), &puuid).unwrap();
    store(&stage, &review).await;
    let id = format!("chimera:explain:{}:{}", review.player.participant_id, review.match_id);
    let click = click(&id, &[]);
    stage.answered(&click).await;
    let text = stage.edited(&click).await;
    assert!(text.starts_with("How the score was made"), "{text}");
    assert!(text.contains(&format!("**{:.1}**", review.score.total.unwrap())), "{text}");
}

/// As a worker leaves it.
async fn store(stage: &Stage, review: &chimera_core::report::Review) {
    let database = &stage.app.database;
    let now = stage.app.clock.now();
    let participant = matches::Participant {
        participant_id: i64::from(review.player.participant_id.0),
        puuid: review.player.puuid.clone(),
        ..matches::Participant::default()
    };
    let stored = matches::StoredMatch {
        match_id: review.match_id.clone(),
        participants: vec![participant],
        ..matches::StoredMatch::default()
    };
    matches::put(database, &stored, now).await.unwrap();
    let key = AnalysisKey {
        match_id: review.match_id.clone(),
        puuid: review.player.puuid.clone(),
        kind: "analyze".to_owned(),
    };
    let finished = Finished {
        score_json: serde_json::to_string(review).unwrap(),
        version: review.version.clone(),
        language: "en".to_owned(),
        style: "balanced/detailed".to_owned(),
        narrative: String::new(),
        narrative_source: "template".to_owned(),
        degraded_reason: None,
        stage_ms: "{}".to_owned(),
    };
    let mut transaction = database.begin().await.unwrap();
    analyses::start(&mut transaction, &key, USER, now).await.unwrap();
    analyses::finish(&mut transaction, &key, &finished, now).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_profile_is_forgotten_after_a_question() {
    let stage = Stage::start().await;
    let profile = chimera_core::profile::Profile { reviews: 3, ..Default::default() };
    let mut transaction = stage.app.database.begin().await.unwrap();
    let json = serde_json::to_string(&profile).unwrap();
    profiles::save(&mut transaction, USER, "p1", &json, stage.app.clock.now()).await.unwrap();
    transaction.commit().await.unwrap();

    let show = command("profile", &json!([]));
    stage.answered(&show).await;
    stage.edited(&show).await;
    let forget = id_of(stage.seen(&show).edits.last().unwrap(), "chimera:profile:");
    let question = stage.answered(&click(&forget, &[])).await;
    assert_eq!(question["type"], 7);
    assert!(text_of(&question["data"]).starts_with("Forget earlier matches?"));
    assert!(profiles::load(&stage.app.database, USER).await.unwrap().is_some());
    let confirm = click("chimera:profile:confirm", &[]);
    stage.answered(&confirm).await;
    assert!(stage.edited(&confirm).await.contains("Forgotten"));
    assert_eq!(profiles::load(&stage.app.database, USER).await.unwrap().map(|profile| profile.puuid), None);
    assert_eq!(stage.fake.refusals(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_switched_off_says_so() {
    let place = TempDb::each().await.into_iter().next().unwrap();
    let stage = Stage::at(place, |config| config.features.team_analysis = false).await;
    let answer = stage.answered(&command("team-analyze", &json!([]))).await;
    assert!(text_of(&answer["data"]).starts_with("This is switched off"));
}
