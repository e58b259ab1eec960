//! How far a long task has come.

use std::{fmt, sync::Arc};

use rustic_core::{HiddenProgress, ProgressBars, ProgressType, RusticProgress};

/// Is told how far a long task has come.
pub trait Progress: Send + Sync + 'static {
    /// So many bytes have to be looked at in all. May come late, or never.
    fn total(&self, bytes: u64);

    /// So many more bytes are done.
    fn done(&self, bytes: u64);

    /// Whether it is worth finding out the total, which may cost a walk through the sources.
    fn wants_total(&self) -> bool {
        true
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn total(&self, _: u64) {}

    fn done(&self, _: u64) {}

    fn wants_total(&self) -> bool {
        false
    }
}

/// Hands on what `rustic_core` counts in bytes.
#[derive(Clone)]
pub(super) struct Bars(pub(super) Arc<dyn Progress>);

impl fmt::Debug for Bars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bars")
    }
}

impl ProgressBars for Bars {
    fn progress(&self, kind: ProgressType, _: &str) -> rustic_core::Progress {
        match kind {
            ProgressType::Bytes => rustic_core::Progress::new(self.clone()),
            ProgressType::Spinner | ProgressType::Counter => rustic_core::Progress::new(HiddenProgress),
        }
    }
}

impl RusticProgress for Bars {
    fn is_hidden(&self) -> bool {
        !self.0.wants_total()
    }

    fn set_length(&self, bytes: u64) {
        self.0.total(bytes);
    }

    fn set_title(&self, _: &str) {}

    fn inc(&self, bytes: u64) {
        self.0.done(bytes);
    }

    fn finish(&self) {}
}
