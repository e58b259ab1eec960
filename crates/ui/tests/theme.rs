//! The style sheet keeps its promises: contrast from the tokens' own values, one set of names for light and dark, no
//! colour outside the tokens, and every class that the README shows.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may stop it")]

use std::collections::{BTreeMap, BTreeSet};

const TOKENS: &str = include_str!("../assets/theme/tokens.css");
const PARTS: [(&str, &str); 3] = [
    ("base.css", include_str!("../assets/theme/base.css")),
    ("components.css", include_str!("../assets/theme/components.css")),
    ("book.css", include_str!("../assets/theme/book.css")),
];
const README: &str = include_str!("../README.md");

type Colours = BTreeMap<String, String>;

/// The declarations of custom properties in the block that follows `selector`.
fn block(selector: &str) -> Colours {
    let body = TOKENS.split_once(selector).and_then(|(_, rest)| rest.split_once('}')).unwrap().0;
    body.lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

fn light() -> Colours {
    block(":root {")
}

fn dark() -> Colours {
    block(":root[data-theme=\"dark\"] {")
}

/// Relative luminance after WCAG 2.2.
fn luminance(hex: &str) -> f64 {
    let hex = hex.strip_prefix('#').unwrap_or_else(|| panic!("{hex} is not a hex colour"));
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn check_contrast(colours: &Colours, theme: &str, pairs: &[(&str, &[&str])], least: f64) {
    let mut failures = Vec::new();
    for (text, grounds) in pairs {
        for ground in *grounds {
            let ratio = contrast(&colours[*text], &colours[*ground]);
            if ratio < least {
                failures.push(format!("{theme}: {text} on {ground} is {ratio:.2}, needs {least}"));
            }
        }
    }
    assert_eq!(failures, Vec::<String>::new());
}

const GROUNDS: &[&str] = &["paper", "surface", "sunken"];

#[test]
fn the_formula_agrees_with_known_values() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.001);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 0.001);
}

#[test]
fn text_has_a_contrast_of_four_and_a_half() {
    let washes: &[&str] = &["ok-wash", "warning-wash", "error-wash", "working-wash", "accent-wash"];
    let pairs: &[(&str, &[&str])] = &[
        ("ink", GROUNDS),
        ("ink", washes),
        ("ink-soft", GROUNDS),
        ("ink-soft", washes),
        ("ink-faint", GROUNDS),
        ("ink-faint", washes),
        ("accent", GROUNDS),
        ("accent", &["accent-wash", "warning-wash", "error-wash"]),
        ("accent-strong", GROUNDS),
        ("rubric", GROUNDS),
        ("ok", &["paper", "surface", "ok-wash"]),
        ("warning", &["paper", "surface", "warning-wash"]),
        ("error", &["paper", "surface", "error-wash"]),
        ("working", &["paper", "surface", "working-wash"]),
        ("on-accent", &["accent", "accent-strong"]),
        // The label of a destructive button.
        ("surface", &["error"]),
    ];
    check_contrast(&light(), "light", pairs, 4.5);
    check_contrast(&dark(), "dark", pairs, 4.5);
}

#[test]
fn borders_focus_and_bars_have_a_contrast_of_three() {
    let shares = ["share-1", "share-3", "share-4", "share-5"];
    let mut pairs: Vec<(&str, &[&str])> = vec![("edge", &["paper", "surface"]), ("focus", GROUNDS)];
    pairs.extend(shares.iter().map(|share| (*share, &["paper", "surface"][..])));
    check_contrast(&light(), "light", &pairs, 3.0);
    check_contrast(&dark(), "dark", &pairs, 3.0);
}

#[test]
fn light_and_dark_have_the_same_names() {
    let colours: BTreeSet<String> = light().into_keys().collect();
    assert_eq!(dark().into_keys().collect::<BTreeSet<_>>(), colours);
    assert!(colours.len() > 25, "{colours:?}");
}

#[test]
fn the_device_and_the_viewer_get_the_same_dark() {
    assert_eq!(block(":root:not([data-theme=\"light\"]) {"), dark());
}

#[test]
fn no_colour_stands_outside_the_tokens() {
    for (name, part) in PARTS {
        for (number, line) in part.lines().enumerate() {
            let coloured = line
                .match_indices('#')
                .any(|(at, _)| line[at + 1..].chars().take_while(char::is_ascii_hexdigit).count() >= 3);
            assert!(!coloured && !line.contains("rgb("), "{name}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn every_token_that_is_used_exists() {
    let defined: BTreeSet<&str> = TOKENS
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix("--")?.split_once(':')?.0))
        .chain(["state", "state-wash"])
        .collect();
    for (name, part) in PARTS {
        for used in part.split("var(--").skip(1) {
            let used = used.split([')', ',']).next().unwrap();
            assert!(defined.contains(used), "{name} uses --{used}");
        }
    }
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for (name, part) in PARTS {
        assert!(
            !part.contains("url(") && !part.contains("@import") && !part.contains("@font-face"),
            "{name}"
        );
    }
}

#[test]
fn braces_are_balanced() {
    for (name, part) in PARTS.into_iter().chain([("tokens.css", TOKENS)]) {
        assert_eq!(part.matches('{').count(), part.matches('}').count(), "{name}");
    }
}

/// Classes in the HTML examples, as a page author copies them.
#[test]
fn every_class_of_the_readme_has_its_style() {
    let style: String = PARTS.into_iter().map(|(_, part)| part).collect();
    // None at present; a class listed here carries meaning for scripts only.
    let unstyled: [&str; 0] = [];
    let mut seen = 0;
    for attribute in README.split("class=\"").skip(1) {
        for class in attribute.split('"').next().unwrap().split_whitespace() {
            let known = style.match_indices(&format!(".{class}")).any(|(at, name)| {
                !style[at + name.len()..]
                    .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-')
            });
            assert!(known || unstyled.contains(&class), "{class} has no style");
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn the_examples_obey_the_content_policy() {
    let examples: Vec<&str> =
        README.split("```html ").skip(1).map(|block| block.split("\n```").next().unwrap()).collect();
    assert!(examples.len() > 5);
    for forbidden in [" style=\"", "onclick=", "<script", "hx-on", "src=\"http", "javascript:"] {
        assert!(!examples.iter().any(|example| example.contains(forbidden)), "{forbidden}");
    }
}
