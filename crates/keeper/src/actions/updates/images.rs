//! Images of services: which of the declared ones are on this machine, and whether what runs is of the same build.
//! Registries are not asked; what is here was pulled by somebody.

use std::collections::{BTreeMap, BTreeSet};

use keeper_core::plan::{service::Service, value::ServiceName};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::actions::tool::{ask, quoted};

const HERE: &str = "docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}'";
const RUNNING: &str = "ids=$(docker ps -q) && { test -z \"$ids\" || docker inspect --format '{{.Config.Image}} {{.Image}}' $ids; }";
const PODS: &str = "-o jsonpath='{range .items[*].spec.containers[*]}{.image}{\"\\n\"}{end}'";

/// One image of a service.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Image {
    pub(super) service: String,
    pub(super) image: String,
    /// Build that is on this machine under this name.
    pub(super) here: Option<String>,
    pub(super) state: State,
}

/// What an image is to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// The build that is here runs.
    Runs,
    /// An older build runs than the one that is here: a restart would change it.
    RunsOlder,
    /// It runs in the cluster.
    RunsInCluster,
    /// Nothing runs of it here.
    Idle,
    /// It runs in the service's namespace, and the plan does not name it.
    Undeclared,
    /// Nobody could be asked.
    Unknown,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::RunsOlder => "an older build runs",
            Self::RunsInCluster => "runs in the cluster",
            Self::Idle => "does not run here",
            Self::Undeclared => "runs in the cluster, not in the plan",
            Self::Unknown => "not asked",
        }
    }
}

/// What was found, and why nobody could be asked where that was so.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) images: Vec<Image>,
    pub(super) silent: BTreeSet<String>,
}

/// Images by name with their builds, on this machine and running on it.
#[derive(Debug, Default)]
struct Docker {
    here: BTreeMap<String, String>,
    running: BTreeMap<String, BTreeSet<String>>,
}

/// Looks at the images of these services.
pub(super) async fn look(
    stop: &CancellationToken,
    services: &[(&ServiceName, &Service)],
    variables: &[(String, String)],
) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let with_images: Vec<_> = services.iter().filter(|(_, service)| !service.images.is_empty()).collect();
    if with_images.is_empty() {
        return Ok(found);
    }
    let docker = match docker(stop, variables).await? {
        Ok(docker) => Some(docker),
        Err(why) => {
            found.silent.insert(format!("docker: {why}"));
            None
        }
    };
    for (name, service) in with_images {
        let mut pods = None;
        if let Some(namespace) = &service.namespace {
            let command = format!("kubectl get pods -n {} {PODS}", quoted(namespace));
            match ask(stop, "kubectl", &command, variables).await? {
                Ok(said) => pods = Some(said.lines().map(whole_name).collect::<BTreeSet<_>>()),
                Err(why) => {
                    found.silent.insert(format!("kubectl: {}", last_line(&why)));
                }
            }
        }
        found.images.extend(compare(name.as_str(), &service.images, docker.as_ref(), pods.as_ref()));
    }
    Ok(found)
}

async fn docker(
    stop: &CancellationToken,
    variables: &[(String, String)],
) -> anyhow::Result<Result<Docker, String>> {
    let here = match ask(stop, "docker", HERE, variables).await? {
        Ok(said) => pairs(&said).collect(),
        Err(why) => return Ok(Err(last_line(&why))),
    };
    let mut running: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    match ask(stop, "docker", RUNNING, variables).await? {
        Ok(said) => pairs(&said).for_each(|(name, build)| {
            running.entry(name).or_default().insert(build);
        }),
        Err(why) => return Ok(Err(last_line(&why))),
    }
    Ok(Ok(Docker { here, running }))
}

