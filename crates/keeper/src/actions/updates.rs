//! `system updates`: what the package manager would change, simulated; nothing is applied.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::Surroundings;
use crate::{
    cli::table::table,
    process::{self, Finish, Shell},
    report::{Report, Verdict},
};

const LIMIT: Duration = Duration::from_secs(120);
const SIMULATE: &str = "command -v apt-get >/dev/null || exit 127; LC_ALL=C apt-get -s -qq upgrade";

/// A package that would change.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Update {
    package: String,
    from: String,
    to: String,
    is_security: bool,
}

/// Asks apt what an upgrade would do, from the lists that are on this machine.
pub(super) async fn simulate(around: &Surroundings<'_>) -> anyhow::Result<Report> {
    let shell = Shell {
        command: SIMULATE.to_owned(),
        directory: None,
        variables: Vec::new(),
        time_limit: LIMIT,
        kill_after: Duration::from_secs(2),
        output_bytes: 4 * 1024 * 1024,
    };
    let finished = process::run(&shell, &around.stop).await?;
    match finished.finish {
        Finish::Exited(Some(0)) => Ok(report(&updates(&finished.stdout))),
        Finish::Exited(Some(127)) => Ok(Report::skipped("apt-get is not installed")),
        _ => anyhow::bail!("apt-get could not simulate an upgrade: {}", finished.stderr.trim()),
    }
}

fn report(updates: &[Update]) -> Report {
    let security = updates.iter().filter(|update| update.is_security).count();
    let rows: Vec<Vec<String>> = updates
        .iter()
        .map(|it| {
            let mark = if it.is_security { "security" } else { "" };
            vec![it.package.clone(), it.from.clone(), it.to.clone(), mark.to_owned()]
        })
        .collect();
    Report {
        verdict: Verdict::Good,
        summary: format!("{} package(s) would be updated, {security} of them for security", updates.len()),
        text: table(&["PACKAGE", "FROM", "TO", ""], &rows),
        data: json!(updates),
    }
}

/// Lines such as `Inst curl [7.88-1] (7.88-2 Debian-Security:12/stable [amd64])`.
fn updates(output: &str) -> Vec<Update> {
    let line = |line: &str| {
        let rest = line.strip_prefix("Inst ")?;
        let (package, rest) = rest.split_once(' ')?;
        let from = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(from, _)| from);
        let inside = rest.split_once('(')?.1;
        let to = inside.split_whitespace().next()?;
        Some(Update {
            package: package.to_owned(),
            from: from.unwrap_or("-").to_owned(),
            to: to.trim_end_matches(')').to_owned(),
            is_security: inside.to_lowercase().contains("security"),
        })
    };
    output.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_apt_are_read() {
        let output = "Inst curl [7.88-1] (7.88-2 Debian-Security:12/stable-security [amd64])\n\
                      Conf curl (7.88-2 Debian:12/stable [amd64])\nInst new (1.0 Debian:12/stable [all])\n";
        let found = updates(output);
        let told: Vec<_> =
            found.iter().map(|it| (&*it.package, &*it.from, &*it.to, it.is_security)).collect();
        assert_eq!(told, [("curl", "7.88-1", "7.88-2", true), ("new", "-", "1.0", false)]);
        assert_eq!(report(&found).summary, "2 package(s) would be updated, 1 of them for security");
        assert!(updates("").is_empty());
    }
}
