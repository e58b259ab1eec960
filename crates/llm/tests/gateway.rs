//! The whole gateway against scripted providers over real HTTP and a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[path = "gateway/budget.rs"]
mod budget;
#[path = "gateway/endpoint.rs"]
mod endpoint;
#[path = "gateway/failures.rs"]
mod failures;
#[path = "gateway/hostile.rs"]
mod hostile;
#[path = "gateway/options.rs"]
mod options;
#[path = "gateway/replies.rs"]
mod replies;
#[path = "gateway/stage.rs"]
mod stage;
