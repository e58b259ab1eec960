//! Numbers written as words, in Chinese and English.

/// The value of a run of Chinese digits and units up to 99,999,999; `None` for no number.
pub(super) fn chinese(run: &str) -> Option<f64> {
    let (mut total, mut section, mut digit) = (0_u64, 0_u64, None);
    for character in run.chars() {
        let unit = match character {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            '万' => {
                section += digit.take().unwrap_or(0);
                total += section.max(1) * 10_000;
                section = 0;
                continue;
            }
            '零' => {
                digit = None;
                continue;
            }
            other => {
                let value =
                    "一二三四五六七八九".chars().position(|known| known == other).map(|at| at as u64 + 1);
                let value = if other == '两' { Some(2) } else { value };
                if digit.is_some() {
                    return None;
                }
                digit = Some(value?);
                continue;
            }
        };
        section += digit.take().unwrap_or(1) * unit;
    }
    Some((total + section + digit.unwrap_or(0)) as f64)
}

const ENGLISH: &[(&str, u32)] = &[
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("twice", 2),
    ("thrice", 3),
];

/// The value of an English number word in lower case.
pub(super) fn english(word: &str) -> Option<f64> {
    if let Some((_, value)) = ENGLISH.iter().find(|(known, _)| *known == word) {
        return Some(f64::from(*value));
    }
    let (tens, ones) = word.split_once('-')?;
    let tens = english(tens).filter(|value| *value >= 20.0)?;
    let ones = english(ones).filter(|value| (1.0..10.0).contains(value))?;
    Some(tens + ones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbers() {
        for (run, value) in [
            ("两", 2.0),
            ("十", 10.0),
            ("十二", 12.0),
            ("二十三", 23.0),
            ("一百零五", 105.0),
            ("一万二千", 12_000.0),
        ] {
            assert_eq!(chinese(run), Some(value), "{run}");
        }
        assert_eq!(chinese("三四"), None);
        assert_eq!(english("twenty-three"), Some(23.0));
        assert_eq!(english("seven"), Some(7.0));
        assert_eq!(english("seventy-x"), None);
    }
}