fn compare(
    service: &str,
    declared: &[String],
    docker: Option<&Docker>,
    pods: Option<&BTreeSet<String>>,
) -> Vec<Image> {
    let image = |image: &str, here: Option<String>, state| {
        let (service, image) = (service.to_owned(), image.to_owned());
        Image { service, image, here, state }
    };
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for name in declared {
        let whole = whole_name(name);
        let here = docker.and_then(|docker| docker.here.get(&whole)).cloned();
        let running = docker.and_then(|docker| docker.running.get(&whole));
        let state = match (running, &here) {
            _ if pods.is_some_and(|pods| pods.contains(&whole)) => State::RunsInCluster,
            (Some(builds), Some(here)) if builds.iter().all(|build| build == here) => State::Runs,
            (Some(_), Some(_)) => State::RunsOlder,
            (Some(_), None) => State::Runs,
            (None, _) if docker.is_none() && pods.is_none() => State::Unknown,
            (None, _) => State::Idle,
        };
        all.push(image(name, here.map(|build| short(&build)), state));
        known.insert(whole);
    }
    let others = pods.into_iter().flatten().filter(|name| !known.contains(*name));
    all.extend(others.map(|name| image(name, None, State::Undeclared)));
    all
}

/// `name build` on each line.
fn pairs(said: &str) -> impl Iterator<Item = (String, String)> {
    let pair =
        |line: &str| line.trim().split_once(' ').map(|(name, build)| (whole_name(name), build.to_owned()));
    said.lines().filter_map(pair)
}

/// A name as all tools mean it: with its tag, without the registry that is meant when none is named.
fn whole_name(name: &str) -> String {
    let name = name.trim();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") }
}

fn short(build: &str) -> String {
    build.strip_prefix("sha256:").unwrap_or(build).chars().take(12).collect()
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn names_are_made_whole() {
        let check = |name: &str, expected: &str| assert_eq!(whole_name(name), expected, "{name}");
        check("python:3.11-slim", "python:3.11-slim");
        check("docker.io/library/python", "python:latest");
        check("registry.example.org:5000/shop", "registry.example.org:5000/shop:latest");
        check("shop@sha256:12", "shop@sha256:12");
    }

    /// Tools that answer as the real ones do.
    async fn found(docker: &str, kubectl: &str, images: &str) -> (Vec<(String, State)>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in [("docker", docker), ("kubectl", kubectl)] {
            if script.is_empty() {
                continue;
            }
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let text = format!(
            "[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[service.app]\nnamespace = \"app\"\nimages = {images}"
        );
        let plan = keeper_core::plan::parse(&text, "p.toml").unwrap();
        let services: Vec<_> = plan.service.iter().collect();
        let variables = [("PATH".to_owned(), folder.path().display().to_string())];
        let found = look(&CancellationToken::new(), &services, &variables).await.unwrap();
        let images = found.images.into_iter().map(|it| (it.image, it.state)).collect();
        (images, found.silent.into_iter().collect())
    }

    #[tokio::test]
    async fn what_runs_is_compared_with_what_is_here() {
        let docker = "case \"$1\" in\n\
                      image) echo 'shop:latest sha256:new'; echo 'postgres:15 sha256:pg' ;;\n\
                      ps) echo 1; echo 2 ;;\n\
                      inspect) echo 'shop sha256:old'; echo 'docker.io/library/postgres:15 sha256:pg' ;;\n\
                      esac";
        let images = "[\"shop\", \"postgres:15\", \"redis:7\"]";
        let (images_found, silent) = found(docker, "", images).await;
        let expected = [("shop", State::RunsOlder), ("postgres:15", State::Runs), ("redis:7", State::Idle)];
        let expected: Vec<_> = expected.into_iter().map(|(name, state)| (name.to_owned(), state)).collect();
        assert_eq!(images_found, expected);
        assert_eq!(silent, ["kubectl: not installed"]);
    }

    #[tokio::test]
    async fn the_cluster_is_asked_too_and_silence_is_told() {
        let docker = "echo 'Cannot connect to the Docker daemon' >&2; exit 1";
        let (images, silent) = found(docker, "echo shop:latest; echo side:1", "[\"shop\", \"gone:1\"]").await;
        let expected =
            [("shop", State::RunsInCluster), ("gone:1", State::Idle), ("side:1", State::Undeclared)];
        let expected: Vec<_> = expected.into_iter().map(|(name, state)| (name.to_owned(), state)).collect();
        assert_eq!(images, expected);
        assert_eq!(silent, ["docker: failed: Cannot connect to the Docker daemon"]);
        let (images, silent) = found("", "", "[\"shop\"]").await;
        assert_eq!(images, [("shop".to_owned(), State::Unknown)]);
        assert_eq!(silent, ["docker: not installed", "kubectl: not installed"]);
        assert!(found("", "", "[]").await.1.is_empty(), "nobody is asked about nothing");
    }
}
