//! One append-only log file that follows rotation by rename and survives a full disk.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::escape;
use crate::{metrics::LOG_WRITE_ERRORS_TOTAL, redact};

/// Readable by the owner and the group that ships logs.
const FILE_MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;

/// A log file shared by all clones. Opened at the first line, and again whenever the path no longer leads to the
/// file that is open.
#[derive(Clone, Debug)]
pub struct LogFile {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    open: Option<Open>,
    /// A failed write may have left part of a line behind; the next one then starts on a fresh line.
    is_cut: bool,
    has_complained: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    device: u64,
    inode: u64,
}

impl LogFile {
    /// Names the file; nothing is opened yet.
    pub fn new(path: PathBuf) -> Self {
        Self { state: Arc::new(Mutex::new(State { path, open: None, is_cut: false, has_complained: false })) }
    }

    /// Appends one line, redacted and with control characters escaped, in one `write(2)`. Never fails and never
    /// panics: what cannot be written is counted in `log_write_errors_total` and said once on stderr.
    pub fn write_line(&self, line: &str) {
        let redacted = redact::text(line);
        let mut bytes = escape::line(&redacted).into_owned().into_bytes();
        bytes.push(b'\n');
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.append(&bytes) {
            state.complain(&error);
        }
    }
}

impl State {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.follow_rotation();
        let is_cut = self.is_cut;
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::at(&self.path)?),
        };
        let written =
            if is_cut { open.file.write_all(&[b"\n", line].concat()) } else { open.file.write_all(line) };
        self.is_cut = written.is_err();
        if written.is_err() {
            self.open = None;
        }
        written
    }

    /// Lets go of the open file when it was renamed or removed. One `stat(2)` a line, about a microsecond.
    fn follow_rotation(&mut self) {
        let Some(open) = &self.open else { return };
        let is_same =
            fs::metadata(&self.path).is_ok_and(|at| at.ino() == open.inode && at.dev() == open.device);
        if !is_same {
            self.open = None;
            self.is_cut = false;
        }
    }

    fn complain(&mut self, error: &io::Error) {
        metrics::counter!(LOG_WRITE_ERRORS_TOTAL).increment(1);
        if !self.has_complained {
            self.has_complained = true;
            let path = self.path.display();
            // When stderr is gone too there is nobody left to tell.
            let _ = writeln!(
                io::stderr(),
                "cannot write the log {path}: {error}; the program goes on, lines are lost until this is mended"
            );
        }
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(folder)?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)?;
        let about = file.metadata()?;
        Ok(Self { file, device: about.dev(), inode: about.ino() })
    }
}
