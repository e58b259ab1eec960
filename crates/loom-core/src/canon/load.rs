//! Reads the entry and what it includes into one run of lines, each still knowing its file.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::front_matter::{self, Block};
use super::path::resolve_include;
use super::problems::{Place, Problems};
use super::scan::{Line, Mark, newlines, scan};
use super::{CanonFile, ReadFailure};

/// How deep includes may nest.
pub const INCLUDE_DEPTH_MAX: usize = 16;
/// How many files one canon may have.
pub const FILES_MAX: usize = 256;
/// Largest size of one file, in bytes.
pub const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Largest size of all files together, in bytes.
pub const TOTAL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A file as read: no byte order mark, line ends as `\n`.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// Every file in order of inclusion and every line in reading order.
pub(super) struct Loaded {
    pub(super) sources: Vec<Source>,
    pub(super) lines: Vec<Line>,
    pub(super) front: Option<Block>,
}

struct Loader<'a, 'p> {
    read: &'a mut dyn FnMut(&str) -> Result<String, ReadFailure>,
    problems: &'p mut Problems,
    loaded: Loaded,
    by_path: HashMap<String, usize>,
    /// The files being read, the entry first.
    stack: Vec<usize>,
    bytes: usize,
}

/// Reads `entry` and its includes; what cannot be read is reported and left out.
pub(super) fn load(
    entry: &str,
    read: &mut dyn FnMut(&str) -> Result<String, ReadFailure>,
    problems: &mut Problems,
) -> Loaded {
    let loaded = Loaded { sources: Vec::new(), lines: Vec::new(), front: None };
    let mut loader = Loader { read, problems, loaded, by_path: HashMap::new(), stack: Vec::new(), bytes: 0 };
    match loader.fetch(entry) {
        Ok(text) => loader.file(entry, text),
        Err(failure) => {
            let message = format!("{entry}: {failure}");
            loader.problems.fatal(
                "entry_unreadable",
                Place::line(entry, 1),
                message,
                "check the canon's path",
            );
        }
    }
    loader.loaded
}

impl Loaded {
    /// The text of a line.
    pub(super) fn text(&self, line: &Line) -> &str {
        &self.sources[line.file].text[line.range.clone()]
    }

    /// The path of a line's file.
    pub(super) fn path(&self, line: &Line) -> &str {
        &self.sources[line.file].path
    }

    /// The files with their hashes, and the hash over all of them. Lengths are hashed too, so that text cannot move
    /// from one file to the next unnoticed.
    pub(super) fn hashes(&self) -> (Vec<CanonFile>, String) {
        let mut whole = Sha256::new();
        let files = self.sources.iter().map(|source| {
            for part in [&source.path, &source.text] {
                whole.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                whole.update(part.as_bytes());
            }
            CanonFile {
                path: source.path.clone(),
                hash: hex::encode(Sha256::digest(source.text.as_bytes())),
                line_count: line_count(&source.text),
            }
        });
        let files = files.collect();
        (files, hex::encode(whole.finalize()))
    }
}

/// Lines of a text; an empty file still has its first one, so that a problem can point there.
fn line_count(text: &str) -> u32 {
    (newlines(text) + u32::from(!text.ends_with('\n'))).max(1)
}

