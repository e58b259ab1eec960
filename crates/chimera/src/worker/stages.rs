//! How long each stage of a review took: for the footer, the row and the metrics.

use std::{fmt::Write, time::Duration};

use tokio::time::Instant;

/// The stages, in the order they run. There is none for speech: the program does not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Who and which match.
    Resolve,
    /// Match and timeline, from the store or from Riot.
    Fetch,
    /// Scores and evidence.
    Score,
    /// The words.
    Narrate,
    /// The rows.
    Save,
    /// The message.
    Deliver,
}

impl Stage {
    /// As metrics and the footer name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Fetch => "fetch",
            Self::Score => "score",
            Self::Narrate => "llm",
            Self::Save => "save",
            Self::Deliver => "webhook",
        }
    }
}

/// A stop watch with a split for each stage.
#[derive(Debug)]
pub(crate) struct Stages {
    started: Instant,
    split: Instant,
    took: Vec<(Stage, Duration)>,
}

impl Stages {
    /// Starts.
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, split: now, took: Vec::with_capacity(6) }
    }

    /// The stage that ran since the last split is over.
    pub(crate) fn end(&mut self, stage: Stage) {
        let now = Instant::now();
        let took = now - self.split;
        self.split = now;
        self.took.push((stage, took));
        metrics::histogram!(crate::metric_names::STAGE_DURATION_SECONDS, "stage" => stage.as_str())
            .record(took.as_secs_f64());
    }

    /// Since the start.
    pub(crate) fn total(&self) -> Duration {
        self.started.elapsed()
    }

    /// Name and milliseconds of each stage so far.
    pub(crate) fn list(&self) -> Vec<(&'static str, u64)> {
        self.took.iter().map(|(stage, took)| (stage.as_str(), milliseconds(*took))).collect()
    }

    /// The same as a JSON object, as it is stored.
    pub(crate) fn to_json(&self) -> String {
        let mut text = String::from("{");
        for (index, (stage, took)) in self.list().into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string does not fail.
            let _ = write!(text, "{comma}\"{stage}\":{took}");
        }
        text.push('}');
        text
    }
}

/// Whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_its_word_in_the_footer() {
        use crate::discord::texts;
        for stage in [Stage::Resolve, Stage::Fetch, Stage::Score, Stage::Narrate, Stage::Save, Stage::Deliver]
        {
            for language in [ui::Language::ZhCn, ui::Language::En] {
                let id = format!("stage-{}", stage.as_str());
                assert_ne!(texts::text_or(language, &id, ""), "", "{id}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_the_time_since_the_one_before() {
        let mut stages = Stages::start();
        tokio::time::advance(Duration::from_millis(120)).await;
        stages.end(Stage::Fetch);
        tokio::time::advance(Duration::from_millis(3)).await;
        stages.end(Stage::Score);
        assert_eq!(stages.to_json(), r#"{"fetch":120,"score":3}"#);
        assert_eq!(stages.total(), Duration::from_millis(123));
        assert!(serde_json::from_str::<serde_json::Value>(&stages.to_json()).is_ok());
    }
}
