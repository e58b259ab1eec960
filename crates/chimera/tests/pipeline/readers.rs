//! What people choose in `/settings` and what is known of them changes what they read.

use chimera::store::{
    profiles,
    settings::{self, UserSettings},
};
use serde_json::{Value, json};

use crate::world::{RIFT, USER, World, match_bytes, words};

async fn choose(world: &World, chosen: &UserSettings) {
    settings::save(&world.app.database, USER, chosen, world.app.clock.now()).await.unwrap();
}

async fn asked(world: &World, index: u32) -> String {
    let options = json!([{ "name": "match_index", "type": 4, "value": index }]);
    words(&world.answered("analyze", &options, "en-US").await)
}

fn narrative(message: &str) -> &str {
    message.split_once("\n\n").unwrap().1.split("\n⚡").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_changes_the_review_although_one_is_stored() {
    let world = World::new().await;
    world.ready(RIFT, 4).await;
    let mut chosen = UserSettings::default();
    let before = asked(&world, 1).await;
    assert!(before.contains("Gold vs lane at 10"), "{before}");

    chosen.tone = "casual".to_owned();
    choose(&world, &chosen).await;
    let casual = asked(&world, 1).await;
    assert_ne!(narrative(&casual), narrative(&before));
    chosen.detail = "concise".to_owned();
    choose(&world, &chosen).await;
    let concise = asked(&world, 1).await;
    assert!(narrative(&concise).len() < narrative(&casual).len(), "{concise}");
    chosen.timeline = false;
    chosen.role = Some("mid".to_owned());
    choose(&world, &chosen).await;
    let without = asked(&world, 1).await;
    assert!(!without.contains("Gold vs lane at 10"), "{without}");
    assert!(without.contains("Support (main role: Mid)"), "{without}");
    chosen.language = Some("zh-CN".to_owned());
    choose(&world, &chosen).await;
    let chinese = asked(&world, 1).await;
    assert!(chinese.contains("核心优势") && chinese.contains("主玩中单"), "{chinese}");
    choose(&world, &UserSettings::default()).await;
    assert_eq!(narrative(&asked(&world, 1).await), narrative(&before));
}

/// The same match under so many ids.
fn put_copies(world: &World, count: u64) {
    let honest: Value = serde_json::from_slice(&match_bytes(RIFT)).unwrap();
    for number in 0..count {
        let mut copy = honest.clone();
        copy["metadata"]["matchId"] = format!("EUW1_{}", 700 + number).into();
        copy["info"]["gameId"] = (700 + number).into();
        world.riot.put_match(copy.to_string().into_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_matches_make_habits_that_are_shown_until_somebody_says_no() {
    let world = World::new().await;
    world.ready(RIFT, 4).await;
    put_copies(&world, 5);
    for index in 1..=4 {
        let text = asked(&world, index).await;
        assert!(!text.contains("earlier matches"), "four are too few:\n{text}");
    }
    let few = words(&world.answered("profile", &json!([]), "en-US").await);
    assert!(few.contains("4 of the 5 matches"), "{few}");
    let fifth = asked(&world, 5).await;
    assert!(fifth.contains("over 5 matches; this one: "), "{fifth}");
    assert!(fifth.contains("90 % confidence"), "{fifth}");
    let profile = words(&world.answered("profile", &json!([]), "en-US").await);
    assert!(profile.contains("Mean score") && profile.contains("90 % confidence"), "{profile}");

    choose(&world, &UserSettings { allow_historical_analysis: false, ..UserSettings::default() }).await;
    assert!(!asked(&world, 5).await.contains("earlier matches"));
    let profile = words(&world.answered("profile", &json!([]), "en-US").await);
    assert!(!profile.contains("Mean score") && profile.contains("Switched off:"), "{profile}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_somebody_else_asked_for_first_still_counts_for_its_player() {
    let world = World::new().await;
    let puuid = world.put_match(RIFT, 4);
    let by_name = json!([{ "name": "target", "type": 3, "value": "Tester#TEST" }]);
    world.answered("analyze", &by_name, "en-US").await;
    assert_eq!(world.rows("user_profiles").await, 0);
    world.bind(&puuid, "euw1").await;
    asked(&world, 1).await;
    assert_eq!(world.rows("user_profiles").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_account_does_not_start_the_profile_anew() {
    let world = World::new().await;
    let first = world.ready(RIFT, 4).await;
    asked(&world, 1).await;
    world.ready(RIFT, 5).await;
    let second = json!([{ "name": "target", "type": 3, "value": "2" }]);
    world.answered("analyze", &second, "en-US").await;
    let profile = profiles::load(&world.app.database, USER).await.unwrap().unwrap();
    assert_eq!(profile.puuid, first);
}
