//! How far long work has come: counted where the work is done, shown on the page and in terminals.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::backup::repository::Progress;

/// No total is known. No work is as large as this.
const UNKNOWN: u64 = u64::MAX;
/// How often a bar moves though nothing is counted, so that one sees that it lives.
const ALIVE: Duration = Duration::from_millis(120);

/// Figures of one piece of work, in bytes. Clones share them; counting costs a few atomic operations.
#[derive(Clone)]
pub struct Gauge {
    figures: Arc<Figures>,
    bar: Option<ProgressBar>,
}

struct Figures {
    done: AtomicU64,
    total: AtomicU64,
}

/// A bar on standard error for as long as it lives. It draws nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Bar {
    gauge: Gauge,
    bar: ProgressBar,
}

impl Default for Gauge {
    fn default() -> Self {
        let figures = Figures { done: AtomicU64::new(0), total: AtomicU64::new(UNKNOWN) };
        Self { figures: Arc::new(figures), bar: None }
    }
}

impl Gauge {
    /// Says how much there is to do. It may be said again when more turns up, or for the next part of the work.
    pub fn set_total(&self, bytes: u64) {
        self.figures.total.store(bytes.min(UNKNOWN - 1), Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_style(with_total());
            bar.set_length(bytes);
        }
    }

    /// Says that so much more is done.
    pub fn add(&self, bytes: u64) {
        self.figures.done.fetch_add(bytes, Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// Bytes done and bytes in all; none until a total is known. The first is never more than the second.
    #[must_use]
    pub fn figures(&self) -> Option<(u64, u64)> {
        let (done, total) = (self.figures.done.load(Relaxed), self.figures.total.load(Relaxed));
        (total != UNKNOWN).then(|| (done.min(total), total))
    }
}

impl Progress for Gauge {
    fn total(&self, bytes: u64) {
        self.set_total(bytes);
    }

    fn done(&self, bytes: u64) {
        self.add(bytes);
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Gauge").field(&self.figures()).finish()
    }
}

impl Bar {
    /// Begins to draw, under the name of what is being done.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self::on(title, ProgressDrawTarget::stderr())
    }

    fn on(title: &str, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(without_total());
        bar.set_message(title.to_owned());
        if !bar.is_hidden() {
            bar.enable_steady_tick(ALIVE);
        }
        Self { gauge: Gauge { bar: Some(bar.clone()), ..Gauge::default() }, bar }
    }

    /// What moves it.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        self.gauge.clone()
    }
}

/// The line of a terminal is given back.
impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn without_total() -> ProgressStyle {
    style("{spinner} {msg}  {bytes}  {elapsed}")
}

fn with_total() -> ProgressStyle {
    style("{spinner} {msg}  [{bar:30}] {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left")
}

fn style(template: &str) -> ProgressStyle {
    let made = ProgressStyle::with_template(template);
    made.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Mutex};

    use indicatif::TermLike;

    use super::*;

    /// What was written, line after line; moving and clearing is left out.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            100
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(&format!("{line}\n"))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn clones_count_together_and_never_beyond_the_total() {
        let gauge = Gauge::default();
        let other = gauge.clone();
        other.add(3);
        assert_eq!(gauge.figures(), None, "no total is known yet");
        gauge.set_total(10);
        assert_eq!(other.figures(), Some((3, 10)));
        gauge.add(20);
        assert_eq!(gauge.figures(), Some((10, 10)));
        gauge.set_total(0);
        assert_eq!(gauge.figures(), Some((0, 0)));
    }

    #[test]
    fn a_bar_follows_its_gauge() {
        let paper = Paper::default();
        let bar = Bar::on("loom-db", ProgressDrawTarget::term_like(Box::new(paper.clone())));
        bar.gauge().set_total(2_048);
        bar.gauge().add(1_024);
        bar.bar.abandon();
        drop(bar);
        let shown = paper.0.lock().unwrap().clone();
        assert!(shown.contains("loom-db  [===") && shown.contains("1.00 KiB of 2.00 KiB"), "{shown}");
    }
}
