//! `stats`: what services use of the machine: their processes, the control group, containers, pods.

use std::fs;

use keeper_core::plan::command::Command;
use serde_json::json;

use super::{
    Surroundings, machine,
    tool::{self, quoted},
};
use crate::{
    cli::table::table,
    report::{Report, Verdict},
};

/// Collects what can be seen from here; what is not there is said.
pub(super) async fn collect(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let services = around.services(command)?;
    let names: Vec<String> = services.iter().flat_map(|(_, service)| service.processes.clone()).collect();
    let processes = tokio::task::spawn_blocking(move || machine::processes(&names)).await??;
    let rows: Vec<Vec<String>> = processes
        .iter()
        .map(|it| {
            let memory = format!("{} MiB", it.resident_bytes >> 20);
            vec![it.name.clone(), it.pid.to_string(), memory, format!("{:.1} s", it.cpu_seconds)]
        })
        .collect();
    let mut text = table(&["PROCESS", "PID", "MEMORY", "PROCESSOR"], &rows);
    let group = control_group();
    if let Some(group) = &group {
        text.push_str(&format!("\ncontrol group: {group}\n"));
    }
    let mut tools = Vec::new();
    for (_, service) in &services {
        if let Some(container) = &service.container {
            let command = format!("docker stats --no-stream {}", quoted(container));
            tools.push(said(around, "docker", &command).await?);
        }
        if let Some(namespace) = &service.namespace {
            tools.push(said(around, "kubectl", &format!("kubectl top pods -n {}", quoted(namespace))).await?);
        }
    }
    for (name, said) in &tools {
        text.push_str(&format!("\n{name}: {said}\n"));
    }
    let resident: u64 = processes.iter().map(|it| it.resident_bytes).sum();
    let summary = format!("{} process(es), {} MiB", processes.len(), resident >> 20);
    let data = json!({ "processes": processes, "control_group": group, "tools": tools });
    Ok(Report { verdict: Verdict::Good, summary, text, data })
}

/// Memory of the control group this process is in, where the system has one.
fn control_group() -> Option<String> {
    let read = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let current = read("memory.current")?.trim().to_owned();
    let most = read("memory.max").map_or_else(|| "max".to_owned(), |text| text.trim().to_owned());
    Some(format!("{current} of {most} bytes"))
}

async fn said(
    around: &Surroundings<'_>,
    program: &'static str,
    command: &str,
) -> anyhow::Result<(&'static str, String)> {
    let answer = tool::ask(&around.stop, program, command, &[]).await?;
    Ok((program, answer.map_or_else(|why| why, |said| format!("\n{}", said.trim_end()))))
}
