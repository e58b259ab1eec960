//! `cargo xtask up`: builds the programs that exist, starts them on their defaults, stops them all together.

pub mod ports;
pub mod readiness;

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    cargo,
    cli::UpArguments,
    console,
    leash::{Leash, LeashOptions},
    signals,
    workspace::Workspace,
};

/// The programs in the order they start; the port is the one without `--port-base`, the path what a person opens.
const PROGRAMS: [(&str, u16, &str); 3] =
    [("loom", 8000, "/"), ("chimera", 8001, "/health"), ("keeper", 8002, "/")];
/// Where the plans look for the password of the backups.
const BACKUP_PASSWORD: &str = "data/keeper-backup.password";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Longer than the programs' own drain time, so that a turn being played is finished.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
const LAST_LINES: usize = 20;

/// A program about to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    name: &'static str,
    port: u16,
    path: &'static str,
}

struct Running {
    name: &'static str,
    port: u16,
    path: &'static str,
    leash: Leash,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
}

/// Runs until Ctrl-C (success) or until one of the programs ends by itself (failure).
///
/// # Errors
/// When the build fails, a port is taken, or a program does not start.
pub fn run(workspace: &Workspace, arguments: &UpArguments) -> anyhow::Result<ExitCode> {
    let planned = plan(arguments.port_base, |name| workspace.program(name).is_some());
    for program in &planned {
        ports::require_free(program.name, program.port)?;
    }
    let binaries = build(workspace, &planned)?;
    if planned.iter().any(|program| program.name == "keeper") {
        backup_password(&workspace.root)?;
    }
    let data = arguments.data.as_deref().map(std::path::absolute).transpose()?;
    let mut running = Vec::new();
    for (program, binary) in planned.iter().zip(binaries) {
        running.push(start(workspace, program, &binary, data.as_deref())?);
    }
    match serve(&mut running) {
        Err(error) if error.is::<signals::Interrupted>() => {
            stop(running);
            console::say("all programs have stopped");
            Ok(ExitCode::SUCCESS)
        }
        other => {
            stop(running);
            other.map(|()| ExitCode::FAILURE)
        }
    }
}

/// Makes the password of the backups where there is none yet, for nobody else to read.
fn backup_password(root: &Path) -> anyhow::Result<()> {
    let path = root.join(BACKUP_PASSWORD);
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    if path.try_exists()? {
        return Ok(());
    }
    // By rename, so that a kill leaves no empty password.
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let made = File::options().write(true).create_new(true).mode(0o600).open(&draft);
    let mut file = made.with_context(|| format!("making {}", draft.display()))?;
    let mut random = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(file, "{text}").and_then(|()| file.sync_all())?;
    fs::rename(&draft, &path).with_context(|| format!("making {}", path.display()))?;
    console::say(&format!("made {BACKUP_PASSWORD}: keep a copy elsewhere, no backup can be read without it"));
    Ok(())
}

fn plan(port_base: Option<u16>, exists: impl Fn(&str) -> bool) -> Vec<Planned> {
    let first = PROGRAMS[0].1;
    let shifted = |port: u16| port_base.map_or(port, |base| base + (port - first));
    PROGRAMS
        .into_iter()
        .filter(|(name, ..)| exists(name))
        .map(|(name, port, path)| Planned { name, port: shifted(port), path })
        .collect()
}

fn build(workspace: &Workspace, planned: &[Planned]) -> anyhow::Result<Vec<PathBuf>> {
    // Of the whole workspace: a selection of packages would resolve the features of what they share anew, and build
    // once more what `cargo build` and the tests have built.
    let mut arguments = vec!["build", "--workspace"];
    for program in planned {
        arguments.extend(["--bin", program.name]);
    }
    let Some(built) = cargo::build(workspace, &arguments)? else {
        bail!("the build failed; nothing was started");
    };
    planned
        .iter()
        .map(|program| {
            let found = built.iter().find(|executable| executable.target == program.name);
            found
                .map(|executable| executable.path.clone())
                .with_context(|| format!("cargo built no {}", program.name))
        })
        .collect()
}

fn start(
    workspace: &Workspace,
    program: &Planned,
    binary: &Path,
    data: Option<&Path>,
) -> anyhow::Result<Running> {
    let options = LeashOptions { grace: STOP_LIMIT, ..LeashOptions::default() };
    let verb = if program.name == "keeper" { "run" } else { "serve" };
    let mut command = Leash::command(binary, [verb], &options);
    command
        .current_dir(&workspace.root)
        .envs(environment(program, data))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut leash = Leash::start(command)?;
    let last_lines = Arc::new(Mutex::new(VecDeque::new()));
    let mut readers = Vec::new();
    if let Some(stream) = leash.take_stdout() {
        readers.push(forward(program.name, cargo::lines_of(stream), &last_lines));
    }
    if let Some(stream) = leash.take_stderr() {
        readers.push(forward(program.name, cargo::lines_of(stream), &last_lines));
    }
    Ok(Running { name: program.name, port: program.port, path: program.path, leash, last_lines, readers })
}

