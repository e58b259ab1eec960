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
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::at(&self.path)?),
        };
        let (written, result) = match self.is_cut {
            true => write_counted(&mut open.file, &[b"\n", line].concat()),
            false => write_counted(&mut open.file, line),
        };
        match &result {
            Ok(()) => self.is_cut = false,
            Err(_) => {
                self.is_cut |= written > 0;
                self.open = None;
            }
        }
        result
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

/// `write_all` that says how far it came.
fn write_counted(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn follows_a_file_that_was_renamed_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rotated) = (folder.path().join("deep/a.log"), folder.path().join("deep/a.log.1"));
        let log = LogFile::new(path.clone());
        log.write_line("one");
        fs::rename(&path, &rotated).unwrap();
        log.write_line("two");
        assert_eq!((read(&rotated).as_str(), read(&path).as_str()), ("one\n", "two\n"));
        fs::remove_dir_all(folder.path().join("deep")).unwrap();
        log.write_line("three");
        assert_eq!(read(&path), "three\n");
    }

    #[test]
    fn appends_to_what_is_there_and_is_not_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        LogFile::new(path.clone()).write_line("one");
        LogFile::new(path.clone()).write_line("two");
        assert_eq!(read(&path), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o007, 0);
    }

    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let log = LogFile::new(PathBuf::from("/dev/full"));
        log.write_line("lost");
        log.write_line("lost too");
        let state = log.state.lock().unwrap();
        assert!(state.has_complained && !state.is_cut && state.open.is_none());
    }

    #[test]
    fn a_log_comes_back_when_its_place_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::create_dir(&path).unwrap();
        let log = LogFile::new(path.clone());
        log.write_line("lost, a folder is in the way");
        fs::remove_dir(&path).unwrap();
        log.write_line("written");
        assert_eq!(read(&path), "written\n");
    }

    #[test]
    fn a_cut_line_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let log = LogFile::new(path.clone());
        log.write_line("whole");
        log.state.lock().unwrap().open.as_mut().unwrap().file.write_all(b"cu").unwrap();
        log.state.lock().unwrap().is_cut = true;
        log.write_line("next");
        assert_eq!(read(&path), "whole\ncu\nnext\n");
    }

    #[test]
    fn threads_do_not_mix_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let log = LogFile::new(path.clone());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let log = log.clone();
                scope.spawn(move || (0..50).for_each(|_| log.write_line(&format!("{thread}").repeat(100))));
            }
        });
        let text = read(&path);
        assert_eq!(text.lines().count(), 400);
        assert!(
            text.lines().all(|line| line.len() == 100 && line.bytes().all(|byte| byte == line.as_bytes()[0]))
        );
    }
}
