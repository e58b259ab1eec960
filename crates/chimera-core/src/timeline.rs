//! Riot's match timeline, read leniently.
