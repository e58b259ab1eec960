//! `stats`: what services use of the machine: their processes, the control group, containers, pods.

use std::{fs, time::Duration};

use keeper_core::plan::command::Command;
use serde_json::json;

use super::{Surroundings, machine};
use crate::{
    cli::table::table,
    process::{self, Finish, Shell},
    report::{Report, Verdict},
};

const TOOL_LIMIT: Duration = Duration::from_secs(20);

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
            tools.push(tool(around, "docker", &command).await?);
        }
        if let Some(namespace) = &service.namespace {
            tools.push(tool(around, "kubectl", &format!("kubectl top pods -n {}", quoted(namespace))).await?);
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

async fn tool(
    around: &Surroundings<'_>,
    name: &'static str,
    command: &str,
) -> anyhow::Result<(&'static str, String)> {
    let shell = Shell {
        command: format!("command -v {name} >/dev/null || exit 127; {command}"),
        directory: None,
        variables: Vec::new(),
        time_limit: TOOL_LIMIT,
        kill_after: Duration::from_secs(1),
        output_bytes: 64 * 1024,
    };
    let finished = process::run(&shell, &around.stop).await?;
    let said = match finished.finish {
        Finish::Exited(Some(0)) => format!("\n{}", finished.stdout.trim_end()),
        Finish::Exited(Some(127)) => "not installed".to_owned(),
        Finish::Exited(_) => format!("failed: {}", finished.stderr.trim()),
        Finish::TimedOut | Finish::Stopped => "no answer".to_owned(),
    };
    Ok((name, said))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
