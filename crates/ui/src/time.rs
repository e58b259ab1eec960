//! Moments and durations as a person reads them: relative, with the exact moment and its zone on hover.
//!
//! The server writes UTC; the shell's script rewrites `[data-relative]` in the viewer's own zone and keeps it true
//! while the page stays open.

use jiff::Timestamp;
use jiff::fmt::strtime;
use maud::{Markup, html};

use crate::catalog::shell_catalog;
use crate::locale::Language;

/// A moment as `<time>`: "5 minutes ago" with the exact one in its title.
pub fn relative_time(language: Language, at: Timestamp, now: Timestamp) -> Markup {
    html! {
        time datetime=(at) data-relative title=(exact_time(at)) { (relative_words(language, at, now)) }
    }
}

/// A moment as `<time>` that shows the exact date, in the viewer's zone once the script has run.
pub fn exact_time_element(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-exact title=(exact_time(at)) { (exact_time(at)) } }
}

/// `2026-11-21 17:30:05 UTC`.
pub fn exact_time(at: Timestamp) -> String {
    strtime::format("%Y-%m-%d %H:%M:%S UTC", at).unwrap_or_else(|_| at.to_string())
}

/// The words alone: "just now" within 45 s of either side, then minutes, hours, days to 45, months, years.
pub fn relative_words(language: Language, at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let (id, count) = match seconds.unsigned_abs() {
        0..45 => return shell_catalog().text(language, "time-now"),
        distance @ 45..3_570 => ("minutes", (distance + 30) / 60),
        distance @ 3_570..84_600 => ("hours", (distance + 1_800) / 3_600),
        distance @ 84_600..3_888_000 => ("days", (distance + 43_200) / 86_400),
        distance @ 3_888_000..31_104_000 => ("months", distance / 2_592_000),
        distance => ("years", (distance / 31_557_600).max(1)),
    };
    let side = if seconds < 0 { "in" } else { "ago" };
    shell_catalog().text_with(language, &format!("time-{id}-{side}"), &[("count", count.into())])
}

/// A duration with its unit, two or three figures: `820 ms`, `4.2 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration_text(duration: std::time::Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn distances_are_worded_in_both_languages() {
        let now: Timestamp = "2026-11-21T17:30:00Z".parse().unwrap();
        let words = |seconds: i64, language| {
            relative_words(language, now - jiff::SignedDuration::from_secs(seconds), now)
        };
        for (seconds, english, chinese) in [
            (0, "just now", "刚刚"),
            (-44, "just now", "刚刚"),
            (45, "1 minute ago", "1 分钟前"),
            (300, "5 minutes ago", "5 分钟前"),
            (3_569, "59 minutes ago", "59 分钟前"),
            (3_570, "1 hour ago", "1 小时前"),
            (84_599, "23 hours ago", "23 小时前"),
            (84_600, "1 day ago", "1 天前"),
            (-172_800, "in 2 days", "2 天后"),
            (3_888_000, "1 month ago", "1 个月前"),
            (31_104_000, "1 year ago", "1 年前"),
            (63_200_000, "2 years ago", "2 年前"),
        ] {
            assert_eq!(words(seconds, Language::En), english);
            assert_eq!(words(seconds, Language::ZhCn), chinese);
        }
    }

    #[test]
    fn the_element_carries_the_exact_moment() {
        let at: Timestamp = "2026-11-21T17:25:05.123Z".parse().unwrap();
        let now: Timestamp = "2026-11-21T17:30:00Z".parse().unwrap();
        insta::assert_snapshot!(relative_time(Language::En, at, now).into_string());
        insta::assert_snapshot!(exact_time_element(at).into_string());
    }

    #[test]
    fn durations_have_units() {
        for (millis, expected) in [
            (0, "0 ms"),
            (820, "820 ms"),
            (4_230, "4.2 s"),
            (185_000, "3 min 05 s"),
            (7_620_000, "2 h 07 min"),
        ] {
            assert_eq!(duration_text(Duration::from_millis(millis)), expected);
        }
    }
}
