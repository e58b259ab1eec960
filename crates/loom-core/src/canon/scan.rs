//! One file, line by line: code fences, comments, `:::` blocks and `@include` lines are told apart from text.

use std::collections::HashMap;
use std::ops::Range;

use super::heading::unindent;
use super::problems::{Place, Problems};

/// What a line is, before anybody looks at headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// Text, headings included.
    Text,
    /// A code fence or what stands inside one: carried, never read.
    Fenced,
    /// Opens a rule; `closed` says whether a `:::` for it follows in the same file.
    RuleOpen {
        /// Whether the block has an end.
        closed: bool,
    },
    /// Ends a rule.
    RuleEnd,
    /// Another file belongs here; the range is its path.
    Include(Range<usize>),
    /// Not a line: the file ends here.
    EndOfFile,
}

/// A line of a file by position, so that files can be read while lines are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) file: usize,
    pub(super) number: u32,
    pub(super) range: Range<usize>,
    pub(super) mark: Mark,
}

/// A `:::name` block while its end is looked for.
struct Block {
    /// Index into the lines.
    open: usize,
    close: Option<usize>,
    colons: usize,
    is_rule: bool,
}

struct Scan<'a> {
    path: &'a str,
    text: &'a str,
    lines: Vec<Line>,
    blocks: Vec<Block>,
    /// Open blocks, innermost last, as indices into `blocks`.
    open: Vec<usize>,
    /// How many open blocks have a given number of colons: looking down the stack for each `:::` would be quadratic.
    open_by_colons: HashMap<usize, usize>,
    /// The character and length of the open fence, and its line.
    fence: Option<(u8, usize, u32)>,
}

/// The lines of `text` from byte `start`, which is line `first_line`. Comments are left out. Linear in the text.
pub(super) fn scan(
    file: usize,
    path: &str,
    text: &str,
    start: usize,
    first_line: u32,
    problems: &mut Problems,
) -> Vec<Line> {
    let mut scan = Scan {
        path,
        text,
        lines: Vec::new(),
        blocks: Vec::new(),
        open: Vec::new(),
        open_by_colons: HashMap::new(),
        fence: None,
    };
    let mut at = start;
    let mut number = first_line;
    let mut comments_end = true;
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |offset| at + offset);
        let line = &text[at..end];
        if scan.fence.is_none() && comments_end && unindent(line).is_some_and(|line| line.starts_with("<!--"))
        {
            if let Some(offset) = text[at..].find("-->") {
                let after = at + offset + "-->".len();
                number += newlines(&text[at..after]);
                at = after;
                // What follows on the line is text again; an empty rest is no line of its own.
                if text[at..].starts_with('\n') || at == text.len() {
                    at += 1;
                    number += 1;
                }
                continue;
            }
            comments_end = false;
            problems.error(
                "unclosed_comment",
                Place::line(path, number),
                "this comment has no end".to_owned(),
                "close it with -->",
            );
        }
        let mark = scan.mark(line, at, number, problems);
        scan.lines.push(Line { file, number, range: at..end, mark });
        at = end + 1;
        number += 1;
    }
    if let Some((_, _, line)) = scan.fence {
        let hint = "close it with a line of as many marks";
        let message = "this code block has no end, so no heading after it counts".to_owned();
        problems.warning("unclosed_fence", Place::line(path, line), message, hint);
    }
    scan.settle_blocks(problems);
    scan.lines
}

/// How many line ends a text holds.
pub(super) fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

