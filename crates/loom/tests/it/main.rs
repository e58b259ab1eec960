//! The program through its own HTTP side: the real app on a random port, a temporary database, scripted model servers.

mod world;

mod interventions;
mod sessions;
mod turns;
