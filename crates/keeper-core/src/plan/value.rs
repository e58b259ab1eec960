//! The small values of a plan: names, lengths of time, hours of the day, mail addresses.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Time, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Serde by text and a JSON Schema with a pattern, for a type that has `parse(&str) -> Result<Self, String>` and
/// `Display`.
macro_rules! text_value {
    ($name:ident, $pattern:expr, $description:expr) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}
pub(crate) use text_value;

/// A newtype for the name of one kind of thing.
macro_rules! name {
    ($($name:ident: $what:literal),+ $(,)?) => { $(
        #[doc = concat!("The name of ", $what, ": letters, digits, `-`, `_` and `.`, at most 80.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads a name; the refusal says what is allowed.
            pub fn parse(text: &str) -> Result<Self, String> {
                checked_name(text, $what).map(Self)
            }

            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        text_value!($name, "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", concat!("name of ", $what));
    )+ };
}

name! {
    PlanName: "a plan",
    ServiceName: "a service",
    RoleName: "a role",
    PersonName: "a person",
    ShiftName: "a shift",
    EscalationName: "an escalation path",
    ChannelName: "a channel",
    TaskName: "a task",
    ThresholdName: "a threshold",
    SloName: "a service level objective",
    BackupName: "a backup",
    StoreName: "a store",
    ComponentName: "a component",
    ScenarioName: "a scenario",
    WindowName: "a window",
    SecretName: "a secret",
    DocumentName: "a document",
    DependencyName: "a dependency",
    ControlName: "a control",
    ScannerName: "a scanner",
    ExperimentName: "an experiment",
    TargetName: "a target",
    RunbookName: "a runbook",
    DashboardName: "a dashboard",
}

fn checked_name(text: &str, what: &str) -> Result<String, String> {
    let letters = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let sound = text.len() <= 80
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(letters);
    if sound { Ok(text.to_owned()) } else { Err(refused(text, &format!("name of {what}"), NAME_LETTERS)) }
}

const NAME_LETTERS: &str = "up to 80 letters, digits, `-`, `_` and `.`, a letter or digit first";

/// The sentence for a value that is not what it should be; `plan::problem` takes it apart again.
pub(crate) fn refused(found: &str, wanted: &str, allowed: &str) -> String {
    let shown: String = found.chars().take(60).collect();
    let more = if found.chars().count() > 60 { "…" } else { "" };
    format!("`{shown}{more}` is no {wanted}; allowed: {allowed}")
}

/// A length of time in whole seconds, written as `90s`, `15m`, `1h`, `30d` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    seconds: u32,
}

const UNITS: [(char, u32); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Period {
    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self { seconds }
    }

    /// So many minutes; more than a century is cut to one.
    pub const fn minutes(minutes: u32) -> Self {
        Self { seconds: minutes.saturating_mul(60) }
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self { seconds: hours.saturating_mul(3_600) }
    }

    /// So many days of 24 hours.
    pub const fn days(days: u32) -> Self {
        Self { seconds: days.saturating_mul(86_400) }
    }

    /// Reads `15m`; at most a century, so that instants never overflow.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error =
            || refused(text, "length of time", "a number with `s`, `m`, `h`, `d` or `w`, such as `15m`");
        let unit = text.chars().last().ok_or_else(error)?;
        let (_, factor) = UNITS.iter().find(|(letter, _)| *letter == unit).ok_or_else(error)?;
        let digits = &text[..text.len() - unit.len_utf8()];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let number: u32 = digits.parse().map_err(|_| error())?;
        let seconds = number.checked_mul(*factor).ok_or_else(error)?;
        if seconds > 3_153_600_000 { Err(error()) } else { Ok(Self { seconds }) }
    }

    /// In seconds.
    pub const fn as_seconds(self) -> u32 {
        self.seconds
    }

    /// As a duration to add to instants.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letter, factor) = UNITS
            .iter()
            .filter(|(letter, _)| *letter != 'w')
            .find(|(_, factor)| self.seconds > 0 && self.seconds.is_multiple_of(*factor))
            .unwrap_or(&('s', 1));
        write!(formatter, "{}{letter}", self.seconds / factor)
    }
}

text_value!(Period, "^[0-9]+[smhdw]$", "a length of time: a number with s, m, h, d or w, such as 15m");

/// A minute of the day, `00:00` to `24:00`; the latter only as an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minute: u16,
}

impl TimeOfDay {
    /// Reads `09:00`; the leading zero may be left out.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error = || refused(text, "time of day", "hour and minute, such as `09:00`");
        let (hour, minute) = text.split_once(':').ok_or_else(error)?;
        let number = |part: &str, length: usize| {
            let sound = !part.is_empty() && part.len() <= length && part.bytes().all(|b| b.is_ascii_digit());
            sound.then(|| part.parse::<u16>().ok()).flatten().ok_or_else(error)
        };
        if minute.len() != 2 {
            return Err(error());
        }
        let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
        let total = hour * 60 + minute;
        if minute > 59 || total > 1_440 { Err(error()) } else { Ok(Self { minute: total }) }
    }

    /// Minutes since midnight, at most 1,440.
    pub fn minute_of_day(self) -> u16 {
        self.minute
    }

    /// The civil time; `24:00` is midnight of the next day and gives `00:00`.
    pub fn civil(self) -> Time {
        let minute = self.minute % 1_440;
        let small = |number: u16| i8::try_from(number).unwrap_or_default();
        Time::constant(small(minute / 60), small(minute % 60), 0, 0)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

text_value!(TimeOfDay, "^[0-9]{1,2}:[0-9]{2}$", "a time of day, such as 09:00");

/// Hours of a day, such as `09:00-18:00`; an end before the start lies on the next day, `00:00-24:00` is all day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    /// First minute inside.
    pub from: TimeOfDay,
    /// First minute outside again.
    pub to: TimeOfDay,
}

