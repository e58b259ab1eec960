//! Whether a text keeps the publisher's rules.
