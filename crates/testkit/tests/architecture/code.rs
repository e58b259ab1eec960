//! Rust text with comments and literals blanked out, so that rules can search it by words.

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the workspace's root, with `/`.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) text: String,
    /// The same length in lines, comments and literals replaced by blanks.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.replace('\\', "/"), text: text.to_owned(), code: blank(text) }
    }

    /// Whether it is compiled into one of the pure crates.
    pub(crate) fn is_in_core(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.nth(1).is_some_and(|name| name.ends_with("-core")) && parts.next() == Some("src")
    }

    /// How many lines come before a `#[cfg(test)] mod tests { … }` that ends the file; all lines without one.
    pub(crate) fn lines_before_tests(&self) -> usize {
        let lines: Vec<_> = self.code.lines().collect();
        let starts = |at: usize| {
            lines[at].trim_end() == "#[cfg(test)]"
                && lines.get(at + 1).is_some_and(|next| next.starts_with("mod tests {"))
        };
        let Some(start) = (0..lines.len()).find(|at| starts(*at)) else { return lines.len() };
        let end = lines[start..].iter().position(|line| line.starts_with('}')).map(|offset| start + offset);
        let trails = end.is_some_and(|end| lines[end + 1..].iter().all(|line| line.trim().is_empty()));
        if trails { start } else { lines.len() }
    }

    /// The code before the trailing tests.
    pub(crate) fn own_code(&self) -> String {
        self.code.lines().take(self.lines_before_tests()).collect::<Vec<_>>().join("\n")
    }
}

/// Where `word` stands in `code` as a whole word (a path of several counts as one), as line numbers from 1.
pub(crate) fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word)
        .filter(|(start, _)| {
            let (before, after) = (&code[..*start], &code[start + word.len()..]);
            let open = word.starts_with(is_word) && before.ends_with(is_word);
            let runs_on = word.ends_with(is_word) && after.starts_with(is_word);
            !open && !runs_on
        })
        .map(|(start, _)| code[..start].matches('\n').count() + 1)
        .collect()
}

/// The string literals of a text as they are written, escapes and all, with the lines they begin on.
pub(crate) fn string_literals(text: &str) -> Vec<(usize, String)> {
    let characters: Vec<char> = text.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < characters.len() {
        let end = literal_end(&characters, at).max(at + 1);
        let written: String = characters[at..end].iter().collect();
        let inside = written.trim_start_matches('r').trim_start_matches('#').strip_prefix('"');
        if let Some(inside) = inside.filter(|_| matches!(characters[at], '"' | 'r')) {
            let inside = inside.trim_end_matches('#');
            found.push((line, inside.strip_suffix('"').unwrap_or(inside).to_owned()));
        }
        line += written.matches('\n').count();
        at = end;
    }
    found
}

/// Replaces comments and the insides of literals by blanks; line breaks stay.
fn blank(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = literal_end(&characters, at);
        if end == at {
            code.push(characters[at]);
            at += 1;
        } else {
            code.extend(
                characters[at..end].iter().map(|&character| if character == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    code
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn literal_end(text: &[char], at: usize) -> usize {
    let next = |offset: usize| text.get(at + offset).copied().unwrap_or('\0');
    match text[at] {
        '/' if next(1) == '/' => {
            text[at..].iter().position(|&character| character == '\n').map_or(text.len(), |end| at + end)
        }
        '/' if next(1) == '*' => block_comment_end(text, at),
        '"' => string_end(text, at + 1),
        'r' if at == 0
            || !(text[at - 1].is_alphanumeric() || text[at - 1] == '_')
            || is_byte_prefix(text, at) =>
        {
            raw_string_end(text, at)
        }
        '\'' if next(1) == '\\' => {
            let closing = text[(at + 3).min(text.len())..].iter().position(|&character| character == '\'');
            closing.map_or(text.len(), |offset| at + 4 + offset)
        }
        '\'' if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn is_byte_prefix(text: &[char], at: usize) -> bool {
    matches!(text[at - 1], 'b' | 'c') && (at < 2 || !(text[at - 2].is_alphanumeric() || text[at - 2] == '_'))
}

fn block_comment_end(text: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at + 1 < text.len() {
        match (text[at], text[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

fn string_end(text: &[char], mut at: usize) -> usize {
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn raw_string_end(text: &[char], at: usize) -> usize {
    let hashes = text[at + 1..].iter().take_while(|&&character| character == '#').count();
    let open = at + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return at;
    }
    let closes = |start: &usize| {
        text[*start] == '"'
            && text[start + 1..].iter().take(hashes).filter(|&&character| character == '#').count() == hashes
    };
    (open + 1..text.len()).find(closes).map_or(text.len(), |end| end + 1 + hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let code = blank(text);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
        assert_eq!(code.lines().count(), text.lines().count(), "{text}");
    }

    #[test]
    fn comments_and_literals_vanish_and_code_stays() {
        check("let a = 1; // now()\nlet b;", "let a = 1; let b;");
        check("a /* x /* y */ z */ b", "a b");
        check(r#"f("a \" std::fs", b"x");"#, "f( , b );");
        check("f(r#\"a \" b\"#, r\"c\", br#\"d\"#);", "f( , , b );");
        check("fn f<'a>(x: &'a str) -> char { '\"' }", "fn f<'a>(x: &'a str) -> char { }");
        check(r"let q = '\''; let n = '\n'; let u = '\u{1F600}'; z", "let q = ; let n = ; let u = ; z");
        check("let for_r = r; let r#type = 1;", "let for_r = r; let r#type = 1;");
        check("\"never closed", "");
    }

    #[test]
    fn string_literals_are_found_with_their_lines() {
        let text =
            "// \"no\"\nf(\"a \\\" b\", 'x', '\"');\nlet r = r#\"c \"d\"\ne\"#;\ng(b\"f\", \"\", r\"h\");";
        let found = string_literals(text);
        let found: Vec<_> = found.iter().map(|(line, inside)| (*line, inside.as_str())).collect();
        assert_eq!(found, [(2, "a \\\" b"), (3, "c \"d\"\ne"), (5, "f"), (5, ""), (5, "h")]);
    }

    #[test]
    fn words_are_found_whole_with_their_lines() {
        assert_eq!(lines_with("a\nstd::fs::read\nstd::fsx mystd::fs", "std::fs"), [2]);
        assert_eq!(lines_with("x::now()\nnow()\nsnow()", "::now("), [1]);
    }

    #[test]
    fn only_tests_that_end_the_file_do_not_count() {
        let trailing = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(Source::new("x", trailing).lines_before_tests(), 2);
        let followed = format!("{trailing}fn c() {{}}\n");
        assert_eq!(Source::new("x", &followed).lines_before_tests(), 7);
        assert_eq!(Source::new("x", "fn a() {}\n").lines_before_tests(), 1);
    }
}
