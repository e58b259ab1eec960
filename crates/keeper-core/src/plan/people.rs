//! Who does what, who is on call, and how they are told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::secret::SecretSource;
use super::value::{
    ChannelName, Email, EscalationName, Hours, Period, PersonName, RoleName, ServiceName, ShiftName,
    TimeOfDay, Weekdays,
};
use super::watch::Severity;
use crate::zone::Zone;

/// A part that people play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// In this plan.
    pub name: RoleName,
    /// What people call it.
    pub title: String,
    /// What it is there for.
    pub duties: String,
    /// How it is reached.
    pub contact: Contact,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How somebody is reached; at least one way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// By mail.
    #[serde(default)]
    pub email: Option<Email>,
    /// By telephone; where the number is found.
    #[serde(default)]
    pub phone: Option<SecretSource>,
    /// In words, for people outside.
    #[serde(default)]
    pub note: Option<String>,
}

/// A person with rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// In this plan.
    pub name: PersonName,
    /// Parts that they play.
    pub roles: Vec<RoleName>,
    /// How they are reached.
    #[serde(default)]
    pub contact: Contact,
    /// Their account on each service.
    #[serde(default)]
    pub accounts: BTreeMap<ServiceName, String>,
    /// Last day; from the next one on no right of theirs may be left.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub left_on: Option<Date>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// Who answers when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oncall {
    /// Zone of all its times; the plan's without one.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// When one shift hands over to the next.
    pub hand_over: Vec<TimeOfDay>,
    /// Layers, the first that has somebody wins.
    #[serde(default)]
    pub shift: Vec<Shift>,
    /// Exceptions, which win over every layer.
    #[serde(default, rename = "override")]
    pub overrides: Vec<Override>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// One layer of the rota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// In this rota.
    pub name: ShiftName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// On which days.
    pub days: Weekdays,
    /// At which hours.
    pub hours: Hours,
    /// Role that has the duty.
    pub role: RoleName,
    /// Persons who take turns, in order; empty means whoever has the role.
    #[serde(default)]
    pub people: Vec<PersonName>,
    /// How long a turn is.
    #[serde(default)]
    pub turn: Option<Period>,
    /// Day on which the first of `people` began.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub since: Option<Date>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// Somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The layer.
    pub shift: ShiftName,
    /// Who does it.
    pub person: PersonName,
    /// From this instant,
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// until this one.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// Who is told next when nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// In this plan.
    pub name: EscalationName,
    /// The steps in order.
    pub step: Vec<EscalationStep>,
    /// The whole path again after so long without an answer.
    #[serde(default)]
    pub repeat_after: Option<Period>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// One step of an escalation path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationStep {
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// Who is told.
    pub role: RoleName,
    /// How long after the alert, by severity; a severity that is not named never gets here.
    pub after: BTreeMap<Severity, Period>,
    /// By which channels; each that takes the severity when there are none.
    #[serde(default)]
    pub channels: Vec<ChannelName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// A way of telling somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// In this plan.
    pub name: ChannelName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// How it is delivered.
    pub deliver: Delivery,
    /// Severities that go there; all when there are none.
    #[serde(default)]
    pub severities: Vec<Severity>,
    /// Channel that takes over when this one fails.
    #[serde(default)]
    pub fallback: Option<ChannelName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How a message is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Delivery {
    /// By SMTP.
    Email(EmailDelivery),
    /// To a Slack webhook.
    Slack(SlackDelivery),
    /// To a Discord webhook; where its URL is found, because the URL is the key.
    Discord(SecretSource),
    /// As a text message.
    Sms(TelephoneDelivery),
    /// By a call that reads the message out.
    Phone(TelephoneDelivery),
    /// As JSON to a URL.
    Webhook(WebhookDelivery),
    /// To keeper's own log, for trying things out.
    Console,
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailDelivery {
    /// To whom, besides the person or role that is told.
    #[serde(default)]
    pub to: Vec<Email>,
    /// Sender.
    pub from: Email,
    /// `host:port` of the mail server.
    pub server: String,
    /// Account there.
    #[serde(default)]
    pub user: Option<String>,
    /// Where its password is.
    #[serde(default)]
    pub password: Option<SecretSource>,
}

/// A Slack webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlackDelivery {
    /// `#channel` that it posts to.
    pub channel: String,
    /// Where its URL is found, because the URL is the key.
    pub webhook: SecretSource,
}

/// A telephone service with an interface like Twilio's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelephoneDelivery {
    /// Base URL of the service.
    pub api_url: String,
    /// Account there.
    pub account: SecretSource,
    /// Where its token is.
    pub token: SecretSource,
    /// Number that calls.
    pub from: SecretSource,
    /// Number that is called when the person or role has none.
    #[serde(default)]
    pub to: Option<SecretSource>,
}

/// A URL of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookDelivery {
    /// Where to.
    pub url: String,
    /// Where the bearer token is.
    #[serde(default)]
    pub token: Option<SecretSource>,
}
