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
    /// Where the heading leads, on a list that can be sorted by this column.
    pub sort: Option<Sort>,
}

/// The heading of a column by which a list can be sorted. A phone shows no headings: give it another way to sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The list sorted by this column, or the other way round if it is already.
    pub href: String,
    /// How the list is sorted by this column now.
    pub now: Option<Order>,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Order::Ascending => "ascending",
            Order::Descending => "descending",
        }
    }

    fn arrow(self) -> &'static str {
        match self {
            Order::Ascending => "↑",
            Order::Descending => "↓",
        }
    }
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Column {
        Column { label: label.into(), numeric: false, sort: None }
    }

    /// A column of figures.
    pub fn figures(label: impl Into<String>) -> Column {
        Column { label: label.into(), numeric: true, sort: None }
    }

    /// The same with a heading that sorts.
    #[must_use]
    pub fn sorted(self, href: impl Into<String>, now: Option<Order>) -> Column {
        Column { sort: Some(Sort { href: href.into(), now }), ..self }
    }
}

fn heading(column: &Column) -> Markup {
    let now = column.sort.as_ref().and_then(|sort| sort.now);
    html! {
        th scope="col" class=[column.numeric.then_some("num")] aria-sort=[now.map(Order::name)] {
            @if let Some(sort) = &column.sort {
                a href=(sort.href) {
                    (column.label)
                    @if let Some(now) = now { span aria-hidden="true" { " " (now.arrow()) } }
                }
            } @else { (column.label) }
        }
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
                    @for column in columns { (heading(column)) }
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
    fn a_heading_that_sorts_says_how_the_list_is_sorted() {
        let columns = [
            Column::text("Name").sorted("?sort=name", None),
            Column::figures("Turns").sorted("?sort=turns", Some(Order::Descending)),
        ];
        let text = table("Sessions", &columns, &[]).into_string();
        assert!(text.contains("<th scope=\"col\"><a href=\"?sort=name\">Name</a></th>"), "{text}");
        assert!(text.contains("aria-sort=\"descending\"><a href=\"?sort=turns\">Turns<span"), "{text}");
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
