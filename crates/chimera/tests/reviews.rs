//! `chimera analyze` and `chimera explain` on real matches, as a person at a terminal uses them.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use chassis::clock::Clock;
use chimera::{
    app::MIGRATION_SETS,
    store::{
        analyses::{self, AnalysisKey, Finished},
        matches::{self, StoredMatch},
    },
};
use serde_json::Value;
use storage::{Database, DatabaseSettings};
use testkit::TempDb;

fn shared(path: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lol");
    assert!(folder.is_dir(), "the test data is missing: {}", folder.display());
    folder.join(path)
}

/// Every match with its timeline, where it has one.
fn matches_and_timelines() -> Vec<(PathBuf, Option<PathBuf>)> {
    let mut found: Vec<_> = fs::read_dir(shared("matches"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let timeline = shared("timelines").join(path.file_name().unwrap());
            (path, timeline.is_file().then_some(timeline))
        })
        .collect();
    found.sort();
    assert!(found.len() > 50, "only {} matches were found", found.len());
    found
}

fn chimera(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chimera"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The arguments of `analyze` for the player in one place of the list.
fn arguments(pair: &(PathBuf, Option<PathBuf>), place: usize) -> Option<Vec<String>> {
    let document: Value = serde_json::from_slice(&fs::read(&pair.0).unwrap()).unwrap();
    let players = document["info"]["participants"].as_array().unwrap();
    let named: Vec<_> =
        players.iter().filter_map(|it| it["puuid"].as_str()).filter(|it| it.len() > 10).collect();
    let puuid = named.get(place % named.len().max(1))?;
    let mut words = vec!["--match".to_owned(), pair.0.display().to_string()];
    if let Some(timeline) = &pair.1 {
        words.extend(["--timeline".to_owned(), timeline.display().to_string()]);
    }
    words.extend(["--puuid".to_owned(), (*puuid).to_owned()]);
    Some(words)
}

#[test]
fn every_match_is_reviewed_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let mut reviewed = 0;
    for (place, pair) in matches_and_timelines().iter().enumerate() {
        let Some(words) = arguments(pair, place) else { continue };
        let run = |extra: &[&str]| {
            let words: Vec<&str> = ["analyze"]
                .into_iter()
                .chain(words.iter().map(String::as_str))
                .chain(extra.iter().copied())
                .collect();
            stdout(&chimera(folder.path(), &words, &[]))
        };
        let chinese = run(&[]);
        assert!(
            chinese.contains("Riot Games") && chinese.chars().any(|c| c > '\u{4e00}'),
            "{pair:?}: {chinese}"
        );
        assert!(!chinese.contains("NaN"), "{pair:?}: {chinese}");
        let english: Value = serde_json::from_str(&run(&["--lang", "en", "--json"])).unwrap();
        let text = english["narrative"]["text"].as_str().unwrap();
        assert!(text.is_empty() || text.chars().any(|c| c.is_ascii_alphabetic()), "{pair:?}: {text}");
        assert_eq!(english["review"]["match_id"], pair.0.file_stem().unwrap().to_str().unwrap());
        let team = run(&["--team", if place % 2 == 0 { "--lang=en" } else { "--lang=zh-CN" }]);
        assert!(team.lines().count() > 5 && !team.contains("NaN"), "{pair:?}: {team}");
        reviewed += 1;
    }
    assert!(reviewed >= 50, "only {reviewed} matches were reviewed");
}

const MATCH: &str = "EUW1_7684569678";

fn pair() -> [String; 2] {
    ["matches", "timelines"].map(|kind| shared(&format!("{kind}/{MATCH}.json")).display().to_string())
}

#[test]
fn a_review_reads_as_on_discord() {
    let folder = tempfile::tempdir().unwrap();
    let [record, timeline] = pair();
    let words = ["analyze", "--match", &record, "--timeline", &timeline, "--puuid", "Kayle", "--lang", "en"];
    let text = stdout(&chimera(folder.path(), &words, &[]));
    // How a card is worded is the cards' own matter; here it matters that all of it arrives and no mark of Discord's.
    for part in [
        "Drututt#MAKS · Kayle\n",
        "Victory · Kayle\n",
        "tier",
        "Strengths (compared within the match)\n",
        "Points to work on (compared within the match)\n",
        "Evidence\n5:46 Solo kill on Jarvan IV\n",
        "K/D/A 14/3/3",
        "Void Staff, Rabadon's Deathcap",
        "chimera-score-",
        "isn't endorsed by Riot Games",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!text.contains("**") && !text.contains('`') && !text.contains("\\"), "{text}");
}

#[test]
fn a_player_is_found_by_name_champion_and_puuid_and_nobody_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let [record, _] = pair();
    let check = |player: &str, expected: Result<&str, &[&str]>| {
        let output =
            chimera(folder.path(), &["analyze", "--match", &record, "--puuid", player, "--json"], &[]);
        match expected {
            Ok(champion) => {
                let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
                assert_eq!(document["review"]["player"]["champion_key"], champion, "{player}");
            }
            Err(parts) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(!output.status.success(), "{player}");
                parts.iter().for_each(|part| assert!(said.contains(part), "{player}: {said}"));
            }
        }
    };
    check("Kayle", Ok("Kayle"));
    check("凯尔", Ok("Kayle"));
    check("k'sante", Ok("KSante"));
    check("ACHERON IX#k405", Ok("Talon"));
    check("Teemo", Err(&["Teemo", MATCH, "Acheron IX#K405 (Talon)"]));
    check("", Err(&["nobody"]));
}

