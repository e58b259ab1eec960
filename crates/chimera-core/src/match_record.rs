//! Riot's match document, read leniently.
