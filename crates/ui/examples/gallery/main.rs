//! Serves every example of this crate's README as a page, so that it can be looked at.

use std::error::Error;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use maud::Markup;
use ui::{DefaultLanguage, Language, Viewer};

mod examples;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let router = Router::new()
        .route("/", get(|viewer: Viewer| async move { examples::page("components", &viewer) }))
        .route("/{name}", get(example))
        .layer(axum::Extension(DefaultLanguage(Language::ZhCn)))
        .merge(ui::assets::routes())
        .merge(ui::preferences::routes());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn example(Path(name): Path<String>, viewer: Viewer) -> Markup {
    examples::page(&name, &viewer)
}
