//! Replies kept by what was asked, so that the very same question is not paid for twice.
//!
//! Only whole, undegraded replies are kept, for a limited time, in this process only.

use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::request::{Finish, Message, Usage};
use crate::settings::CacheSettings;

/// Longer replies are not kept, so that a full cache of 1,000 stays below 64 MiB.
const LARGEST_KEPT_BYTES: usize = 65_536;

/// The parts of a reply that are the same for everyone who asks.
#[derive(Clone, Debug)]
pub(crate) struct CachedReply {
    pub(crate) text: String,
    pub(crate) usage: Usage,
    pub(crate) finish: Finish,
}

/// Bounded by count and age.
#[derive(Clone, Debug)]
pub(crate) struct ReplyCache {
    replies: Option<Cache<CacheKey, CachedReply>>,
}

/// Fingerprint of everything that could change the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    pub(crate) fn of(
        provider: &str,
        model: &str,
        temperature: Option<f64>,
        max_output_tokens: u32,
        messages: &[Message],
    ) -> CacheKey {
        let mut hash = Sha256::new();
        // Every part is preceded by its length: otherwise "ab"+"c" and "a"+"bc" would be one question.
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(provider.as_bytes());
        add(model.as_bytes());
        add(&temperature.map_or([0xff; 8], f64::to_le_bytes));
        add(&max_output_tokens.to_le_bytes());
        for message in messages {
            add(message.role.name().as_bytes());
            add(message.text.as_bytes());
        }
        CacheKey(hash.finalize().into())
    }
}

impl ReplyCache {
    pub(crate) fn new(settings: &CacheSettings) -> ReplyCache {
        let on = settings.size > 0 && settings.ttl_seconds > 0;
        let build = || {
            Cache::builder()
                .max_capacity(settings.size)
                .time_to_live(Duration::from_secs(settings.ttl_seconds))
                .build()
        };
        ReplyCache { replies: on.then(build) }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<CachedReply> {
        self.replies.as_ref()?.get(key)
    }

    pub(crate) fn insert(&self, key: CacheKey, reply: CachedReply) {
        if let Some(replies) = &self.replies
            && reply.text.len() <= LARGEST_KEPT_BYTES
        {
            replies.insert(key, reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_sees_every_part_of_the_question() {
        let messages = |texts: &[&str]| texts.iter().map(|text| Message::user(*text)).collect::<Vec<_>>();
        let base = CacheKey::of("openai", "gpt", Some(0.5), 100, &messages(&["ab", "c"]));
        let check = |same: bool, other: CacheKey| assert_eq!(base == other, same);
        check(true, CacheKey::of("openai", "gpt", Some(0.5), 100, &messages(&["ab", "c"])));
        check(false, CacheKey::of("other", "gpt", Some(0.5), 100, &messages(&["ab", "c"])));
        check(false, CacheKey::of("openai", "gpt2", Some(0.5), 100, &messages(&["ab", "c"])));
        check(false, CacheKey::of("openaig", "pt", Some(0.5), 100, &messages(&["ab", "c"])));
        check(false, CacheKey::of("openai", "gpt", None, 100, &messages(&["ab", "c"])));
        check(false, CacheKey::of("openai", "gpt", Some(0.5), 101, &messages(&["ab", "c"])));
        check(false, CacheKey::of("openai", "gpt", Some(0.5), 100, &messages(&["a", "bc"])));
        check(false, CacheKey::of("openai", "gpt", Some(0.5), 100, &messages(&["abc"])));
        let system = [Message::system("ab"), Message::user("c")];
        check(false, CacheKey::of("openai", "gpt", Some(0.5), 100, &system));
    }

    #[test]
    fn size_or_age_zero_switches_it_off_and_huge_replies_are_not_kept() {
        let check = |size: u64, ttl_seconds: u64, bytes: usize, kept: bool| {
            let cache = ReplyCache::new(&CacheSettings { size, ttl_seconds });
            let key = CacheKey::of("p", "m", None, 1, &[]);
            let text = "x".repeat(bytes);
            cache.insert(key, CachedReply { text, usage: Usage::default(), finish: Finish::Complete });
            assert_eq!(cache.get(&key).is_some(), kept, "{size} {ttl_seconds} {bytes}");
        };
        check(10, 60, 5, true);
        check(0, 60, 5, false);
        check(10, 0, 5, false);
        check(10, 60, LARGEST_KEPT_BYTES + 1, false);
    }

    fn key(model: &str) -> CacheKey {
        CacheKey::of("p", model, None, 1, &[])
    }

    fn reply() -> CachedReply {
        CachedReply { text: "Rain.".to_owned(), usage: Usage::default(), finish: Finish::Complete }
    }

    #[test]
    fn no_more_replies_than_the_size_are_kept() {
        let check = |size: u64, expected: u64| {
            let cache = ReplyCache::new(&CacheSettings { size, ttl_seconds: 60 });
            for number in 0..100 {
                cache.insert(key(&number.to_string()), reply());
            }
            let replies = cache.replies.unwrap();
            replies.run_pending_tasks();
            assert_eq!(replies.entry_count(), expected, "{size}");
        };
        check(3, 3);
        check(1_000, 100);
    }

    #[test]
    fn a_reply_is_forgotten_at_its_age() {
        let cache = ReplyCache::new(&CacheSettings { size: 10, ttl_seconds: 1 });
        cache.insert(key("m"), reply());
        let began = std::time::Instant::now();
        while cache.get(&key("m")).is_some() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "a reply that should live for a second lives on"
            );
            std::thread::yield_now();
        }
        assert!(began.elapsed() > Duration::from_millis(500), "it lived for {:?}", began.elapsed());
    }
}
