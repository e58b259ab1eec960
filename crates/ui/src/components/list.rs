//! Lists of things: tables, cursor paging and tabs, all with their state in the address.

use maud::{Markup, html};

use super::icon::{Icon, icon};
use crate::catalog::shell_catalog;
use crate::locale::Language;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The heading; on a phone it stands before each cell.
    pub label: String,
    /// Figures: aligned right with tabular digits.
    pub numeric: bool,
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Column {
        Column { label: label.into(), numeric: false }
    }

    /// A column of figures.
    pub fn figures(label: impl Into<String>) -> Column {
        Column { label: label.into(), numeric: true }
    }
}

/// A table that becomes a stack of cards on a phone. Cells beyond the columns are left out; the first cell of a row
/// names it.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.table-frame {
            table.table {
                caption.visually-hidden { (caption) }
                thead { tr {
                    @for column in columns { th scope="col" class=[column.numeric.then_some("num")] { (column.label) } }
                } }
                tbody { @for row in rows { tr { @for (index, (cell, column)) in row.iter().zip(columns).enumerate() {
                    @if index == 0 {
                        th scope="row" data-label=(column.label) class=[column.numeric.then_some("num")] { (cell) }
                    } @else {
                        td data-label=(column.label) class=[column.numeric.then_some("num")] { (cell) }
                    }
                } } } }
            }
        }
    }
}

/// Links to the neighbouring pages of a list with cursors; an end of the list has no link. `summary` says what is
/// shown, for instance "50 of 10,000 sessions".
pub fn pager(language: Language, newer: Option<&str>, older: Option<&str>, summary: &str) -> Markup {
    let text = |id: &str| shell_catalog().text(language, id);
    html! {
        nav.pager aria-label=(text("pager-label")) {
            @if let Some(href) = newer {
                a.btn.btn-quiet rel="prev" href=(href) { (icon(Icon::ChevronLeft)) (text("pager-newer")) }
            } @else { span.pager-end {} }
            span.pager-summary { (summary) }
            @if let Some(href) = older {
                a.btn.btn-quiet rel="next" href=(href) { (text("pager-older")) (icon(Icon::ChevronRight)) }
            } @else { span.pager-end {} }
        }
    }
}

/// One of several views of the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Address of the view.
    pub href: String,
    /// Its name.
    pub label: String,
    /// How many things it holds, where that helps to choose.
    pub count: Option<u64>,
    /// Whether it is shown now.
    pub current: bool,
}

/// Tabs are links: each view has its address.
pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for tab in tabs {
                a href=(tab.href) aria-current=[tab.current.then_some("page")] {
                    (tab.label)
                    @if let Some(count) = tab.count { span.count { (count) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_carry_their_heading_for_the_phone() {
        let columns = [Column::text("Name"), Column::figures("Turns")];
        let rows = [vec![html! { "Fog" }, html! { "12" }, html! { "left out" }]];
        let text = table("Sessions", &columns, &rows).into_string();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_ends_of_a_list_have_no_link() {
        let text = pager(Language::En, None, Some("?after=9"), "50 sessions").into_string();
        assert!(!text.contains("rel=\"prev\"") && text.contains("rel=\"next\" href=\"?after=9\""), "{text}");
    }

    #[test]
    fn the_current_tab_is_marked() {
        let tab = |label: &str, current| Tab {
            href: "/x".to_owned(),
            label: label.to_owned(),
            count: Some(3),
            current,
        };
        let text = tabs("Views", &[tab("one", true), tab("two", false)]).into_string();
        assert_eq!(text.matches("aria-current=\"page\"").count(), 1);
    }
}
