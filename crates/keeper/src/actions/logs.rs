//! `logs scan` and `logs rotate`: what the log files of services say, and how they are kept short.

mod lines;
mod rotated;
mod shapes;
mod turn;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use jiff::SignedDuration;
use keeper_core::plan::{
    command::Command,
    service::{LogFile, LogKind, Service},
};
use serde_json::json;

use super::{Surroundings, path_of};
use crate::{
    cli::table::{plain, table},
    report::{Report, Verdict},
};

/// A scan looks at so much, where it is not told.
const SINCE: SignedDuration = SignedDuration::from_hours(24);
const COMPRESS_AFTER: Duration = Duration::from_secs(7 * 86_400);
const DELETE_AFTER: Duration = Duration::from_secs(30 * 86_400);
/// So many shapes are shown, the most frequent first.
const SHOWN: usize = 15;

/// Counts the lines that matter, groups them by shape, and says which shapes are new against the week before.
pub(super) async fn scan(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let since = command.period("since").map_or(SINCE, keeper_core::plan::value::Period::duration);
    let from = around.clock.now().saturating_sub(since)?;
    let last: usize = command.value("last").and_then(|text| text.parse().ok()).unwrap_or_default();
    let (mut shown, mut rows, mut data) = (Vec::new(), Vec::new(), Vec::new());
    let (mut matches, mut kinds, mut new) = (0, 0, 0);
    for (service, log) in chosen(around, command)? {
        let path = path_of(service, &log.path);
        if !path.exists() && rotated::of(&path).is_empty() {
            continue;
        }
        let rule = shapes::Rule::new(log.kind, command.value("pattern"));
        let (stop, name) = (around.stop.clone(), path.clone());
        let found =
            tokio::task::spawn_blocking(move || shapes::scan(&name, &rule, from, last, &stop)).await??;
        matches += found.matches;
        kinds += found.shapes.len();
        for shape in &found.shapes {
            new += usize::from(shape.is_new);
            let mark = if shape.is_new { "new" } else { "" };
            let sample = plain(&shape.sample, 120);
            rows.push(vec![path.display().to_string(), shape.count.to_string(), mark.to_owned(), sample]);
        }
        shown.extend(found.last.iter().map(|line| format!("{line}\n")));
        data.push(json!({ "file": path, "found": found }));
    }
    if data.is_empty() {
        return Ok(Report::skipped("no log file is there"));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row[1].parse::<u64>().unwrap_or_default()));
    rows.truncate(SHOWN);
    let summary =
        format!("{matches} line(s) of {kinds} shape(s), {new} of them new, in {} file(s)", data.len());
    let mut text = format!("{summary}\n");
    if !rows.is_empty() {
        text.push_str(&table(&["FILE", "LINES", "", "SUCH AS"], &rows));
    }
    text.push_str(&shown.concat());
    Ok(Report { verdict: Verdict::Good, summary, text, data: json!(data) })
}

/// Renames the files that are written, packs old ones, deletes older ones.
pub(super) async fn rotate(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let period = |flag: &str, usual| {
        command.period(flag).map_or(usual, |it| Duration::from_secs(u64::from(it.as_seconds())))
    };
    let rule = turn::Rule {
        compress_after: period("compress-after", COMPRESS_AFTER),
        delete_after: period("delete-after", DELETE_AFTER),
    };
    let paths: Vec<PathBuf> =
        chosen(around, command)?.into_iter().map(|(service, log)| path_of(service, &log.path)).collect();
    let (now, stop) = (around.clock.now(), around.stop.clone());
    let work = move || -> anyhow::Result<Vec<turn::Done>> {
        let mut all = Vec::new();
        for path in &paths {
            let done = turn::rotate(path, &rule, now, &stop);
            all.extend(done.with_context(|| format!("rotating {}", path.display()))?);
        }
        Ok(all)
    };
    let done = tokio::task::spawn_blocking(work).await??;
    if done.is_empty() {
        return Ok(Report::skipped("nothing to rotate"));
    }
    let count = |what| done.iter().filter(|one| one.what == what).count();
    let refused = count(turn::What::Kept);
    let summary = format!(
        "{} renamed, {} packed, {} deleted, {refused} left as they are",
        count(turn::What::Renamed),
        count(turn::What::Packed),
        count(turn::What::Deleted)
    );
    let rows: Vec<Vec<String>> = done
        .iter()
        .map(|one| vec![one.what.word().to_owned(), one.file.display().to_string(), one.why.clone()])
        .collect();
    let verdict = if refused == 0 { Verdict::Good } else { Verdict::Bad };
    Ok(Report { verdict, summary, text: table(&["", "FILE", "WHY"], &rows), data: json!(done) })
}

/// The log files that a command is about.
fn chosen<'a>(
    around: &'a Surroundings<'_>,
    command: &Command,
) -> anyhow::Result<Vec<(&'a Service, &'a LogFile)>> {
    let kind = match command.value("kind") {
        Some("application") => Some(LogKind::Application),
        Some("access") => Some(LogKind::Access),
        Some("audit") => Some(LogKind::Audit),
        _ => None,
    };
    let services = around.services(command)?;
    let files =
        services.into_iter().flat_map(|(_, service)| service.logs.iter().map(move |log| (service, log)));
    Ok(files.filter(|(_, log)| kind.is_none_or(|kind| kind == log.kind)).collect())
}