impl Hours {
    /// Reads `09:00-18:00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error = || refused(text, "span of hours", "two different times, such as `09:00-18:00`");
        let (from, to) = text.split_once('-').ok_or_else(error)?;
        let hours = Self { from: TimeOfDay::parse(from)?, to: TimeOfDay::parse(to)? };
        if hours.from == hours.to || hours.from.minute == 1_440 { Err(error()) } else { Ok(hours) }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.from, self.to)
    }
}

text_value!(Hours, "^[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}$", "a span of hours, such as 09:00-18:00");

/// Days of the week, such as `MON-FRI` or `SAT,SUN`; a range may run over Sunday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weekdays {
    text: String,
    days: [bool; 7],
}

const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl Weekdays {
    /// Reads `MON-FRI`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error =
            || refused(text, "set of weekdays", "`MON` to `SUN`, ranges and lists, such as `MON-FRI`");
        let number = |name: &str| DAYS.iter().position(|day| *day == name).ok_or_else(error);
        let mut days = [false; 7];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (number(first)?, number(last)?);
            days[day] = true;
            while day != last {
                day = (day + 1) % 7;
                days[day] = true;
            }
        }
        Ok(Self { text: text.to_owned(), days })
    }

    /// Whether that day belongs to them.
    pub fn contains(&self, day: Weekday) -> bool {
        usize::try_from(day.to_monday_zero_offset()).is_ok_and(|index| self.days[index])
    }
}

impl fmt::Display for Weekdays {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

text_value!(Weekdays, "^[A-Z]{3}([,-][A-Z]{3})*$", "days of the week, such as MON-FRI or SAT,SUN");

/// A mail address; the shape is checked, not whether anybody reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads `somebody@example.org`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error = || refused(text, "mail address", "such as `oncall@example.org`");
        let (local, domain) = text.split_once('@').ok_or_else(error)?;
        let sound = |part: &str| {
            !part.is_empty()
                && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "@<>,;".contains(c))
        };
        let sound = sound(local) && sound(domain) && domain.contains('.') && !domain.ends_with('.');
        if sound && text.len() <= 254 { Ok(Self(text.to_owned())) } else { Err(error()) }
    }

    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

text_value!(Email, "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", "a mail address");

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: ToString>(parse: fn(&str) -> Result<T, String>, text: &str, expected: Option<&str>) {
        let found = parse(text).ok().map(|value| value.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn periods() {
        let check = |text, expected| check(Period::parse, text, expected);
        check("15m", Some("15m"));
        check("72h", Some("3d"));
        check("2w", Some("14d"));
        check("90s", Some("90s"));
        check("0m", Some("0s"));
        for wrong in
            ["", "m", "15", "15 m", "-1d", "+1d", "1.5h", "1mo", "200w4d", "99999999999s", "9999w", "分"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn times_and_hours() {
        check(TimeOfDay::parse, "9:00", Some("09:00"));
        check(TimeOfDay::parse, "24:00", Some("24:00"));
        for wrong in ["24:01", "9", "09:60", "9:0", "+9:00", "09:000"] {
            check(TimeOfDay::parse, wrong, None);
        }
        check(Hours::parse, "09:00-18:00", Some("09:00-18:00"));
        check(Hours::parse, "22:00-06:00", Some("22:00-06:00"));
        check(Hours::parse, "09:00-09:00", None);
        check(Hours::parse, "24:00-09:00", None);
    }

    #[test]
    fn weekdays() {
        let weekend = Weekdays::parse("SAT-MON").unwrap();
        let found: Vec<bool> =
            Weekday::Monday.cycle_forward().take(7).map(|day| weekend.contains(day)).collect();
        assert_eq!(found, [true, false, false, false, false, true, true]);
        for wrong in ["", "Mon", "MON-", "MON,,TUE", "XYZ"] {
            check(Weekdays::parse, wrong, None);
        }
    }

    #[test]
    fn names_and_addresses() {
        check(TaskName::parse, "daily-check", Some("daily-check"));
        for wrong in ["", "-x", "a b", "每日", "x;rm"] {
            check(TaskName::parse, wrong, None);
        }
        check(Email::parse, "oncall@loom.dev", Some("oncall@loom.dev"));
        for wrong in ["oncall", "a@b", "a@b.", "a b@c.de", "a@b@c.de", "<a@b.de>", "a@b.de\n"] {
            check(Email::parse, wrong, None);
        }
    }
}
