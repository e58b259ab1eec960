//! Whatever bytes a server sends: no panic, no hang, and no part of a reply that passes as a whole one.

use llm::{ProviderKind, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::fake_llm::{FakeLlm, Script};

use super::stage::{KINDS, Stage, fake, request, settings, with_offline};

/// Pieces of every protocol that do not end a reply, and pieces of none.
const FRAGMENTS: [&str; 24] = [
    "data: {\"choices\":[{\"delta\":{\"content\":\"Once \"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"upon\\u0000\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"choices\":[]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\"}]}}]}\n\n",
    "data: {\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":\"many\"}}\n\n",
    "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":2147483647,\"cache_read_input_tokens\":2147483647}}}\n\n",
    "event: content_block_start\ndata: {\"content_block\":{\"type\":\"text\"}}\n\n",
    "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"Once \"}}\n\n",
    "event: content_block_delta\ndata: {\"delta\":{}}\n\n",
    "event: ping\ndata: {}\n\n",
    "event: error\ndata: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Once \"}]}}]}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]}}]}\n\n",
    "{\"message\":{\"content\":\"Once \"},\"done\":false}\n",
    "{\"message\":{\"tool_calls\":[{}]}}\n",
    "{\"done\":\"yes\"}\n",
    "data: {broken\n\n",
    "data: 5\n\n",
    "data: null\n\n",
    ": comment\n\n",
    "\n\n\n\n",
    "\r\r",
    "\u{feff}",
    "雨",
];

/// What ends a reply in one protocol or another.
const ENDINGS: [&str; 6] = [
    "data: [DONE]\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n",
    "event: message_stop\ndata: {}\n\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\".\"}]},\"finishReason\":\"STOP\"}]}\n\n",
    "{\"message\":{\"content\":\".\"},\"done\":true,\"done_reason\":\"stop\"}\n",
];

fn bytes(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

struct Arena {
    runtime: tokio::runtime::Runtime,
    fake: FakeLlm,
    stage: Stage,
}

impl Arena {
    fn new(kind: ProviderKind) -> Arena {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (fake, stage) = runtime.block_on(async {
            let fake = fake(kind).await;
            let mut settings = settings(&[(kind, &fake)]);
            settings.retry.attempts = 1;
            settings.breaker.failures = 0;
            let stage = Stage::new(settings).await;
            (fake, stage)
        });
        Arena { runtime, fake, stage }
    }

    /// Whether the body passed as a whole reply. That pieces and reply agree is checked while listening.
    fn passes(&self, body: &[u8], cut: usize) -> bool {
        self.fake.cut_bodies_every(cut);
        self.fake.push(Script::Garbage(body.to_vec()));
        let asked = Request { cacheable: false, ..with_offline(request()) };
        let heard = self.runtime.block_on(self.stage.hear(asked));
        heard.end.is_ok_and(|reply| reply.degraded.is_none())
    }
}

fn storm(
    cases: u32,
    pieces: &'static [&'static str],
    check: impl Fn(bool, &[u8]) -> Result<(), TestCaseError>,
) {
    for kind in KINDS {
        let arena = Arena::new(kind);
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let strategy = (bytes(pieces), 1_usize..200);
        TestRunner::new(config)
            .run(&strategy, |(body, cut)| check(arena.passes(&body, cut), &body))
            .unwrap_or_else(|failed| panic!("{kind:?}: {failed}"));
    }
}

#[test]
fn a_body_without_an_end_never_passes_as_a_reply() {
    storm(60, &FRAGMENTS, |passed, body| {
        prop_assert!(!passed, "{}", String::from_utf8_lossy(body));
        Ok(())
    });
}

#[test]
fn a_body_with_ends_anywhere_never_panics_or_hangs() {
    static ALL: std::sync::LazyLock<Vec<&'static str>> =
        std::sync::LazyLock::new(|| FRAGMENTS.iter().chain(&ENDINGS).copied().collect());
    storm(60, &ALL, |_, _| Ok(()));
}

#[test]
fn each_protocols_own_end_passes() {
    let check = |kind: ProviderKind, pieces: &[&str]| {
        assert!(Arena::new(kind).passes(pieces.concat().as_bytes(), 9), "{kind:?}");
    };
    check(ProviderKind::OpenAi, &[FRAGMENTS[0], ENDINGS[1], ENDINGS[0]]);
    check(ProviderKind::Anthropic, &[FRAGMENTS[6], FRAGMENTS[7], ENDINGS[2], ENDINGS[3]]);
    check(ProviderKind::Gemini, &[FRAGMENTS[11], ENDINGS[4]]);
    check(ProviderKind::Ollama, &[FRAGMENTS[13], ENDINGS[5]]);
}
