//! The `tracing` side of the program's log: lines in either form, with our time, to a file or to stderr.

use std::{
    fmt,
    io::{self, Write},
};

use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    registry::LookupSpan,
};

use super::{LogFile, LogFormat, escape};
use crate::{clock::Clock, redact};

/// Takes finished lines.
pub(super) trait LineSink {
    fn write_line(&self, line: &str);
}

impl LineSink for LogFile {
    fn write_line(&self, line: &str) {
        Self::write_line(self, line);
    }
}

/// The same lines for the terminal or the container's log collector.
pub(super) struct Stderr;

impl LineSink for Stderr {
    fn write_line(&self, line: &str) {
        let redacted = redact::text(line);
        // A closed stderr must not stop the program.
        let _ = writeln!(io::stderr().lock(), "{}", escape::line(&redacted));
    }
}

/// A layer that writes every event that passes the filter to `sink`.
pub(super) fn layer<S, K>(sink: K, format: LogFormat, clock: Clock) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    K: LineSink + Send + Sync + 'static,
{
    let layer =
        tracing_subscriber::fmt::layer().with_ansi(false).with_timer(Timer(clock)).with_writer(Lines(sink));
    match format {
        LogFormat::Human => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
    }
}

/// Logs every panic as an error before the hook that was there.
pub(super) fn log_panics() {
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(location, "panic: {message}");
        earlier(panic);
    }));
}

struct Timer(Clock);

impl FormatTime for Timer {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&self.0.now_text())
    }
}

struct Lines<K>(K);

/// Collects what the formatter writes for one event; the line goes out when it is dropped.
pub(super) struct PendingLine<'a, K: LineSink> {
    sink: &'a K,
    bytes: Vec<u8>,
}

impl<'a, K: LineSink + 'a> MakeWriter<'a> for Lines<K> {
    type Writer = PendingLine<'a, K>;

    fn make_writer(&'a self) -> Self::Writer {
        PendingLine { sink: &self.0, bytes: Vec::new() }
    }
}

impl<K: LineSink> Write for PendingLine<'_, K> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<K: LineSink> Drop for PendingLine<'_, K> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.bytes);
        let line = text.trim_end_matches('\n');
        if !line.is_empty() {
            self.sink.write_line(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::clock::parse_utc_text;

    fn check(format: LogFormat) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loom.log");
        let clock = Clock::fixed(parse_utc_text("2026-01-31 12:00:00").unwrap());
        let subscriber =
            tracing_subscriber::registry().with(layer(LogFile::new(path.clone()), format, clock));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::info!(target: "loom::turns", turn = 7, "turn stored");
            tracing::error!(target: "loom", reason = %"first\n2026-01-31 ERROR forged", "cannot reach ?key=abc123&x=1");
        });
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn human_lines() {
        insta::assert_snapshot!(check(LogFormat::Human), @r#"
        2026-01-31 12:00:00.000  INFO request{request_id="r-1"}: loom::turns: turn stored turn=7
        2026-01-31 12:00:00.000 ERROR request{request_id="r-1"}: loom: cannot reach ?key=***&x=1 reason=first\n2026-01-31 ERROR forged
        "#);
    }

    #[test]
    fn json_lines() {
        let text = check(LogFormat::Json);
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        insta::assert_snapshot!(text, @r#"
        {"timestamp":"2026-01-31 12:00:00.000","level":"INFO","message":"turn stored","turn":7,"target":"loom::turns","spans":[{"request_id":"r-1","name":"request"}]}
        {"timestamp":"2026-01-31 12:00:00.000","level":"ERROR","message":"cannot reach ?key=***&x=1","reason":"first\n2026-01-31 ERROR forged","target":"loom","spans":[{"request_id":"r-1","name":"request"}]}
        "#);
    }

    #[test]
    fn a_line_written_in_pieces_goes_out_once() {
        #[derive(Clone, Default)]
        struct Memory(Arc<Mutex<Vec<String>>>);
        impl LineSink for Memory {
            fn write_line(&self, line: &str) {
                self.0.lock().unwrap().push(line.to_owned());
            }
        }
        let memory = Memory::default();
        let lines = Lines(memory.clone());
        let mut pending = lines.make_writer();
        pending.write_all("a \u{1F600}".as_bytes()).unwrap();
        pending.write_all(b" b\n").unwrap();
        drop(pending);
        drop(lines.make_writer());
        assert_eq!(*memory.0.lock().unwrap(), ["a \u{1F600} b"]);
    }
}
