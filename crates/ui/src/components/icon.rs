//! The icons: strokes in the text's colour, drawn for this project, always next to a word or with a hidden one.

use maud::{Markup, PreEscaped, html};

/// An icon on a grid of 24 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says what is drawn")]
pub enum Icon {
    Book,
    Branch,
    Check,
    ChevronLeft,
    ChevronRight,
    Clock,
    Close,
    Coin,
    Dot,
    Error,
    Eye,
    HalfCircle,
    Info,
    Menu,
    Moon,
    Pencil,
    Plus,
    Quote,
    Retry,
    Search,
    Send,
    Slash,
    Stop,
    Sun,
    Trash,
    Warning,
}

impl Icon {
    /// All of them, for the gallery.
    pub const ALL: [Icon; 26] = [
        Icon::Book,
        Icon::Branch,
        Icon::Check,
        Icon::ChevronLeft,
        Icon::ChevronRight,
        Icon::Clock,
        Icon::Close,
        Icon::Coin,
        Icon::Dot,
        Icon::Error,
        Icon::Eye,
        Icon::HalfCircle,
        Icon::Info,
        Icon::Menu,
        Icon::Moon,
        Icon::Pencil,
        Icon::Plus,
        Icon::Quote,
        Icon::Retry,
        Icon::Search,
        Icon::Send,
        Icon::Slash,
        Icon::Stop,
        Icon::Sun,
        Icon::Trash,
        Icon::Warning,
    ];

    fn path(self) -> &'static str {
        match self {
            Icon::Book => {
                "M12 6.5C10 5 7 4.5 3.5 5v13.5C7 18 10 18.5 12 20c2-1.5 5-2 8.5-1.5V5C17 4.5 14 5 12 6.5zM12 6.5V20"
            }
            Icon::Branch => "M6 4v16M6 15c0-5 11-3 11-9M17 6m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
            Icon::Check => "M4.5 12.5l5 5 10-11",
            Icon::ChevronLeft => "M14.5 5l-7 7 7 7",
            Icon::ChevronRight => "M9.5 5l7 7-7 7",
            Icon::Clock => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM12 7.5V12l3 2",
            Icon::Close => "M6 6l12 12M18 6L6 18",
            Icon::Coin => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM14.5 9a3.5 3.5 0 1 0 0 6",
            Icon::Dot => "M12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6z",
            Icon::Error => "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM9 9l6 6M15 9l-6 6",
            Icon::Eye => {
                "M2.5 12C5 7.5 8.5 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-6 6.5-9.5 6.5S5 16.5 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5z"
            }
            Icon::HalfCircle => "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17M9.5 5v14M7 6v12",
            Icon::Info => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17zM12 11v5.5M12 7.5v.5",
            Icon::Menu => "M4 7h16M4 12h16M4 17h16",
            Icon::Moon => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
            Icon::Pencil => "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19zM14 6.5l3.5 3.5",
            Icon::Plus => "M12 5v14M5 12h14",
            Icon::Quote => {
                "M5 12.5h5v5H5zM5 12.5c0-3.5 1.5-5.5 4-6.5M14 12.5h5v5h-5zM14 12.5c0-3.5 1.5-5.5 4-6.5"
            }
            Icon::Retry => "M19 12a7 7 0 1 1-2.5-5.400M17 3v4h-4",
            Icon::Search => "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.5 15.5L20.5 20.5",
            Icon::Send => "M12 19.5V5M6 10.5L12 4.5l6 6",
            Icon::Slash => "M15.5 4l-7 16",
            Icon::Stop => "M7 7h10v10H7z",
            Icon::Sun => {
                "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM12 2.5V4.5M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4"
            }
            Icon::Trash => "M4.5 6.5h15M9.5 6.5V4h5v2.5M6.5 6.5l1 13.5h9l1-13.5M10.5 10.5v6M13.5 10.5v6",
            Icon::Warning => "M12 4L2.5 20h19zM12 10v5M12 17v.5",
        }
    }
}

/// The icon without a name of its own: a word must stand beside it.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.6"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" {
            (PreEscaped(format!("<path d=\"{}\"/>", icon.path())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_has_its_own_picture() {
        let pictures: std::collections::BTreeSet<&str> = Icon::ALL.into_iter().map(Icon::path).collect();
        assert_eq!(pictures.len(), Icon::ALL.len());
    }
}
