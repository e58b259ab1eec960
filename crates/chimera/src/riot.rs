//! Riot's API: one client that never goes over a limit.
