//! What a reader has chosen on a list: which rows, in which order, which part. All of it stands in the address, works
//! without scripts, and keeps the language that the address asks for.

use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Language, Viewer,
    components::{Column, Order, field},
};

use super::{outcome_text, text};

/// A longer text is cut.
const TEXT_CHARACTERS: usize = 100;
/// Nobody turns over more pages than this.
const MOST_PAGES: u32 = 10_000;

/// The parameters of a list. What makes no sense is as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    /// Name of a plan.
    pub(super) plan: String,
    /// Word of an outcome.
    pub(super) outcome: String,
    /// Text to be found.
    pub(super) text: String,
    /// By what it is sorted, with a `-` before it for the largest first.
    pub(super) sort: String,
    /// Part of the list, from 1.
    pub(super) page: String,
    /// The language, where the address asks for one.
    pub(super) lang: String,
}

/// What a list can be sorted by: the parameter's word and whether the largest comes first, the usual order first.
pub(super) type Orders<'a> = &'a [(&'a str, bool)];

/// `?lang=en` where the address asks for a language, so that a link asks for the same.
pub(super) fn language_query(viewer: &Viewer) -> String {
    let query = viewer.request_path.split_once('?').map_or("", |(_, query)| query);
    let asks = query.split('&').any(|pair| pair.starts_with("lang="));
    if asks { format!("?lang={}", viewer.language) } else { String::new() }
}

impl Choice {
    /// Part of the list, from 1.
    pub(super) fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, MOST_PAGES)
    }

    /// The text to be found, cut.
    pub(super) fn text(&self) -> String {
        self.text.trim().chars().take(TEXT_CHARACTERS).collect()
    }

    /// Whether fewer rows are wanted than there are.
    pub(super) fn is_narrow(&self) -> bool {
        !self.plan.is_empty() || !self.outcome.is_empty() || !self.text().is_empty()
    }

    /// By what it is sorted, and whether the largest comes first.
    pub(super) fn order<'a>(&self, orders: Orders<'a>) -> (&'a str, bool) {
        let chosen = orders.iter().find(|(by, descending)| order_word(by, *descending) == self.sort);
        chosen.or(orders.first()).copied().unwrap_or(("", false))
    }

    /// The address of the list with another part of it.
    pub(super) fn at_page(&self, page: u32) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        Self { page, ..self.clone() }.query()
    }

    /// A column whose heading sorts by it, or the other way round.
    pub(super) fn column(&self, column: Column, by: &str, orders: Orders<'_>) -> Column {
        let (now, descending) = self.order(orders);
        let next = if now == by { !descending } else { first_descends(by, orders) };
        let order = if descending { Order::Descending } else { Order::Ascending };
        let href = Self { sort: order_word(by, next), page: String::new(), ..self.clone() }.query();
        column.sorted(href, (now == by).then_some(order))
    }

    fn query(&self) -> String {
        let Self { plan, outcome, text, sort, page, lang } = self;
        let pairs = [
            ("plan", plan),
            ("outcome", outcome),
            ("text", text),
            ("sort", sort),
            ("page", page),
            ("lang", lang),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("?{}", given.join("&"))
    }
}

/// Whether the largest comes first when one begins to sort by this.
fn first_descends(by: &str, orders: Orders<'_>) -> bool {
    orders.iter().find(|(other, _)| *other == by).is_some_and(|(_, descending)| *descending)
}

fn order_word(by: &str, descending: bool) -> String {
    if descending { format!("-{by}") } else { by.to_owned() }
}

/// The form above a list.
pub(super) fn form(
    language: Language,
    path: &str,
    choice: &Choice,
    plans: &[&str],
    outcomes: &[&str],
    orders: Orders<'_>,
) -> Markup {
    let plans: Vec<(String, String)> = plans.iter().map(|it| ((*it).to_owned(), (*it).to_owned())).collect();
    let outcomes: Vec<(String, String)> =
        outcomes.iter().map(|word| ((*word).to_owned(), outcome_text(language, word))).collect();
    let (by, descending) = choice.order(orders);
    let orders: Vec<(String, String)> = orders
        .iter()
        .map(|(by, descending)| {
            let end = if *descending { "down" } else { "up" };
            (order_word(by, *descending), text(language, &format!("order-{by}-{end}")))
        })
        .collect();
    let all = text(language, "all");
    let search = html! { input type="search" id="text" name="text" value=(choice.text()) maxlength=(TEXT_CHARACTERS); };
    html! {
        form.filter method="get" action=(path) {
            @if !choice.lang.is_empty() { input type="hidden" name="lang" value=(language); }
            (field("text", &text(language, "containing"), &search, None, None))
            (field("plan", &text(language, "plan"), &select("plan", Some(&all), &plans, &choice.plan), None, None))
            (field("outcome", &text(language, "outcome"), &select("outcome", Some(&all), &outcomes, &choice.outcome), None, None))
            (field("sort", &text(language, "sorted"), &select("sort", None, &orders, &order_word(by, descending)), None, None))
            div.actions {
                button.btn.btn-primary type="submit" { (text(language, "show")) }
                @if choice.is_narrow() {
                    @let all = Choice { sort: choice.sort.clone(), lang: choice.lang.clone(), ..Choice::default() };
                    a.btn-quiet href=(format!("{path}{}", all.query())) { (text(language, "show-all")) }
                }
            }
        }
    }
}

fn select(name: &str, all: Option<&str>, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        select id=(name) name=(name) {
            @if let Some(all) = all { option value="" { (all) } }
            @for (value, label) in options { option value=(value) selected[value == chosen] { (label) } }
        }
    }
}

/// Percent-encodes what has a meaning in an address.
fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Orders<'_> = &[("ended", true), ("ended", false), ("task", false), ("task", true)];

    fn choice(text: &str, sort: &str, page: &str) -> Choice {
        let (text, sort, page) = (text.to_owned(), sort.to_owned(), page.to_owned());
        Choice { text, sort, page, lang: "en".to_owned(), ..Choice::default() }
    }

    #[test]
    fn links_keep_what_was_chosen() {
        let choice = choice("磁盘 & co", "-ended", "3");
        assert_eq!(choice.at_page(4), "?text=%E7%A3%81%E7%9B%98%20%26%20co&sort=-ended&page=4&lang=en");
        let column = choice.column(Column::text("When"), "ended", ORDERS).sort.unwrap();
        assert_eq!(column.now, Some(Order::Descending));
        assert!(
            column.href.ends_with("&sort=ended&lang=en"),
            "the other way round, from the first page: {}",
            column.href
        );
        let column = choice.column(Column::text("Task"), "task", ORDERS).sort.unwrap();
        assert_eq!((column.now, column.href.ends_with("&sort=task&lang=en")), (None, true));
    }

    #[test]
    fn what_makes_no_sense_is_as_if_it_were_not_there() {
        for (sort, page) in [("", ""), ("drop table", "-1"), ("--ended", "99999999999"), ("-seq", "x")] {
            let choice = choice("", sort, page);
            assert_eq!((choice.order(ORDERS), choice.page()), (("ended", true), 1), "{sort} {page}");
        }
        assert_eq!(choice("", "task", "20000").order(ORDERS), ("task", false));
        assert_eq!(choice("", "", "20000").page(), MOST_PAGES);
        assert_eq!(choice(&"长".repeat(500), "", "").text().chars().count(), TEXT_CHARACTERS);
    }
}
