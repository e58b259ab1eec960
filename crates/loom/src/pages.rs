//! The web pages.

use std::sync::Arc;

use axum::{Router, response::IntoResponse};
use chassis::http::PageRenderer;

use crate::app::App;

/// The pages' routes.
pub fn router() -> Router<App> {
    Router::new()
}

/// Style sheets and scripts.
pub fn assets() -> ui::Assets {
    ui::Assets::new()
}

/// Renders a problem as a page.
pub fn problem_renderer() -> PageRenderer {
    Arc::new(|problem, _, _| problem.clone().into_response())
}
