//! The four kinds of value that both databases understand, on their way in and out.

/// A parameter of a statement. Built with [`params!`](crate::params) or `From`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// TEXT. Must not contain U+0000.
    Text(Option<String>),
    /// BIGINT; flags are 0 and 1.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Real(Option<f64>),
    /// BYTEA.
    Bytes(Option<Vec<u8>>),
}

/// The parameters of a statement, in the order of `$1`, `$2`, …: `&params![session_id, turn_number]`.
#[macro_export]
macro_rules! params {
    () => { [] as [$crate::Value; 0] };
    ($($value:expr),+ $(,)?) => { [$($crate::Value::from($value)),+] };
}

macro_rules! value_from {
    ($($source:ty => $variant:ident, $convert:expr;)+) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Value::$variant(Some($convert(value)))
            }
        }
        impl From<Option<$source>> for Value {
            fn from(value: Option<$source>) -> Self {
                Value::$variant(value.map($convert))
            }
        }
    )+};
}

value_from! {
    &str => Text, str::to_owned;
    &String => Text, String::clone;
    String => Text, std::convert::identity;
    i64 => Int, std::convert::identity;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    bool => Int, i64::from;
    f64 => Real, std::convert::identity;
    &[u8] => Bytes, <[u8]>::to_vec;
    Vec<u8> => Bytes, std::convert::identity;
}

/// What a column held, as [`FromColumn`] gets it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// SQL NULL, of whatever type.
    Null,
    /// Any text type.
    Text(String),
    /// Any whole-number type, and PostgreSQL's BOOLEAN as 0 or 1 (`SELECT EXISTS (…)` returns one).
    Int(i64),
    /// Any floating type.
    Real(f64),
    /// Any byte type.
    Bytes(Vec<u8>),
}

/// A type that can be read from a column. Implement it for an id or an enum to read it directly.
pub trait FromColumn: Sized {
    /// How an error names this type.
    const EXPECTED: &'static str;

    /// `None` when the cell does not fit; the caller makes the error.
    fn from_cell(cell: Cell) -> Option<Self>;
}

impl FromColumn for String {
    const EXPECTED: &'static str = "text";

    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text) } else { None }
    }
}

impl FromColumn for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Int(number) = cell { Some(number) } else { None }
    }
}

impl FromColumn for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 4294967295";

    fn from_cell(cell: Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(|number| u32::try_from(number).ok())
    }
}

impl FromColumn for u64 {
    const EXPECTED: &'static str = "a whole number from 0";

    fn from_cell(cell: Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(|number| u64::try_from(number).ok())
    }
}

impl FromColumn for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Real(number) => Some(number),
            // SQLite keeps `sum()` of whole numbers whole.
            Cell::Int(number) => Some(number as f64),
            _ => None,
        }
    }
}

impl FromColumn for bool {
    const EXPECTED: &'static str = "0 or 1";

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Int(0) => Some(false),
            Cell::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromColumn for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes) } else { None }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
