//! `system updates`: what the package manager would change, simulated, and which images run; nothing is applied.

mod images;

use std::time::Duration;

use keeper_core::plan::command::Command;
use serde::Serialize;
use serde_json::json;

use images::{Found, Image};

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

/// Asks apt what an upgrade would do, from the lists that are on this machine, and looks which builds of the services'
/// images are here and run.
pub(super) async fn simulate(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let services = around.services(command)?;
    let found = images::look(&around.stop, &services, &[]).await?;
    let packages = packages(around).await?;
    if packages.is_none() && found.images.is_empty() {
        return Ok(Report::skipped("apt-get is not installed, and no service has an image"));
    }
    Ok(report(packages.as_deref(), &found))
}

/// None where there is no apt.
async fn packages(around: &Surroundings<'_>) -> anyhow::Result<Option<Vec<Update>>> {
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
        Finish::Exited(Some(0)) => Ok(Some(updates(&finished.stdout))),
        Finish::Exited(Some(127)) => Ok(None),
        _ => anyhow::bail!("apt-get could not simulate an upgrade: {}", finished.stderr.trim()),
    }
}

fn report(packages: Option<&[Update]>, found: &Found) -> Report {
    let mut text = String::new();
    let mut summary = match packages {
        None => "apt-get is not installed".to_owned(),
        Some(packages) => {
            let security = packages.iter().filter(|update| update.is_security).count();
            let row = |it: &Update| {
                let mark = if it.is_security { "security" } else { "" };
                vec![it.package.clone(), it.from.clone(), it.to.clone(), mark.to_owned()]
            };
            let rows: Vec<Vec<String>> = packages.iter().map(row).collect();
            text.push_str(&table(&["PACKAGE", "FROM", "TO", ""], &rows));
            format!("{} package(s) would be updated, {security} of them for security", packages.len())
        }
    };
    if !found.images.is_empty() {
        let row = |it: &Image| {
            let here = it.here.clone().unwrap_or_else(|| "-".to_owned());
            vec![it.service.clone(), it.image.clone(), here, it.state.word().to_owned()]
        };
        let rows: Vec<Vec<String>> = found.images.iter().map(row).collect();
        text.push_str(&format!("\n{}", table(&["SERVICE", "IMAGE", "HERE", "STATE"], &rows)));
        let older = found.images.iter().filter(|image| image.state == images::State::RunsOlder).count();
        summary.push_str(&format!("; {} image(s), {older} of them run an older build", found.images.len()));
    }
    for silent in &found.silent {
        text.push_str(&format!("skipped {silent}\n"));
        summary.push_str(&format!("; skipped {silent}"));
    }
    let data = json!({ "packages": packages, "images": found.images, "skipped": found.silent });
    Report { verdict: Verdict::Good, summary, text, data }
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
        assert!(updates("").is_empty());
        let of = |packages: Option<&[Update]>, found: &Found| report(packages, found).summary;
        assert_eq!(
            of(Some(&found), &Found::default()),
            "2 package(s) would be updated, 1 of them for security"
        );
        let image = Image {
            service: "app".to_owned(),
            image: "shop:1".to_owned(),
            here: None,
            state: images::State::RunsOlder,
        };
        let silent = ["kubectl: not installed".to_owned()].into();
        assert_eq!(
            of(None, &Found { images: vec![image], silent }),
            "apt-get is not installed; 1 image(s), 1 of them run an older build; skipped kubectl: not installed"
        );
    }
}
