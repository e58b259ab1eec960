//! From a queued request to the delivered review.

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Works jobs off until `stop`, then lets those under way finish. No kind of job has a handler yet.
pub async fn run(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    drop(app);
    stop.cancelled().await;
    Ok(())
}
