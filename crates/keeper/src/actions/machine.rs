//! Figures of this machine: memory, processor, disks, processes.

use std::{path::Path, time::Duration};

use serde::Serialize;
use sysinfo::{ProcessesToUpdate, System};

/// The processor's load is measured over this.
const CPU_WINDOW: Duration = Duration::from_millis(250);

/// What the machine is doing.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Machine {
    /// Share of the memory that is in use, in percent.
    pub(super) memory_percent: f64,
    /// All of it.
    pub(super) memory_bytes: u64,
    /// Share of all processors that is in use, in percent.
    pub(super) cpu_percent: f64,
}

/// One process.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) resident_bytes: u64,
    pub(super) cpu_seconds: f64,
}

/// Memory and processor; blocks for a quarter of a second.
pub(super) fn look() -> anyhow::Result<Machine> {
    let mut system = System::new()?;
    system.refresh_memory();
    system.refresh_cpu_usage();
    std::thread::sleep(CPU_WINDOW.max(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL));
    system.refresh_cpu_usage();
    let (total, free) = (system.total_memory(), system.available_memory());
    Ok(Machine {
        memory_percent: percent(total.saturating_sub(free), total),
        memory_bytes: total,
        cpu_percent: f64::from(system.global_cpu_usage()),
    })
}

/// Processes of exactly these names; blocks.
pub(super) fn processes(names: &[String]) -> anyhow::Result<Vec<Process>> {
    let mut system = System::new()?;
    system.refresh_processes(ProcessesToUpdate::All, true);
    let mut found = Vec::new();
    for (pid, process) in system.processes() {
        let name = process.name().to_string_lossy();
        // Threads of a process are not processes.
        if process.thread_kind().is_none() && names.iter().any(|wanted| *wanted == name) {
            found.push(Process {
                name: name.into_owned(),
                pid: pid.as_u32(),
                resident_bytes: process.memory(),
                cpu_seconds: process.accumulated_cpu_time() as f64 / 1_000.0,
            });
        }
    }
    found.sort_by(|one, other| (&one.name, one.pid).cmp(&(&other.name, other.pid)));
    Ok(found)
}

/// Share of the disk under a path that is in use, in percent, and what is free, in bytes.
pub(super) fn disk(path: &Path) -> anyhow::Result<(f64, u64)> {
    let about = nix::sys::statvfs::statvfs(path)?;
    let size = about.fragment_size();
    let (all, free) = (about.blocks().saturating_mul(size), about.blocks_available().saturating_mul(size));
    Ok((percent(all.saturating_sub(free), all), free))
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