/// Byte order mark off, every kind of line end as `\n`.
fn normalise(text: String) -> String {
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

impl Loader<'_, '_> {
    fn fetch(&mut self, path: &str) -> Result<String, ReadFailure> {
        let text = (self.read)(path)?;
        if text.len() > FILE_BYTES_MAX {
            let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
            let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
            return Err(ReadFailure::TooLarge { bytes, limit });
        }
        Ok(normalise(text))
    }

    fn file(&mut self, path: &str, text: String) {
        let index = self.loaded.sources.len();
        self.bytes += text.len();
        self.by_path.insert(path.to_owned(), index);
        self.stack.push(index);
        let (start, first_line) = self.front_matter(path, &text);
        let lines = scan(index, path, &text, start, first_line, self.problems);
        let end = Line {
            file: index,
            number: line_count(&text),
            range: text.len()..text.len(),
            mark: Mark::EndOfFile,
        };
        self.loaded.sources.push(Source { path: path.to_owned(), text });
        for line in lines {
            match &line.mark {
                Mark::Include(target) => {
                    let target = target.clone();
                    self.include(&line, target);
                }
                _ => self.loaded.lines.push(line),
            }
        }
        self.loaded.lines.push(end);
        self.stack.pop();
    }

    /// Where the body begins: byte and line. Only the entry's front matter counts.
    fn front_matter(&mut self, path: &str, text: &str) -> (usize, u32) {
        let Some(block) = front_matter::split(text) else { return (0, 1) };
        let is_entry = self.stack.len() == 1;
        let body = (block.body, block.lines + 1);
        if !block.closed {
            if !is_entry {
                // A file that begins with a thematic break.
                return (0, 1);
            }
            let message = "the front matter has no end".to_owned();
            let hint = "close it with a line of ---";
            self.problems.fatal("front_matter_unclosed", Place::line(path, 1), message, hint);
            return (block.body, 2);
        }
        if is_entry {
            self.loaded.front = Some(block);
        } else {
            let message =
                "front matter counts only in the canon's first file; this one is left out".to_owned();
            let hint = "move the keys there";
            self.problems.warning("front_matter_in_include", Place::line(path, 1), message, hint);
        }
        body
    }

    fn include(&mut self, line: &Line, target: Range<usize>) {
        let source = &self.loaded.sources[line.file];
        let from = source.path.clone();
        let written = source.text[target.clone()].to_owned();
        let before = source.text[line.range.start..target.start].chars().count();
        let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
        let at = Place { path: &from, line: line.number, column };
        let path = match resolve_include(&from, &written) {
            Ok(path) => path,
            Err(failure) => return self.unreadable(at, &written, &failure),
        };
        if let Some(index) = self.by_path.get(&path).copied() {
            self.repeated(at, index);
            return;
        }
        if self.stack.len() > INCLUDE_DEPTH_MAX {
            let message = format!("`{path}` is more than {INCLUDE_DEPTH_MAX} includes deep");
            return self.problems.error(
                "include_too_deep",
                at,
                message,
                "include it from a file nearer the first",
            );
        }
        if self.loaded.sources.len() >= FILES_MAX {
            let message = format!("`{path}` would be file {}, the limit is {FILES_MAX}", FILES_MAX + 1);
            return self.problems.error("too_many_files", at, message, "put several pieces into one file");
        }
        match self.fetch(&path) {
            Ok(text) if self.bytes + text.len() > TOTAL_BYTES_MAX => {
                let message = format!("with `{path}` the canon is larger than {TOTAL_BYTES_MAX} bytes");
                self.problems.error("canon_too_large", at, message, "leave something out");
            }
            Ok(text) => self.file(&path, text),
            Err(failure) => self.unreadable(at, &path, &failure),
        }
    }

    fn repeated(&mut self, at: Place<'_>, index: usize) {
        let sources = &self.loaded.sources;
        if let Some(first) = self.stack.iter().position(|open| *open == index) {
            let mut chain: Vec<&str> =
                self.stack[first..].iter().map(|open| sources[*open].path.as_str()).collect();
            chain.push(&sources[index].path);
            let message = format!("includes go in a circle: {}", chain.join(" → "));
            self.problems.error("include_cycle", at, message, "remove one of these includes");
        } else {
            let message = format!("`{}` is included before; it is read once", sources[index].path);
            self.problems.warning("include_repeated", at, message, "remove one of the includes");
        }
    }

    fn unreadable(&mut self, at: Place<'_>, path: &str, failure: &ReadFailure) {
        let shown: String = path.chars().take(200).collect();
        let message = format!("cannot include `{shown}`: {failure}");
        let (code, hint) = match failure {
            ReadFailure::Missing => ("include_missing", "paths are relative to the file they stand in"),
            ReadFailure::NotUtf8 { .. } => ("not_utf8", "save the file as UTF-8"),
            ReadFailure::TooLarge { .. } => ("file_too_large", "cut the file into pieces"),
            ReadFailure::Outside => {
                ("include_outside", "only files in the canon's folder, with forward slashes")
            }
            ReadFailure::Other(_) => ("include_unreadable", "check the file"),
        };
        self.problems.error(code, at, message, hint);
    }
}
