//! What ids are called in one language.