impl Scan<'_> {
    fn mark(&mut self, line: &str, at: usize, number: u32, problems: &mut Problems) -> Mark {
        let Some(bare) = unindent(line) else {
            return if self.fence.is_some() { Mark::Fenced } else { Mark::Text };
        };
        if self.is_fence(bare, number) || self.fence.is_some() {
            return Mark::Fenced;
        }
        if bare.starts_with(":::") {
            self.block_line(bare, number, problems);
        } else if bare.starts_with("：：：") {
            let hint = "write three ASCII colons: :::";
            let message = "full-width colons do not open a block".to_owned();
            problems.warning("full_width_block", Place::line(self.path, number), message, hint);
        } else if let Some(rest) = bare.strip_prefix("@include") {
            return self.include_line(line, rest, at, number, problems);
        }
        Mark::Text
    }

    /// Notes fences as they open and close; true on the fence lines themselves.
    fn is_fence(&mut self, bare: &str, number: u32) -> bool {
        let Some(mark) = bare.bytes().next().filter(|byte| matches!(byte, b'`' | b'~')) else {
            return false;
        };
        let length = bare.bytes().take_while(|byte| *byte == mark).count();
        let info = &bare[length..];
        match self.fence {
            Some((open, least, _)) => {
                let closes = open == mark && length >= least && info.trim().is_empty();
                if closes {
                    self.fence = None;
                }
                closes
            }
            None if length >= 3 && !(mark == b'`' && info.contains('`')) => {
                self.fence = Some((mark, length, number));
                true
            }
            None => false,
        }
    }

    fn block_line(&mut self, bare: &str, number: u32, problems: &mut Problems) {
        let colons = bare.bytes().take_while(|byte| *byte == b':').count();
        let name = bare[colons..].split_whitespace().next();
        let line = self.lines.len();
        let Some(name) = name else {
            self.block_end(colons, line, number, problems);
            return;
        };
        let is_rule = name.eq_ignore_ascii_case("rule") || name == "规则";
        if !is_rule {
            let shown: String = name.chars().take(40).collect();
            let message = format!("`:::{shown}` is no block this program knows; it is kept as text");
            let hint = "the only block is :::rule";
            problems.warning("unknown_block", Place::line(self.path, number), message, hint);
        }
        self.open.push(self.blocks.len());
        *self.open_by_colons.entry(colons).or_default() += 1;
        self.blocks.push(Block { open: line, close: None, colons, is_rule });
    }

    /// `:::` closes the innermost block with as many colons, or else the innermost one if that has fewer.
    fn block_end(&mut self, colons: usize, line: usize, number: u32, problems: &mut Problems) {
        let exact = self.open_by_colons.get(&colons).is_some_and(|count| *count > 0);
        while let Some(index) = self.open.last().copied() {
            let own = self.blocks[index].colons;
            if !exact && own > colons {
                return;
            }
            self.open.pop();
            if let Some(count) = self.open_by_colons.get_mut(&own) {
                *count -= 1;
            }
            if !exact || own == colons {
                self.blocks[index].close = Some(line);
                return;
            }
        }
        let message = "this `:::` closes nothing".to_owned();
        problems.warning("stray_block_end", Place::line(self.path, number), message, "remove it");
    }

    fn include_line(&self, line: &str, rest: &str, at: usize, number: u32, problems: &mut Problems) -> Mark {
        if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return Mark::Text;
        }
        let target = rest.trim();
        let quoted = [('"', '"'), ('\'', '\''), ('<', '>')];
        let bare = quoted
            .into_iter()
            .find_map(|(open, close)| target.strip_prefix(open)?.strip_suffix(close))
            .unwrap_or(target);
        if bare.is_empty() {
            let message = "`@include` names no file".to_owned();
            problems.error(
                "include_without_path",
                Place::line(self.path, number),
                message,
                "@include world.md",
            );
            return Mark::Text;
        }
        // The path is the last thing on the line but for a quote, so its last occurrence is itself.
        let from = at + line.rfind(bare).unwrap_or(0);
        Mark::Include(from..from + bare.len())
    }

    /// Marks the outermost rules; a rule inside a rule is text of the outer one.
    fn settle_blocks(&mut self, problems: &mut Problems) {
        let mut covered_until = 0;
        for block in self.blocks.iter().filter(|block| block.is_rule) {
            let number = self.lines[block.open].number;
            let nested = block.open < covered_until;
            if block.close.is_none() {
                let shown: String =
                    self.text[self.lines[block.open].range.clone()].chars().take(60).collect();
                let message = format!("`{}` has no end", shown.trim());
                problems.error(
                    "unclosed_rule",
                    Place::line(self.path, number),
                    message,
                    "close it with a line of :::",
                );
            } else if nested {
                let message = "a rule inside a rule is read as text of the outer one".to_owned();
                let hint = "close the outer rule first";
                problems.warning("nested_rule", Place::line(self.path, number), message, hint);
            }
            if nested {
                continue;
            }
            self.lines[block.open].mark = Mark::RuleOpen { closed: block.close.is_some() };
            if let Some(close) = block.close {
                self.lines[close].mark = Mark::RuleEnd;
                covered_until = close;
            }
        }
    }
}
