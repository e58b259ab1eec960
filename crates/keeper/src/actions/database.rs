//! `db maintain`, `db slow` and `db advise` on the databases of services, SQLite and PostgreSQL.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chassis::{clock::utc_text, config::Environment};
use jiff::SignedDuration;
use keeper_core::plan::{
    command::Command,
    service::{Database as Place, Service},
};
use serde_json::json;
use storage::{Database, DatabaseSettings};

use super::{Surroundings, machine, path_of};
use crate::{
    cli::table::{plain, table},
    report::{Report, Verdict},
    secrets,
    store::foreign::{self, Upkeep},
};

/// Slow statements are looked for over so much, where nobody says.
const SINCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So many slow statements are shown.
const SHOWN: u32 = 20;

/// Vacuum, analyze, reindex; says what it took and what it gave back.
pub(super) async fn maintain(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let only = command.value("only");
    let (mut rows, mut data, mut freed) = (Vec::new(), Vec::new(), 0);
    for (name, service) in around.services(command)? {
        let Some(place) = &service.database else { continue };
        let database = open(around, service, place).await?;
        let before = foreign::size_bytes(&database).await?;
        for what in Upkeep::ALL.into_iter().filter(|what| only.is_none_or(|only| only == what.word())) {
            if what == Upkeep::Vacuum {
                has_space(service, place, before)?;
            }
            let started = Instant::now();
            let done = foreign::keep_up(&database, what).await;
            done.with_context(|| format!("{} of {name}'s database", what.word()))?;
            let took = format!("{} ms", started.elapsed().as_millis());
            rows.push(vec![name.to_string(), what.word().to_owned(), took]);
        }
        let after = foreign::size_bytes(&database).await?;
        freed += before - after;
        data.push(json!({ "service": name, "bytes_before": before, "bytes_after": after }));
        database.close().await;
    }
    if data.is_empty() {
        return Ok(Report::skipped("no service has a database"));
    }
    let summary = format!("{} database(s) kept up, {} KiB given back", data.len(), freed / 1_024);
    let text = format!("{}{summary}\n", table(&["SERVICE", "WHAT", "TOOK"], &rows));
    Ok(Report { verdict: Verdict::Good, summary, text, data: json!(data) })
}

/// The statements that took longest in all.
pub(super) async fn slow(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let since = command.period("since").map_or(SINCE, keeper_core::plan::value::Period::duration);
    let since = utc_text(around.clock.now().saturating_sub(since)?);
    let (mut rows, mut data) = (Vec::new(), Vec::new());
    for (name, service) in around.services(command)? {
        let Some(place) = &service.database else { continue };
        let database = open(around, service, place).await?;
        let found = foreign::slow_queries(&database, &since, SHOWN).await?;
        database.close().await;
        let Some(found) = found else { continue };
        for slow in &found {
            let figures = [slow.mean_ms, slow.worst_ms, slow.total_ms].map(|ms| format!("{ms:.0} ms"));
            let [mean, worst, total] = figures;
            rows.push(vec![
                name.to_string(),
                slow.times.to_string(),
                mean,
                worst,
                total,
                plain(&slow.query, 100),
            ]);
        }
        data.push(json!({ "service": name, "slow": found }));
    }
    if data.is_empty() {
        return Ok(Report::skipped("no service has a table slow_queries"));
    }
    let summary = format!("{} slow statement(s) since {since}", rows.len());
    let head = ["SERVICE", "TIMES", "MEAN", "WORST", "IN ALL", "STATEMENT"];
    Ok(Report { verdict: Verdict::Good, text: table(&head, &rows), summary, data: json!(data) })
}

/// What could be faster; indexes are made only with `--apply`.
pub(super) async fn advise(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let since = utc_text(around.clock.now().saturating_sub(SINCE)?);
    let (mut text, mut data, mut count, mut applied) = (String::new(), Vec::new(), 0, 0);
    for (name, service) in around.services(command)? {
        let Some(place) = &service.database else { continue };
        let database = open(around, service, place).await?;
        let slow = foreign::slow_queries(&database, &since, SHOWN).await?.unwrap_or_default();
        let queries: Vec<String> = slow.into_iter().map(|slow| slow.query).collect();
        let found = foreign::advise(&database, &queries).await?;
        for advice in &found {
            text.push_str(&format!("{name}: {}\n", plain(&advice.finding, 160)));
            let Some(proposal) = &advice.proposal else { continue };
            text.push_str(&format!("    {proposal}\n"));
            if command.has("apply") {
                foreign::apply(&database, proposal).await.with_context(|| proposal.clone())?;
                applied += 1;
            }
        }
        database.close().await;
        count += found.len();
        data.push(json!({ "service": name, "advice": found }));
    }
    if data.is_empty() {
        return Ok(Report::skipped("no service has a database"));
    }
    let summary = format!("{count} piece(s) of advice, {applied} applied");
    text.push_str(&format!("{summary}\n"));
    Ok(Report { verdict: Verdict::Good, summary, text, data: json!(data) })
}

/// Opens a service's database, which must be there.
pub(super) async fn open(
    around: &Surroundings<'_>,
    service: &Service,
    place: &Place,
) -> anyhow::Result<Database> {
    let url = match place {
        Place::Sqlite(path) => {
            let path = path_of(service, path);
            if !path.is_file() {
                bail!("there is no database at {}", path.display());
            }
            format!("sqlite:{}", path.display())
        }
        Place::Postgres(postgres) => match &postgres.password {
            None => postgres.url.clone(),
            Some(source) => {
                let password = secrets::read(source, &Environment::read())?;
                with_password(&postgres.url, password.expose())
            }
        },
    };
    let settings = DatabaseSettings { readers: 2, slow_query: Duration::MAX, ..DatabaseSettings::at(url) };
    Ok(Database::open(&settings, around.clock.clone()).await?)
}

/// A vacuum of SQLite writes the whole file anew before it lets the old one go.
fn has_space(service: &Service, place: &Place, bytes: i64) -> anyhow::Result<()> {
    let Place::Sqlite(path) = place else { return Ok(()) };
    let path = path_of(service, path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (_, free) = machine::disk(folder.unwrap_or_else(|| ".".as_ref()))?;
    let needed = u64::try_from(bytes).unwrap_or_default().saturating_mul(2);
    if free < needed {
        bail!("a vacuum needs {} MiB, and {} MiB are free", needed >> 20, free >> 20);
    }
    Ok(())
}

/// The URL with a password for its user.
fn with_password(url: &str, password: &str) -> String {
    let safe = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    let password: String = password.bytes().map(safe).collect();
    match url.split_once('@') {
        Some((before, after)) => format!("{before}:{password}@{after}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_put_where_it_belongs() {
        assert_eq!(with_password("postgres://a@db:5432/x", "p@ss/1"), "postgres://a:p%40ss%2F1@db:5432/x");
    }
}
