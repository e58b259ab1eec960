//! Plain views of a text: what a reader sees, without the disguises, each byte with its place in the original.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text made plain, with the way back to the original.
pub(super) struct View {
    text: String,
    /// For every byte of `text`: the bytes of the original it came from.
    origin: Vec<(usize, usize)>,
}

/// A sentence of a view.
pub(super) struct Sentence<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

#[derive(Clone, Copy)]
struct Letter {
    value: char,
    from: usize,
    to: usize,
}

/// The views of a text: as read, and (where they differ) with digits inside words read as letters, twice because a `1` may
/// stand for `i` or `l`.
pub(super) fn views(text: &str) -> Vec<View> {
    let letters = join_single_letters(&drop_separators(&letters(text)));
    let mut views = vec![View::of(&letters)];
    for one in ['i', 'l'] {
        if let Some(read) = digits_as_letters(&letters, one) {
            views.push(View::of(&join_single_letters(&read)));
        }
    }
    views
}

impl View {
    fn of(letters: &[Letter]) -> Self {
        let (mut text, mut origin) = (String::new(), Vec::new());
        for letter in letters {
            text.push(letter.value);
            origin.resize(text.len(), (letter.from, letter.to));
        }
        Self { text, origin }
    }

    /// The bytes of the original behind a non-empty range of this view.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.origin.get(range.start).map_or(0, |origin| origin.0);
        let end = self.origin.get(range.end.saturating_sub(1)).map_or(start, |origin| origin.1);
        start..end.max(start)
    }

    /// The sentences: cut at full stops, question and exclamation marks, semicolons and line ends.
    pub(super) fn sentences(&self) -> Vec<Sentence<'_>> {
        let bytes = self.text.as_bytes();
        let (mut sentences, mut start) = (Vec::new(), 0);
        for (at, character) in self.text.char_indices() {
            let end = at + character.len_utf8();
            let cuts = match character {
                '。' | '!' | '?' | ';' | '\n' => true,
                '.' => bytes.get(end).is_none_or(|next| !next.is_ascii_alphanumeric()),
                _ => false,
            };
            if cuts {
                sentences.push(Sentence { text: &self.text[start..at], start });
                start = end;
            }
        }
        sentences.push(Sentence { text: &self.text[start..], start });
        sentences.retain(|sentence| !sentence.text.trim().is_empty());
        sentences
    }
}

/// Compatibility forms folded, accents and invisible characters dropped, look-alikes and traditional characters replaced,
/// all in lower case.
fn letters(text: &str) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(text.len());
    for (from, character) in text.char_indices() {
        let to = from + character.len_utf8();
        for folded in std::iter::once(character).nfkd().filter(|folded| !is_invisible(*folded)) {
            for value in folded.to_lowercase().map(look_alike).filter(|value| !is_invisible(*value)) {
                letters.push(Letter { value, from, to });
            }
        }
    }
    letters
}

/// Characters that nobody sees, and accents that stand by themselves.
pub(crate) fn is_invisible(character: char) -> bool {
    is_combining_mark(character)
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}'
            | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}'
            | '\u{20E3}' | '\u{E0000}'..='\u{E0FFF}')
        || (character.is_control() && !character.is_whitespace())
}

/// Letters of other scripts that look like Latin ones, and the traditional characters of the words the rules know.
const LOOK_ALIKES: &[(&str, &str)] = &[
    ("аеорсухіјѕкмтнвԁһӏ", "aeopcyxijskmthbdhl"),
    ("αερινκτυχωμογ", "aepivktuxwmoy"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢı", "abcdefghijklmnoprstuvwyzi"),
    ("ℓ×∣¦–—‐‑−", "lx||-----"),
    (
        "勝獲贏輸預測計強級隊場廢評裝備選個這隱實際戰績團頭後雞點幾機會將穩鑽師數據",
        "胜获赢输预测计强级队场废评装备选个这隐实际战绩团头后鸡点几机会将稳钻师数据",
    ),
    (
        "對當於別還們為說讓來無腦沒爛從開賽連續層測榮話賠躍樣標順號揭體該單敗",
        "对当于别还们为说让来无脑没烂从开赛连续层测荣话赔跃样标顺号揭体该单败",
    ),
    ("〇壹贰貳叁參肆伍陸柒捌玖拾佰％", "零一二二三三四五六七八九十百%"),
];

fn look_alike(character: char) -> char {
    if character.is_ascii() {
        return character;
    }
    for (odd, plain) in LOOK_ALIKES {
        if let Some(at) = odd.chars().position(|candidate| candidate == character) {
            return plain.chars().nth(at).unwrap_or(character);
        }
    }
    character
}

/// Whether a character is a Chinese ideograph.
fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Marks that end a phrase and therefore stay; every other mark beside an ideograph is filler.
fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        ',' | '。'
            | '、'
            | '!'
            | '?'
            | ';'
            | ':'
            | '「'
            | '」'
            | '《'
            | '》'
            | '"'
            | '('
            | ')'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '\''
            | '\n'
            | '%'
            | '【'
            | '】'
            | '『'
            | '』'
            | '<'
            | '>'
            | '/'
    )
}

