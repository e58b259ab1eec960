//! `health`: asks services over HTTP and TCP, looks for their processes and certificates, and at disk, memory and
//! processor.

mod certificate;

use std::{path::Path, time::Duration};

use keeper_core::plan::{command::Command, service::Service};
use reqwest::{Client, redirect::Policy};
use serde::Serialize;
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{Surroundings, machine};
use crate::{
    cli::table::table,
    report::{Report, Verdict},
};

const USUAL_LIMIT: Duration = Duration::from_secs(5);
/// A disk or memory that is fuller than this is not well.
const DISK_PERCENT: f64 = 90.0;
const MEMORY_PERCENT: f64 = 95.0;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Probe {
    of: String,
    what: String,
    /// None for a figure that is only told.
    ok: Option<bool>,
    found: String,
}

/// Looks at everything that the plan names for the services, and at the machine.
pub(super) async fn probe(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let limit =
        command.period("timeout").map_or(USUAL_LIMIT, |it| Duration::from_secs(u64::from(it.as_seconds())));
    let client = Client::builder().timeout(limit).redirect(Policy::limited(3)).build()?;
    let mut probes = Vec::new();
    let mut folders = vec![".".to_owned()];
    for (name, service) in around.services(command)? {
        let of = name.as_str();
        for url in urls(service) {
            probes.push(http(&client, of, &url).await);
        }
        for address in &service.tcp {
            probes.push(tcp(of, address, limit).await);
        }
        processes(of, &service.processes, &mut probes).await?;
        for text in &service.certificates {
            let now = around.clock.now();
            probes.push(certificate::probe(around.plan, of, service, text, now, limit).await);
        }
        folders.extend(service.directory.clone());
    }
    machine(folders, &mut probes).await?;
    Ok(report(&probes))
}

/// The health URL, and its path at every copy.
fn urls(service: &Service) -> Vec<String> {
    let Some(url) = &service.health_url else { return service.replicas.clone() };
    let path =
        url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    let copies = service.replicas.iter().map(|base| format!("{}{path}", base.trim_end_matches('/')));
    std::iter::once(url.clone()).chain(copies).collect()
}

async fn http(client: &Client, of: &str, url: &str) -> Probe {
    let started = Instant::now();
    let (ok, found) = match client.get(url).send().await {
        Ok(response) => {
            let status = response.status();
            (status.is_success(), format!("{} in {} ms", status.as_u16(), started.elapsed().as_millis()))
        }
        Err(error) if error.is_timeout() => {
            (false, format!("no answer within {} ms", started.elapsed().as_millis()))
        }
        Err(error) if error.is_connect() => (false, "no connection".to_owned()),
        Err(error) => (false, error.without_url().to_string()),
    };
    Probe { of: of.to_owned(), what: storage::redacted_url(url), ok: Some(ok), found }
}

async fn tcp(of: &str, address: &str, limit: Duration) -> Probe {
    let (ok, found) = match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(_)) => (true, "accepts connections".to_owned()),
        Ok(Err(error)) => (false, error.to_string()),
        Err(_) => (false, format!("no connection within {} s", limit.as_secs())),
    };
    Probe { of: of.to_owned(), what: format!("tcp {address}"), ok: Some(ok), found }
}

async fn processes(of: &str, names: &[String], probes: &mut Vec<Probe>) -> anyhow::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let wanted = names.to_vec();
    let running = tokio::task::spawn_blocking(move || machine::processes(&wanted)).await??;
    for name in names {
        let pids: Vec<String> = running
            .iter()
            .filter(|process| process.name == *name)
            .map(|process| process.pid.to_string())
            .collect();
        let found = if pids.is_empty() { "does not run".to_owned() } else { pids.join(", ") };
        probes.push(Probe {
            of: of.to_owned(),
            what: format!("process {name}"),
            ok: Some(!pids.is_empty()),
            found,
        });
    }
    Ok(())
}

async fn machine(folders: Vec<String>, probes: &mut Vec<Probe>) -> anyhow::Result<()> {
    let (machine, disks) = tokio::task::spawn_blocking(move || {
        let disks = folders.into_iter().map(|folder| (machine::disk(Path::new(&folder)), folder));
        machine::look().map(|machine| (machine, disks.collect::<Vec<_>>()))
    })
    .await??;
    let mut add = |what: String, ok, found| {
        probes.push(Probe { of: "machine".to_owned(), what, ok, found });
    };
    for (disk, folder) in disks {
        match disk {
            Ok((percent, free)) => {
                let found = format!("{percent:.0} % in use, {} MiB free", free >> 20);
                add(format!("disk of {folder}"), Some(percent < DISK_PERCENT), found);
            }
            Err(error) => add(format!("disk of {folder}"), Some(false), error.to_string()),
        }
    }
    let memory = machine.memory_percent;
    let found = format!("{memory:.0} % of {} MiB in use", machine.memory_bytes >> 20);
    add("memory".to_owned(), Some(memory < MEMORY_PERCENT), found);
    add("processor".to_owned(), None, format!("{:.0} % in use", machine.cpu_percent));
    Ok(())
}

fn report(probes: &[Probe]) -> Report {
    let bad: Vec<String> = probes
        .iter()
        .filter(|probe| probe.ok == Some(false))
        .map(|probe| format!("{} {}: {}", probe.of, probe.what, probe.found))
        .collect();
    let rows: Vec<Vec<String>> = probes
        .iter()
        .map(|probe| {
            let word = match probe.ok {
                Some(true) => "ok",
                Some(false) => "BAD",
                None => "-",
            };
            vec![probe.of.clone(), probe.what.clone(), word.to_owned(), probe.found.clone()]
        })
        .collect();
    let (verdict, summary) = if bad.is_empty() {
        (Verdict::Good, format!("{} probe(s), all well", probes.len()))
    } else {
        (Verdict::Bad, format!("{} of {} probe(s) are not well: {}", bad.len(), probes.len(), bad.join("; ")))
    };
    Report { verdict, summary, text: table(&["OF", "WHAT", "", "FOUND"], &rows), data: json!(probes) }
}
