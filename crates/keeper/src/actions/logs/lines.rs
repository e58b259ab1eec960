//! Lines of a log file, packed or not, each read up to a limit so that no line is too long for the memory.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

/// The rest of a longer line is not looked at.
const LONGEST_LINE: usize = 16 * 1024;

/// Hands every line over, without its end; stops early when `take` says no.
pub(super) fn each(path: &Path, take: impl FnMut(&str) -> bool) -> io::Result<()> {
    let file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    if path.extension().is_some_and(|ending| ending == "gz") {
        read(BufReader::new(MultiGzDecoder::new(file)), take)
    } else {
        read(file, take)
    }
}

fn read(mut reader: impl BufRead, mut take: impl FnMut(&str) -> bool) -> io::Result<()> {
    let mut line: Vec<u8> = Vec::new();
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            if !line.is_empty() {
                take(&String::from_utf8_lossy(&line));
            }
            return Ok(());
        }
        let end = block.iter().position(|byte| *byte == b'\n');
        let part = &block[..end.unwrap_or(block.len())];
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(block.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            let goes_on = take(&String::from_utf8_lossy(&line));
            line.clear();
            if !goes_on {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_the_last_needs_no_end() {
        let mut lines = Vec::new();
        let text = format!("a\n\n{}\nlast", "x".repeat(LONGEST_LINE * 3));
        read(text.as_bytes(), |line| {
            lines.push(line.len());
            true
        })
        .unwrap();
        assert_eq!(lines, [1, 0, LONGEST_LINE, 4]);
    }
}