/// White space as one space, none beside an ideograph, and no filler beside an ideograph.
fn drop_separators(letters: &[Letter]) -> Vec<Letter> {
    let mut kept: Vec<Letter> = Vec::with_capacity(letters.len());
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        let filler = |letter: &Letter| !letter.value.is_alphanumeric() && !is_punctuation(letter.value);
        if !filler(letter) {
            kept.push(*letter);
            at += 1;
            continue;
        }
        let end = at + letters[at..].iter().take_while(|letter| filler(letter)).count();
        let before = kept.last().is_some_and(|letter| is_ideograph(letter.value));
        let after = letters.get(end).is_some_and(|letter| is_ideograph(letter.value));
        if !before && !after {
            let mut spaced = false;
            for letter in &letters[at..end] {
                let space = letter.value.is_whitespace();
                if !(space && spaced) {
                    kept.push(Letter { value: if space { ' ' } else { letter.value }, ..*letter });
                }
                spaced = space;
            }
        }
        at = end;
    }
    kept
}

/// `w i n` and `e.l.o` as one word: three or more single letters or digits with single marks between them.
fn join_single_letters(letters: &[Letter]) -> Vec<Letter> {
    let value = |at: usize| letters.get(at).map(|letter| letter.value);
    let in_word =
        |at: usize| value(at).is_some_and(|character| character.is_ascii_alphanumeric() || character == '%');
    let is_mark = |at: usize| value(at).is_some_and(|character| " .-_*|~+".contains(character));
    let mut joined = Vec::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let alone = |place: usize| in_word(place) && !in_word(place + 1);
        let mut run = Vec::new();
        if alone(at) && (at == 0 || !in_word(at - 1)) {
            let mut next = at;
            while alone(next) {
                run.push(letters[next]);
                next += 1;
                while is_mark(next) && (is_mark(next + 1) || alone(next + 1)) {
                    next += 1;
                }
            }
            if run.len() >= 3 {
                joined.append(&mut run);
                at = next;
                continue;
            }
        }
        joined.push(letters[at]);
        at += 1;
    }
    joined
}

/// The text with digits and marks inside words read as the letters they imitate, or nothing where there are none.
fn digits_as_letters(letters: &[Letter], one: char) -> Option<Vec<Letter>> {
    let imitated = |character: char| match character {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    };
    let of_word = |character: char| character.is_ascii_alphanumeric() || "@$!|".contains(character);
    let (mut read, mut changed, mut at) = (letters.to_vec(), false, 0);
    while at < read.len() {
        let length = read[at..].iter().take_while(|letter| of_word(letter.value)).count();
        let mut word = at..at + length;
        while word.end > word.start && !read[word.end - 1].value.is_ascii_alphanumeric() {
            word.end -= 1;
        }
        let letters_in =
            read[word.clone()].iter().filter(|letter| letter.value.is_ascii_alphabetic()).count();
        if letters_in > 0 && letters_in < word.len() && word.len() > 2 {
            for letter in &mut read[word] {
                letter.value = imitated(letter.value);
            }
            changed = true;
        }
        at += length.max(1);
    }
    changed.then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(views(input)[0].text, expected, "{input:?}");
    }

    #[test]
    fn disguises_fall() {
        check("胜 率 ５５％", "胜率55%");
        check("勝\u{200B}率", "胜率");
        check("胜-率·高", "胜率高");
        check("Ｗｉｎ Rate", "win rate");
        check("w i n r a t e is", "winrate is");
        check("e.l.o. 1700", "elo 1700");
        check("wіn rаte", "win rate");
        check("shèng lǜ", "sheng lu");
        check("a fact", "a fact");
    }

    #[test]
    fn digits_in_words_are_read_as_letters() {
        assert_eq!(views("w1n-r4te 55")[1].text, "win-rate 55");
        assert_eq!(views("n00b, 12 kills").len(), 3);
        assert_eq!(views("12 kills at 3:10").len(), 1);
    }

    #[test]
    fn spans_lead_back() {
        let text = "这个 胜 率 高";
        let view = &views(text)[0];
        let start = view.text.find("胜率").unwrap();
        assert_eq!(&text[view.origin(start..start + "胜率".len())], "胜 率");
    }
}
