//! Whether everything a text claims is in the fact sheet.
