//! What is backed up, when, where to, and for how long it is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::secret::SecretSource;
use super::task::Retry;
use super::value::{BackupName, Period, RoleName, ServiceName, StoreName};
use crate::retention::Keep;
use crate::schedule::Schedule;
use crate::zone::Zone;

/// A place where backups lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// In this plan.
    pub name: StoreName,
    /// How far away it is; stores of different kinds fail independently.
    pub kind: StoreKind,
    /// The place itself.
    pub place: Place,
    /// Where the repository's password is; a git store has none.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// It may be out of reach for so long before that is an error.
    #[serde(default = "one_day")]
    pub tolerance: Period,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

fn one_day() -> Period {
    Period::days(1)
}

/// How far away a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// A disk of this machine.
    Local,
    /// A cloud provider's object store.
    Cloud,
    /// Another site.
    OffSite,
    /// A bare git repository.
    Git,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// A folder.
    Folder(String),
    /// An S3-compatible object store.
    S3(S3),
    /// Path of a bare git repository.
    Git(String),
}

/// An S3-compatible object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Name of the bucket.
    pub bucket: String,
    /// Folder inside it.
    #[serde(default)]
    pub prefix: String,
    /// URL of the service; the region's own at AWS without one.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Region, such as `eu-central-1`.
    #[serde(default)]
    pub region: Option<String>,
    /// Where the access key's id is.
    pub access_key_id: SecretSource,
    /// Where the access key's secret is.
    pub secret_access_key: SecretSource,
}

/// Something that is backed up on a schedule. It is a task under the name `backup/NAME`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// In this plan.
    pub name: BackupName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// What is taken, all at once.
    pub sources: Vec<Source>,
    /// When.
    pub schedule: Schedule,
    /// Zone of the schedule's times and of the days that `keep` counts; the plan's without one.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// What is kept.
    pub keep: Keep,
    /// Where to; each store has its own copy, and one that is down does not stop the others.
    pub stores: Vec<StoreName>,
    /// Plain copies of a SQLite database beside the repository.
    #[serde(default)]
    pub plain_copy: Option<PlainCopy>,
    /// It is red when the newest proved one is older; otherwise twice the schedule's step.
    #[serde(default)]
    pub stale_after: Option<Period>,
    /// It is stopped after so long.
    #[serde(default = "one_hour")]
    pub time_limit: Period,
    /// Whether it is tried again when it fails.
    #[serde(default)]
    pub retry: Retry,
    /// Role that answers for it.
    #[serde(default)]
    pub owner: Option<RoleName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

impl Backup {
    /// Age of the newest proved one beyond which the backup is stale; none where nothing says how often it is due.
    /// `plan_zone` is the plan's own zone.
    pub fn oldest_good_age(&self, plan_zone: &Zone) -> Option<Period> {
        let zone = self.zone.as_ref().unwrap_or(plan_zone);
        let twice =
            || Some(Period::seconds(self.schedule.longest_step(zone)?.as_seconds().saturating_mul(2)));
        self.stale_after.or_else(twice)
    }
}

fn one_hour() -> Period {
    Period::hours(1)
}

/// What a backup takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// The database of a service, consistently.
    Database(ServiceName),
    /// A file or folder.
    Folder(String),
    /// What a command writes to its standard output.
    Command(CommandSource),
}

/// A command whose output is backed up; it counts only if the command succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSource {
    /// The command.
    pub command: String,
    /// File name under which its output is stored.
    pub file_name: String,
}

/// A copy that a plain `sqlite3` opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainCopy {
    /// Path of the copy; `{date}` is replaced by the day as `YYYYMMDD`.
    pub path: String,
    /// Copies of so many days are kept.
    pub keep_days: u32,
}
