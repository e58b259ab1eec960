//! How many and how far back: the two amounts that keep rules are made of.

use std::fmt;

use jiff::{Span, Timestamp, ToSpan};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::plan::value::{refused, text_value};
use crate::zone::Zone;

/// A number, or `"unlimited"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Of(u32),
    /// However many there are.
    Unlimited,
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(number) => serializer.serialize_u32(*number),
            Self::Unlimited => serializer.serialize_str("unlimited"),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number or \"unlimited\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Count, E> {
        u32::try_from(number).map(Count::Of).map_err(|_| {
            E::custom(refused(&number.to_string(), "number of backups", "0 or more, or `\"unlimited\"`"))
        })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
        u32::try_from(number).map(Count::Of).map_err(|_| {
            E::custom(refused(&number.to_string(), "number of backups", "0 or more, or `\"unlimited\"`"))
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
        if text == "unlimited" {
            return Ok(Count::Unlimited);
        }
        Err(E::custom(refused(text, "number of backups", "a whole number or `unlimited`")))
    }
}

impl JsonSchema for Count {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number, or \"unlimited\"",
            "anyOf": [{ "type": "integer", "minimum": 0 }, { "const": "unlimited" }]
        })
    }
}

/// A length of time by the calendar, such as `30d`, `1y2mo3d` or `13d23h`: months and years are as long as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reach {
    years: u16,
    months: u16,
    days: u32,
    hours: u32,
}

impl Reach {
    /// Reads `1y2mo3d3h`: units `y`, `mo`, `w`, `d`, `h`, each at most once and the longest first.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error =
            || refused(text, "length of time", "numbers with `y`, `mo`, `w`, `d` or `h`, such as `1y6mo`");
        let (mut reach, mut rest, mut last) = (Self::default(), text, 0);
        if text.is_empty() {
            return Err(error());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u32 = rest[..digits].parse().map_err(|_| error())?;
            let unit_length = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
            let order = ["y", "mo", "w", "d", "h"]
                .iter()
                .position(|unit| *unit == &rest[digits..digits + unit_length]);
            let order = order.map(|order| order + 1).filter(|order| *order > last).ok_or_else(error)?;
            let small = u16::try_from(number).ok().filter(|number| *number <= 9_999);
            match order {
                1 => reach.years = small.ok_or_else(error)?,
                2 => reach.months = small.ok_or_else(error)?,
                3 => reach.days = u32::from(small.ok_or_else(error)?) * 7,
                4 => {
                    reach.days =
                        reach.days.checked_add(number).filter(|days| *days <= 3_650_000).ok_or_else(error)?;
                }
                _ => reach.hours = Some(number).filter(|hours| *hours <= 87_600_000).ok_or_else(error)?,
            }
            last = order;
            rest = &rest[digits + unit_length..];
        }
        Ok(reach)
    }

    /// Whether it reaches no time at all.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }

    /// The instant that lies so far before this one. A day that its month does not have becomes the month's last one;
    /// what would lie before the first instant becomes that one.
    pub fn before(self, instant: Timestamp, zone: &Zone) -> Timestamp {
        let dates: Span =
            i64::from(self.years).years().months(i64::from(self.months)).days(i64::from(self.days));
        let wall = zone.rules().to_datetime(instant);
        let earlier = wall.checked_sub(dates).and_then(|wall| zone.rules().to_timestamp(wall));
        let hours = i64::from(self.hours).hours();
        earlier.and_then(|instant| instant.checked_sub(hours)).unwrap_or(Timestamp::MIN)
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (u32::from(self.years), "y"),
            (u32::from(self.months), "mo"),
            (self.days, "d"),
            (self.hours, "h"),
        ];
        if self.is_zero() {
            return formatter.write_str("0h");
        }
        for (number, unit) in parts.iter().filter(|(number, _)| *number > 0) {
            write!(formatter, "{number}{unit}")?;
        }
        Ok(())
    }
}

text_value!(Reach, "^([0-9]+(y|mo|w|d|h))+$", "a length of time by the calendar, such as 30d or 1y6mo");

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Reach::parse(text).ok().map(|reach| reach.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn reaches_are_read() {
        check("30d", Some("30d"));
        check("1y2mo3d3h", Some("1y2mo3d3h"));
        check("2w1d", Some("15d"));
        check("0h", Some("0h"));
        for wrong in ["", "d", "1", "1m", "1d1y", "1d1d", "99999y", "1y 2mo", "-1d", "1日"] {
            check(wrong, None);
        }
    }

    #[test]
    fn reaches_go_back_by_the_calendar() {
        let check = |zone: &str, from: &str, reach: &str, expected: &str| {
            let zone = Zone::named(zone).unwrap();
            let instant = Reach::parse(reach).unwrap().before(from.parse().unwrap(), &zone);
            assert_eq!(instant.to_string(), expected, "{from} - {reach}");
        };
        check("UTC", "2016-03-31T12:00:00Z", "1mo", "2016-02-29T12:00:00Z");
        check("UTC", "2016-01-18T12:02:03Z", "1y2mo3d3h", "2014-11-15T09:02:03Z");
        check("Europe/Berlin", "2026-03-29T10:00:00Z", "1d", "2026-03-28T11:00:00Z");
        check("UTC", "2016-01-18T12:02:03Z", "9999y", "-007983-01-18T12:02:03Z");
    }
}
