//! Sheets of reviews made by hand.
