//! Page shell, theme, components and the two languages: HTML from Rust, no build step.
//!
//! A program reads a [`Viewer`] from the request, builds its page body with [`components`], and renders it in a
//! [`PageShell`]. Its router merges [`Assets::router`] and [`preferences::routes`]. The classes of the
//! stylesheet are listed in this crate's README.

pub mod assets;
pub mod catalog;
pub mod components;
pub mod error;
pub mod locale;
pub mod page;
pub mod preferences;
pub mod problem;
pub mod time;
pub mod tree;
pub mod viewer;

pub use assets::Assets;
pub use catalog::{Arg, Catalog, shell_catalog};
pub use error::UiError;
pub use locale::Language;
pub use page::{CONTENT_SECURITY_POLICY, NavItem, PageShell};
pub use problem::{ProblemText, problem_page};
pub use viewer::{DefaultLanguage, Theme, Viewer};
