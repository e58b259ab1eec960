//! What is looked after: services, where they keep their things, what can be done to them, whom they depend on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::people::Contact;
use super::secret::SecretSource;
use super::value::{ComponentName, ControlName, DependencyName, Period, RoleName, ServiceName};

/// A running service and where to look at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// URL that answers 2xx while all is well.
    #[serde(default)]
    pub health_url: Option<String>,
    /// URL of its metrics in Prometheus' text format.
    #[serde(default)]
    pub metrics_url: Option<String>,
    /// Folder that the paths below are relative to; without it, the folder keeper was started in.
    #[serde(default)]
    pub directory: Option<String>,
    /// Its log files.
    #[serde(default)]
    pub logs: Vec<LogFile>,
    /// Its database.
    #[serde(default)]
    pub database: Option<Database>,
    /// Names of the processes that must run.
    #[serde(default)]
    pub processes: Vec<String>,
    /// Name of its container, for `docker stats`.
    #[serde(default)]
    pub container: Option<String>,
    /// Kubernetes namespace, for `kubectl top`.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Container images that it runs from, for updates and scans.
    #[serde(default)]
    pub images: Vec<String>,
    /// `host:port` of everything that must accept connections.
    #[serde(default)]
    pub tcp: Vec<String>,
    /// Host names or files whose certificates it shows.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Base URLs of its copies, where there are several.
    #[serde(default)]
    pub replicas: Vec<String>,
    /// Environment that it must have been started with, such as `LOOM_AUDIT_LOGGING = "true"`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What it asks of and is held to by its container platform.
    #[serde(default)]
    pub resources: Option<Resources>,
    /// Role that answers for it.
    #[serde(default)]
    pub owner: Option<RoleName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// One log file, rotated copies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogFile {
    /// Path of the file that is being written.
    pub path: String,
    /// What is in it.
    pub kind: LogKind,
}

/// What a log file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// The program's own messages: errors and new shapes of errors.
    Application,
    /// Requests: refused ones.
    Access,
    /// Decisions somebody answers for: failed and denied ones.
    Audit,
}

/// Where a service keeps its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Database {
    /// Path of a SQLite file.
    Sqlite(String),
    /// A PostgreSQL database.
    Postgres(Postgres),
}

/// How to reach a PostgreSQL database; the password never stands in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// `postgres://user@host:port/name`, without a password.
    pub url: String,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretSource>,
}

/// Requests and limits in Kubernetes' spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Most memory, such as `1Gi`.
    pub memory_limit: String,
    /// Most processor time, such as `1000m`.
    pub cpu_limit: String,
    /// Memory set aside for it.
    pub memory_request: String,
    /// Processor time set aside for it.
    pub cpu_request: String,
}

/// Something that can be done to a service, with the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// By which runbooks and drills call it.
    pub name: ControlName,
    /// Service it acts on.
    pub service: ServiceName,
    /// What it does, for people.
    #[serde(default)]
    pub title: Option<String>,
    /// How it is done.
    pub act: Effect,
    /// How it is undone; without one it cannot be.
    #[serde(default)]
    pub undo: Option<Effect>,
    /// It is undone by itself after so long, unless somebody keeps it.
    #[serde(default)]
    pub lease: Option<Period>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// One thing done to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// A request.
    Http(HttpCall),
    /// A shell command.
    Shell(String),
}

/// A request to a service's control API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// `POST`, `PUT`, `PATCH` or `DELETE`; `GET` changes nothing.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// JSON that is sent.
    #[serde(default)]
    pub body: Option<String>,
    /// Where the bearer token is.
    #[serde(default)]
    pub token: Option<SecretSource>,
}

/// Methods that may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Does something.
    Post,
    /// Sets something.
    Put,
    /// Changes a part.
    Patch,
    /// Removes something.
    Delete,
}

/// Somebody else's service that ours needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// In this plan.
    pub name: DependencyName,
    /// Who provides it.
    pub provider: String,
    /// How to reach their support.
    pub contact: Contact,
    /// Share of the time that they promise, in percent.
    pub sla_percent: f64,
    /// URL that tells whether it is up.
    #[serde(default)]
    pub status_url: Option<String>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How fast a component is back, and how much it may lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The component.
    pub component: ComponentName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// From the fault until it works again.
    pub rto: Period,
    /// Newest data that may be lost, as age at the fault.
    pub rpo: Period,
    /// How that is reached, for people.
    pub strategy: String,
    /// The backups that it rests on.
    #[serde(default)]
    pub backups: Vec<super::value::BackupName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}