/// What a program is told beyond its defaults. `data` must be absolute.
fn environment(program: &Planned, data: Option<&Path>) -> Vec<(String, String)> {
    let (name, prefix) = (program.name, program.name.to_uppercase());
    let mut variables = vec![(format!("{prefix}_SERVER__BIND"), format!("127.0.0.1:{}", program.port))];
    let is_keeper = name == "keeper";
    if !is_keeper {
        variables.push((format!("{prefix}_AUDIT_LOGGING"), "true".to_owned()));
    }
    if let Some(data) = data {
        let database = data.join(format!("{name}.db")).display().to_string();
        let (key, value) = if is_keeper {
            ("STATE__FILE", database)
        } else {
            ("DATABASE__URL", format!("sqlite:{database}"))
        };
        variables.push((format!("{prefix}_{key}"), value));
        let logs = if is_keeper { data.join("logs/keeper") } else { data.join("logs") };
        variables.push((format!("{prefix}_LOGS__DIRECTORY"), logs.display().to_string()));
    }
    variables
}

/// Prints a program's lines under its name and remembers the last ones.
fn forward(
    name: &'static str,
    lines: std::sync::mpsc::Receiver<Vec<u8>>,
    last_lines: &Arc<Mutex<VecDeque<String>>>,
) -> JoinHandle<()> {
    let last_lines = Arc::clone(last_lines);
    std::thread::spawn(move || {
        for line in lines {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            console::complain(&format!("{name} | {line}"));
            let mut kept = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == LAST_LINES {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    })
}

/// Waits until every program is ready, says where they are, and watches over them until something ends.
fn serve(running: &mut [Running]) -> anyhow::Result<()> {
    let started = Instant::now();
    for index in 0..running.len() {
        while !readiness::is_ready(running[index].port) {
            check_all(running)?;
            if started.elapsed() > START_LIMIT {
                let program = &running[index];
                bail!(
                    "{} was not ready after {} s: look at http://127.0.0.1:{}/health and logs/{}.log",
                    program.name,
                    START_LIMIT.as_secs(),
                    program.port,
                    program.name
                );
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
    for program in running.iter() {
        console::say(&format!("{:<8} http://localhost:{}{}", program.name, program.port, program.path));
    }
    console::say("Ctrl-C stops everything");
    loop {
        check_all(running)?;
        std::thread::sleep(LOOK_INTERVAL);
    }
}

fn check_all(running: &mut [Running]) -> anyhow::Result<()> {
    signals::check()?;
    for program in running {
        if let Some(status) = program.leash.ended() {
            for reader in program.readers.drain(..) {
                let _ = reader.join();
            }
            let lines = program.last_lines.lock().unwrap_or_else(PoisonError::into_inner);
            bail!("{}", obituary(program.name, status, lines.iter().map(String::as_str)));
        }
    }
    Ok(())
}

fn obituary<'a>(name: &str, status: ExitStatus, lines: impl Iterator<Item = &'a str>) -> String {
    let code = status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"));
    let lines: Vec<_> = lines.map(|line| format!("  {line}")).collect();
    let said = if lines.is_empty() {
        "It said nothing.".to_owned()
    } else {
        format!("Its last lines:\n{}", lines.join("\n"))
    };
    format!("{name} ended by itself ({code}), so the others are stopped too. {said}")
}

/// Asks all to stop at once, then waits for each.
fn stop(mut running: Vec<Running>) {
    for program in &mut running {
        program.leash.let_go();
    }
    for program in running {
        drop(program.leash);
        for reader in program.readers {
            let _ = reader.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::PermissionsExt, process::ExitStatusExt};

    use super::*;

    fn ports_of(port_base: Option<u16>, existing: &[&str]) -> Vec<(&'static str, u16)> {
        let planned = plan(port_base, |name| existing.contains(&name));
        planned.into_iter().map(|program| (program.name, program.port)).collect()
    }

    #[test]
    fn the_password_of_the_backups_is_made_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(BACKUP_PASSWORD);
        backup_password(root.path()).unwrap();
        let first = fs::read_to_string(&path).unwrap();
        assert_eq!(first.trim().len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        backup_password(root.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
    }

    #[test]
    fn only_programs_that_exist_are_started_each_on_its_own_port() {
        assert_eq!(ports_of(None, &["loom", "loom-core"]), [("loom", 8000)]);
        assert_eq!(ports_of(None, &["keeper", "loom"]), [("loom", 8000), ("keeper", 8002)]);
        assert_eq!(ports_of(Some(9100), &["keeper", "loom"]), [("loom", 9100), ("keeper", 9102)]);
        assert_eq!(ports_of(Some(65_533), &["keeper"]), [("keeper", 65_535)]);
    }

    #[test]
    fn a_data_folder_moves_database_and_logs() {
        let program = Planned { name: "loom", port: 8000, path: "/" };
        let variables = environment(&program, Some(Path::new("/srv/x")));
        assert!(variables.contains(&("LOOM_DATABASE__URL".to_owned(), "sqlite:/srv/x/loom.db".to_owned())));
        assert!(variables.contains(&("LOOM_LOGS__DIRECTORY".to_owned(), "/srv/x/logs".to_owned())));
        assert_eq!(environment(&program, None).len(), 2);
        let keeper = Planned { name: "keeper", port: 8002, path: "/" };
        let variables = environment(&keeper, Some(Path::new("/srv/x")));
        assert!(variables.contains(&("KEEPER_STATE__FILE".to_owned(), "/srv/x/keeper.db".to_owned())));
    }

    #[test]
    fn a_program_that_ends_is_named_with_its_code_and_last_lines() {
        let text = obituary("loom", ExitStatus::from_raw(2 << 8), ["port 8000 is taken", "bye"].into_iter());
        assert_eq!(
            text,
            "loom ended by itself (exit code 2), so the others are stopped too. Its last lines:\n  port 8000 is taken\n  bye"
        );
        let silent = obituary("loom", ExitStatus::from_raw(0), std::iter::empty());
        assert!(silent.ends_with("It said nothing."), "{silent}");
    }
}
