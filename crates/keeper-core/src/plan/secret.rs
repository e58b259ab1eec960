//! Secrets: where they are, never what they are; and when they must be renewed.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::value::{Period, RoleName, SecretName};

/// Where a secret is found when it is needed; the plan itself never holds one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// Name of an environment variable of keeper.
    Env(String),
    /// Path of a file that only keeper's user may read; a line break at its end does not count.
    File(String),
    /// Command whose first line of output it is.
    Command(String),
}

/// A secret whose age somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// In this plan.
    pub name: SecretName,
    /// What it opens.
    pub kind: SecretKind,
    /// Role that renews it.
    pub owner: RoleName,
    /// Day of the last renewal, until the ledger knows a later one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub rotated_at: Option<Date>,
    /// It must be renewed before it is older than this.
    #[serde(default)]
    pub maximum_age: Option<Period>,
    /// It must be renewed so long before it expires.
    #[serde(default)]
    pub renew_before: Option<Period>,
    /// Endpoint (`host:port`) or file from which the expiry of a certificate is read.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Command that renews it.
    #[serde(default)]
    pub rotate: Option<String>,
    /// Command that succeeds when the renewed one works.
    #[serde(default)]
    pub verify: Option<String>,
    /// Command that makes the old one worthless.
    #[serde(default)]
    pub revoke: Option<String>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// A provider's interface.
    ApiKey,
    /// A database.
    DatabasePassword,
    /// The private key of a TLS certificate.
    Certificate,
    /// A backup repository.
    RepositoryPassword,
    /// Anything else that is sent along.
    Token,
}
