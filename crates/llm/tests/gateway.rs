//! The whole gateway against scripted providers over real HTTP and a real database.

#[path = "gateway/budget.rs"]
mod budget;
#[path = "gateway/endpoint.rs"]
mod endpoint;
#[path = "gateway/failures.rs"]
mod failures;
#[path = "gateway/hostile.rs"]
mod hostile;
#[path = "gateway/replies.rs"]
mod replies;
#[path = "gateway/stage.rs"]
mod stage;
