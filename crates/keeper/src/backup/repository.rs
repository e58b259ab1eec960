//! Backups in the format of restic's repositories (version 2), through `rustic_core`, with our own storage under it.

pub mod files;
pub mod s3;