/// A PUUID may begin with a dash.
#[test]
fn a_puuid_is_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let [record, timeline] = pair();
    let check = |words: &[&str]| {
        let output = chimera(folder.path(), words, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("nobody in match") && said.contains("`-zP_u-1d`"), "{words:?}: {said}");
    };
    check(&["analyze", "--match", &record, "--puuid", "-zP_u-1d"]);
    check(&["explain", "--match", &record, "--timeline", &timeline, "--", "-zP_u-1d"]);
    let refused = chimera(folder.path(), &["explain", "--match", &record, "-zP_u-1d"], &[]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("use '-- -z"));
}

#[test]
fn files_that_cannot_serve_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [record, timeline] = pair();
    let other = shared("timelines/KR_7014499581.json").display().to_string();
    let broken = folder.path().join("broken.json").display().to_string();
    fs::write(&broken, "{\"info\":").unwrap();
    let large = folder.path().join("large.json").display().to_string();
    fs::File::create(&large).unwrap().set_len(64 * 1024 * 1024).unwrap();
    let check = |record: &str, timeline: &str, parts: &[&str]| {
        let words = ["analyze", "--match", record, "--timeline", timeline, "--puuid", "Kayle"];
        let output = chimera(folder.path(), &words, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{record} {timeline}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{said}"));
    };
    check("absent.json", &timeline, &["absent.json"]);
    check(&broken, &timeline, &["broken.json"]);
    check(&large, &timeline, &["large.json", "limit"]);
    check(&record, &large, &["large.json", "limit"]);
    check(&record, &other, &["KR_7014499581", MATCH]);
    let output = chimera(folder.path(), &["explain", MATCH, "Kayle"], &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("chimera migrate upgrade head"));
    // A broken timeline takes only what needs one.
    let words = ["analyze", "--match", &record, "--timeline", &broken, "--puuid", "Kayle", "--lang", "en"];
    let output = chimera(folder.path(), &words, &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("left out"));
    assert!(stdout(&output).contains("lacks"));
}

#[tokio::test]
async fn a_stored_score_is_explained_bit_for_bit() {
    let [record, timeline] = pair();
    for place in TempDb::each().await {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| chimera(folder.path(), arguments, &[("DATABASE_URL", &place.url)]);
        let files = ["--match", &record, "--timeline", &timeline];
        let mut words = vec!["analyze"];
        words.extend(files);
        words.extend(["--puuid", "Kayle", "--json"]);
        let review = serde_json::from_str::<Value>(&stdout(&run(&words))).unwrap()["review"].clone();
        let key = AnalysisKey {
            match_id: MATCH.to_owned(),
            puuid: review["player"]["puuid"].as_str().unwrap().to_owned(),
            kind: "analyze".to_owned(),
        };
        let database = Database::open(&DatabaseSettings::at(&place.url), Clock::system()).await.unwrap();
        storage::migrate::up(&database, &MIGRATION_SETS).await.unwrap();
        store(&database, &key, &review).await;
        let from_file = stdout(&run(&[&["explain"][..], &files, &["Kayle"]].concat()));
        let from_store = stdout(&run(&["explain", MATCH, "Kayle"]));
        assert_eq!(from_store, format!("{from_file}\nthe stored score is the same, bit for bit\n"));

        let mut changed = review.clone();
        let total = &mut changed["score"]["total"];
        *total = f64::from_bits(total.as_f64().unwrap().to_bits() + 1).into();
        store(&database, &key, &changed).await;
        database.close().await;
        let output = run(&["explain", MATCH, "Kayle"]);
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stdout).contains("total is stored as"));
        let absent = run(&["explain", "EUW1_1", "Kayle"]);
        assert!(String::from_utf8_lossy(&absent.stderr).contains("no match `EUW1_1`"));
    }
}

async fn store(database: &Database, key: &AnalysisKey, review: &Value) {
    let now = Clock::system().now();
    let [record, timeline] = pair().map(|path| fs::read(path).unwrap());
    let found = chimera_core::match_record::parse(&record).unwrap();
    let stored = StoredMatch::of(&found, record, Some(timeline));
    assert_eq!((stored.platform.as_str(), stored.participants.len()), ("euw1", 10));
    matches::put(database, &stored, now).await.unwrap();
    let back = matches::get(database, &key.match_id).await.unwrap().unwrap();
    assert_eq!(back, StoredMatch { participants: Vec::new(), ..stored });
    let mut work = database.begin().await.unwrap();
    analyses::start(&mut work, key, "ann", now).await.unwrap();
    let finished = Finished { score_json: review.to_string(), ..Finished::default() };
    assert!(analyses::finish(&mut work, key, &finished, now).await.unwrap());
    work.commit().await.unwrap();
}
