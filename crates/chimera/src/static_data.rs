//! Names of champions, items, runes, spells and augments.
