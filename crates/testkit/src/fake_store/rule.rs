//! What the proxy is told: which requests, how many of them, and what is done with them.

/// What a request asks of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreAsk {
    /// A page of a list.
    List,
    /// A file or a part of it.
    Read,
    /// To keep a file.
    Write,
    /// To forget one.
    Remove,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFault {
    /// This status with the error that S3 has for it.
    Status(u16),
    /// This status with a page of HTML, as something that is no store answers.
    Page(u16),
    /// This text as a success.
    Text(String),
    /// The request is read and never answered.
    Hang,
    /// The connection is reset at once.
    Reset,
    /// Half of what is sent arrives at the store, then both connections break.
    CutUpload,
    /// The store does it, and the connection breaks before its answer.
    LoseAnswer,
    /// One byte in the middle of what is sent is another at the store.
    FlipUpload,
    /// Half of the answer's body, then the connection breaks.
    CutDownload,
    /// Half of the answer's body, then nothing more.
    StallDownload,
    /// Half of the answer's body as if it were the whole.
    Truncate,
    /// One byte in the middle of the answer's body is another.
    Flip,
}

/// Which requests meet with which fault. Without more: all of this kind.
#[derive(Debug, Clone)]
pub struct StoreRule {
    ask: Option<StoreAsk>,
    path: String,
    after: usize,
    times: usize,
    fault: StoreFault,
}

impl StoreRule {
    /// All requests that ask this.
    pub fn on(ask: StoreAsk, fault: StoreFault) -> Self {
        Self { ask: Some(ask), path: String::new(), after: 0, times: usize::MAX, fault }
    }

    /// All requests.
    pub fn on_all(fault: StoreFault) -> Self {
        Self { ask: None, path: String::new(), after: 0, times: usize::MAX, fault }
    }

    /// Only where the path contains this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        part.clone_into(&mut self.path);
        self
    }

    /// Lets so many pass first.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.after = requests;
        self
    }

    /// Then meets so many.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    /// The fault of this request, counted, or none.
    pub(super) fn decide(&mut self, ask: StoreAsk, path: &str) -> Option<StoreFault> {
        if self.ask.is_some_and(|own| own != ask) || !path.contains(&self.path) {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(self.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_counts_what_fits_it_only() {
        let mut rule = StoreRule::on(StoreAsk::Write, StoreFault::Reset).path("data/").after(1).times(2);
        let check = |rule: &mut StoreRule, ask, path: &str, expected: bool| {
            assert_eq!(rule.decide(ask, path).is_some(), expected, "{ask:?} {path}");
        };
        check(&mut rule, StoreAsk::Write, "data/1", false);
        check(&mut rule, StoreAsk::Write, "index/1", false);
        check(&mut rule, StoreAsk::Read, "data/1", false);
        check(&mut rule, StoreAsk::Write, "data/2", true);
        check(&mut rule, StoreAsk::Write, "data/3", true);
        check(&mut rule, StoreAsk::Write, "data/4", false);
    }
}
