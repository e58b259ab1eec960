//! Numbers, times and bars as cards write them.

/// Cells of a bar.
const CELLS: usize = 10;
/// What stands where a number is missing.
pub(super) const UNKNOWN: &str = "–";

/// A bar of ten cells for 0 to 100; what is out of range or no number is clamped.
pub(super) fn bar(value: f64, is_ascii: bool) -> String {
    let filled = if value.is_finite() { (value.clamp(0.0, 100.0) / 10.0).round() as usize } else { 0 };
    let (full, empty) = if is_ascii { ('#', '-') } else { ('█', '▒') };
    (0..CELLS).map(|cell| if cell < filled { full } else { empty }).collect()
}

/// `12:05`, or `1:02:05` from an hour on.
pub(super) fn game_time(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// One digit after the point; a dash for what is no number.
pub(super) fn decimal(value: f64) -> String {
    if value.is_finite() { format!("{value:.1}") } else { UNKNOWN.to_owned() }
}

/// A difference with its sign: `+1,204`, `−35`, `0`.
pub(super) fn signed(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => UNKNOWN.to_owned(),
        Some(value) => {
            let rounded = value.round();
            let digits = grouped(rounded.abs() as u64);
            if rounded > 0.0 {
                format!("+{digits}")
            } else if rounded < 0.0 {
                format!("−{digits}")
            } else {
                digits
            }
        }
    }
}

/// A difference of scores with its sign and one digit: `+3.2`.
pub(super) fn signed_decimal(value: f64) -> String {
    let text = decimal(value.abs());
    match (value.is_finite(), text.as_str()) {
        (false, _) => text,
        (true, "0.0") => "±0.0".to_owned(),
        (true, _) if value > 0.0 => format!("+{text}"),
        (true, _) => format!("−{text}"),
    }
}

/// A share of 0 to 1 in percent without digits.
pub(super) fn percent(share: Option<f64>) -> String {
    share
        .filter(|share| share.is_finite())
        .map_or_else(|| UNKNOWN.to_owned(), |share| format!("{:.0}%", share * 100.0))
}

/// `24.1k` from a thousand on.
pub(super) fn thousands(number: u32) -> String {
    if number < 1_000 { number.to_string() } else { format!("{:.1}k", f64::from(number) / 1_000.0) }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The text in exactly `width` columns of a fixed-width font: cut, or filled with blanks.
pub(super) fn padded(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut shown = String::new();
    for character in text.chars() {
        let next = character_columns(character);
        if used + next > width {
            break;
        }
        used += next;
        shown.push(character);
    }
    shown.extend(std::iter::repeat_n(' ', width - used));
    shown
}

/// By the ranges that are drawn double, and those that are not drawn by themselves.
fn character_columns(character: char) -> usize {
    match character {
        '\u{0300}'..='\u{036F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!(bar(76.0, false), "████████▒▒");
        assert_eq!(bar(0.0, true), "----------");
        assert_eq!(
            [bar(f64::NAN, true), bar(-5.0, true), bar(900.0, true)].join(" "),
            "---------- ---------- ##########"
        );
        assert_eq!([game_time(0), game_time(754_999), game_time(3_725_000)].join(" "), "0:00 12:34 1:02:05");
        assert_eq!(
            [signed(Some(1204.4)), signed(Some(-35.0)), signed(Some(0.2)), signed(None)].join(" "),
            "+1,204 −35 0 –"
        );
        assert_eq!(
            [signed_decimal(3.24), signed_decimal(-0.04), signed_decimal(-8.0)].join(" "),
            "+3.2 ±0.0 −8.0"
        );
        assert_eq!(
            [thousands(999), thousands(24_090), percent(Some(0.724)), percent(None)].join(" "),
            "999 24.1k 72% –"
        );
    }

    #[test]
    fn columns_count_wide_letters_twice() {
        assert_eq!(padded("阿狸 Ahri", 6), "阿狸 A");
        assert_eq!(padded("阿狸", 3), "阿 ");
        assert_eq!(padded("a", 3), "a  ");
    }
}
