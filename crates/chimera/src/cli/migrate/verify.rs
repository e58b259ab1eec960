//! `chimera migrate verify`: are the tables and indexes there, and can a profile be saved and loaded?

use std::process::ExitCode;

use chassis::clock::Clock;
use chimera_core::profile::Profile;
use serde_json::json;
use storage::Database;

use super::Invocation;
use crate::store::{
    profiles,
    schema::{self, Part},
    switches,
};

/// What must be there after `upgrade head`.
const TABLES: [&str; 10] = [
    "accounts",
    "user_settings",
    "matches",
    "match_participants",
    "analyses",
    "deliveries",
    "feedback",
    "experiments",
    "switches",
    "user_profiles",
];
const INDEXES: [&str; 2] = ["idx_user_profiles_puuid", "idx_user_profiles_last_updated"];

struct Finding {
    what: String,
    problem: Option<String>,
}

pub(super) async fn run(invocation: &Invocation, database: &Database) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    for (part, names) in [(Part::Table, &TABLES[..]), (Part::Index, &INDEXES[..])] {
        for name in names {
            let problem = (!schema::exists(database, part, name).await?)
                .then(|| "is missing: run `chimera migrate upgrade head`".to_owned());
            findings.push(Finding { what: format!("{} {name}", part.name()), problem });
        }
    }
    let is_complete = findings.iter().all(|finding| finding.problem.is_none());
    if is_complete {
        let problem = round_trip(database).await.err().map(|error| format!("{error:#}"));
        findings.push(Finding { what: "profile saved, loaded and deleted".to_owned(), problem });
    }
    print(invocation, &findings)?;
    if is_complete && let Some(since) = switches::off_since(database, switches::PROFILE_WRITES).await? {
        eprintln!("writing profiles is off since {since} UTC: `chimera profile writes on` switches it on");
    }
    let is_good = findings.iter().all(|finding| finding.problem.is_none());
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(invocation: &Invocation, findings: &[Finding]) -> anyhow::Result<()> {
    if invocation.json {
        let lines: Vec<_> =
            findings.iter().map(|it| json!({ "what": it.what, "problem": it.problem })).collect();
        return invocation.print_json(&lines);
    }
    for finding in findings {
        match &finding.problem {
            None => println!("ok    {}", finding.what),
            Some(problem) => println!("FAIL  {} {problem}", finding.what),
        }
    }
    Ok(())
}

/// Saves a made-up profile the way reviews do, reads it back, and leaves nothing behind.
async fn round_trip(database: &Database) -> anyhow::Result<()> {
    let user = format!("verify-{}", uuid::Uuid::new_v4());
    let profile = Profile { puuid: "画像".to_owned(), reviews: 1, ..Profile::default() };
    let profile = serde_json::to_string(&profile)?;
    let outcome = save_and_load(database, &user, &profile).await;
    profiles::delete(database, &user).await?;
    outcome?;
    anyhow::ensure!(profiles::load(database, &user).await?.is_none(), "the profile could not be deleted");
    Ok(())
}

async fn save_and_load(database: &Database, user: &str, profile: &str) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let is_off = switches::off_since(database, switches::PROFILE_WRITES).await?.is_some();
    let mut transaction = database.begin().await?;
    if is_off {
        // An operator's own check goes past the switch, which is for reviews.
        profiles::restore(&mut transaction, &profiles::StoredProfile::new(user, "verify", profile, now))
            .await?;
    } else {
        profiles::save(&mut transaction, user, "verify", profile, now).await?;
    }
    transaction.commit().await?;
    let found = profiles::load(database, user).await?;
    let is_same = found.is_some_and(|found| found.profile_json == profile && found.puuid == "verify");
    anyhow::ensure!(is_same, "what was saved is not what was loaded");
    serde_json::from_str::<Profile>(profile)?;
    Ok(())
}
