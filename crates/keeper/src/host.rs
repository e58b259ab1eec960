//! This machine's name.

/// The name, or `unknown` where the system does not tell.
#[must_use]
pub fn name() -> String {
    sysinfo::System::host_name().unwrap_or_else(|_| "unknown".to_owned())
}
