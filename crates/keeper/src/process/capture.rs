//! Output that is kept up to a limit: its beginning and its end, which say most.

use std::collections::VecDeque;

/// Bytes in, a redacted text out.
#[derive(Debug)]
pub struct Capture {
    begin: Vec<u8>,
    end: VecDeque<u8>,
    begin_limit: usize,
    end_limit: usize,
    left_out: u64,
}

impl Capture {
    /// Keeps at most so many bytes, a quarter of them from the beginning.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let begin_limit = limit / 4;
        Self {
            begin: Vec::new(),
            end: VecDeque::new(),
            begin_limit,
            end_limit: limit - begin_limit,
            left_out: 0,
        }
    }

    /// Takes more.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = self.begin_limit - self.begin.len();
        let (begin, rest) = bytes.split_at(room.min(bytes.len()));
        self.begin.extend_from_slice(begin);
        self.end.extend(rest);
        let over = self.end.len().saturating_sub(self.end_limit);
        self.end.drain(..over);
        self.left_out += over as u64;
    }

    /// What was kept, redacted; a line says how much is missing.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = self.begin.clone();
        let end: Vec<u8> = self.end.iter().copied().collect();
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n[… {} bytes left out …]\n", self.left_out).as_bytes());
        }
        bytes.extend_from_slice(&end);
        chassis::redact::text(&String::from_utf8_lossy(&bytes)).into_owned()
    }
}

/// A text cut to a limit in the same way.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    let mut capture = Capture::new(limit);
    capture.push(text.as_bytes());
    capture.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut capture = Capture::new(16);
        for part in ["abcdefgh", "ijklmnop", "qrstuvwxyz"] {
            capture.push(part.as_bytes());
        }
        assert_eq!(capture.text(), "abcd\n[… 10 bytes left out …]\nopqrstuvwxyz");
        assert_eq!(cut("short", 16), "short");
        assert_eq!(cut("", 16), "");
    }
}
