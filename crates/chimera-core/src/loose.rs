//! Values of Riot's JSON that may be absent, null or of another type than last year: read, never refused.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The largest number that is believed: above it a field counts as broken (it holds milliseconds since 1970).
const LARGEST: f64 = 1e15;

/// A number that is not negative; anything else (absent, text, negative, not finite) is "not known".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Number(Option<f64>);

impl Number {
    /// The number, where it is known.
    pub fn known(self) -> Option<f64> {
        self.0
    }

    /// The number, 0 where it is not known.
    pub fn value(self) -> f64 {
        self.0.unwrap_or(0.0)
    }

    /// The whole part, 0 where it is not known, at most `u32::MAX`.
    pub fn count(self) -> u32 {
        self.value() as u32
    }

    /// The whole part as milliseconds or another large count, 0 where it is not known.
    pub fn large(self) -> u64 {
        self.value() as u64
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self((value.is_finite() && (0.0..=LARGEST).contains(&value)).then_some(value))
    }
}

/// A text; anything else is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(Option<bool>);

impl Flag {
    /// Whether it is known to be so.
    pub fn is_set(self) -> bool {
        self.0 == Some(true)
    }

    /// The flag, where it is known.
    pub fn known(self) -> Option<bool> {
        self.0
    }
}

/// Makes of any JSON value something of `T`; what a value type cannot use becomes the default.
pub(crate) trait Loose: Default {
    /// From a number.
    fn of_number(_: f64) -> Self {
        Self::default()
    }
    /// From a text.
    fn of_text(_: &str) -> Self {
        Self::default()
    }
    /// From true or false.
    fn of_flag(_: bool) -> Self {
        Self::default()
    }
}

impl Loose for Number {
    fn of_number(value: f64) -> Self {
        value.into()
    }
}

impl Loose for Text {
    fn of_text(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl Loose for Flag {
    fn of_flag(value: bool) -> Self {
        Self(Some(value))
    }
}

struct LooseVisitor<T>(PhantomData<T>);

impl<'de, T: Loose> Visitor<'de> for LooseVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::of_flag(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::of_number(value as f64))
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::of_number(value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::of_number(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::of_text(value))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

/// Reads any value as a `T`.
pub(crate) fn any<'de, D: Deserializer<'de>, T: Loose>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(LooseVisitor(PhantomData))
}

macro_rules! loosely {
    ($($name:ident),+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                any(deserializer)
            }
        }
    )+};
}
loosely!(Number, Text, Flag);

/// An object, or nothing where the value is something else.
pub(crate) struct Object<T>(pub(crate) Option<T>);

struct ObjectVisitor<T>(PhantomData<T>);

macro_rules! nothing_else {
    ($value:expr; $($visit:ident: $kind:ty),+) => {$(
        fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($value)
        }
    )+};
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(|object| Object(Some(object)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(None))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Object(None))
    }
    nothing_else!(Object(None); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// Reads an object; any other value gives the default.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Object::deserialize(deserializer).map(|object| object.0.unwrap_or_default())
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }
    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
    nothing_else!(Vec::new(); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
}

/// Reads a list of loose values; any other value gives an empty list.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// Reads the objects of a list; elements of another kind are left out.
pub(crate) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects: Vec<Object<T>> = list(deserializer)?;
    Ok(objects.into_iter().filter_map(|object| object.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<f64>) {
        assert_eq!(serde_json::from_str::<Number>(json).unwrap().known(), expected, "{json}");
    }

    #[test]
    fn only_sound_numbers_are_known() {
        check("7", Some(7.0));
        check("7.5", Some(7.5));
        check("0", Some(0.0));
        check("-1", None);
        check("-0.5", None);
        check("1e300", None);
        check("\"7\"", None);
        check("null", None);
        check("true", None);
        check("[1,{\"a\":[2]}]", None);
        check("{\"a\":[1,{}]}", None);
    }

    #[test]
    fn a_huge_number_does_not_wrap() {
        assert_eq!(Number::from(1e14).count(), u32::MAX);
        assert_eq!(Number::from(f64::NAN).known(), None);
    }

    #[test]
    fn objects_skip_what_is_none() {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Row {
            a: Number,
        }
        let mut reader =
            serde_json::Deserializer::from_str(r#"[{"a":1},null,3,"x",[4],{"a":"b"},{"a":2,"z":{}}]"#);
        let rows: Vec<Row> = objects(&mut reader).unwrap();
        assert_eq!(rows.iter().map(|row| row.a.value()).collect::<Vec<_>>(), [1.0, 0.0, 2.0]);
    }
}
