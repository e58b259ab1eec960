//! A bucket by itself, and against a server that counts in windows of its own.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const ALONE: Restraint = Restraint { most_at_once: None, key_users: 1 };

fn limit(requests: u32, seconds: u64) -> RateLimit {
    RateLimit { requests, window: Duration::from_secs(seconds) }
}

fn limits(limits: &[RateLimit]) -> Counted {
    Counted { limits: limits.to_vec(), counts: Vec::new() }
}

/// A bucket that has been answered once, at `now`, under these limits.
fn settled(limits_now: &[RateLimit], now: Instant) -> Bucket {
    let mut bucket = Bucket::new(ALONE);
    bucket.send(0, now);
    bucket.answer(0, &limits(limits_now), true, now);
    bucket
}

#[test]
fn one_request_goes_ahead_where_nothing_is_known() {
    let start = Instant::now();
    let mut bucket = Bucket::new(ALONE);
    assert_eq!(bucket.ready(start), Ready::Now);
    bucket.send(0, start);
    assert_eq!(bucket.ready(start), Ready::AfterAnswer(start + 5 * SECOND));
    // One that gets no answer does not keep the others back for ever.
    assert_eq!(bucket.ready(start + 5 * SECOND), Ready::Now);
    bucket.answer(0, &limits(&[limit(500, 10)]), true, start);
    (1..=5).for_each(|ticket| bucket.send(ticket, start));
    assert_eq!(bucket.ready(start), Ready::AfterAnswer(start + SECOND), "50/s for 0.1 s are 5 at once");
}

#[test]
fn a_request_counts_until_a_window_after_its_answer() {
    let start = Instant::now();
    let mut bucket = settled(&[limit(2, 10)], start);
    bucket.send(1, start);
    bucket.answer(1, &Counted::default(), true, start + 3 * SECOND);
    assert_eq!(bucket.ready(start + 3 * SECOND), Ready::At(start + 10 * SECOND + MARGIN));
    assert_eq!(bucket.ready(start + 10 * SECOND + MARGIN), Ready::Now);
}

#[test]
fn a_lost_request_counts_longer_and_an_unsent_one_not_at_all() {
    let start = Instant::now();
    let mut bucket = settled(&[limit(2, 10)], start);
    bucket.send(1, start);
    bucket.lose(1, start);
    assert_eq!(bucket.ready(start), Ready::At(start + 10 * SECOND + MARGIN));
    let mut bucket = settled(&[limit(1, 10)], start);
    let later = start + 11 * SECOND;
    bucket.send(1, later);
    bucket.lose(1, later);
    assert_eq!(bucket.ready(later), Ready::At(later + STRAGGLING + 10 * SECOND + MARGIN));
    let mut bucket = settled(&[limit(1, 10)], start);
    bucket.send(1, later);
    bucket.forget(1);
    assert_eq!(bucket.ready(later), Ready::Now);
}

#[test]
fn limits_change_under_way_and_what_was_sent_still_counts() {
    let start = Instant::now();
    let mut bucket = settled(&[limit(100, 10)], start);
    (1..4).for_each(|ticket| bucket.send(ticket, start));
    bucket.answer(1, &limits(&[limit(3, 10)]), true, start);
    assert_eq!(bucket.ready(start), Ready::At(start + 10 * SECOND + MARGIN), "two answered, two on the way");
    bucket.answer(2, &limits(&[limit(50, 10), limit(1, 1)]), true, start);
    assert_eq!(bucket.ready(start), Ready::AfterAnswer(start + SECOND), "one is still on the way");
    bucket.answer(3, &Counted::default(), true, start);
    assert_eq!(bucket.ready(start), Ready::At(start + SECOND + MARGIN));
}

#[test]
fn requests_of_others_are_taken_over() {
    let start = Instant::now();
    let counts =
        |n: u32, seconds: u64| Counted { limits: vec![limit(10, 60)], counts: vec![limit(n, seconds)] };
    let check = |learnt: &Counted, expected: Ready| {
        let mut bucket = Bucket::new(ALONE);
        bucket.send(0, start);
        bucket.answer(0, learnt, true, start);
        assert_eq!(bucket.ready(start), expected, "{learnt:?}");
    };
    check(&counts(1, 60), Ready::Now);
    check(&counts(9, 60), Ready::Now);
    check(&counts(10, 60), Ready::At(start + 60 * SECOND + MARGIN));
    check(&counts(u32::MAX, 60), Ready::At(start + 60 * SECOND + MARGIN));
    check(&counts(10, 61), Ready::Now);
}

#[test]
fn a_shared_key_is_used_in_part() {
    let start = Instant::now();
    let check = |key_users: u32, sent: u64, of_all: u32, expected: Ready| {
        let mut bucket = Bucket::new(Restraint { most_at_once: None, key_users });
        (0..sent).for_each(|ticket| bucket.send(ticket, start));
        let counts = vec![limit(of_all, 60)];
        (0..sent).for_each(|ticket| {
            bucket.answer(
                ticket,
                &Counted { limits: vec![limit(10, 60)], counts: counts.clone() },
                true,
                start,
            );
        });
        assert_eq!(bucket.ready(start), expected, "{key_users} users, {sent} sent, {of_all} counted");
    };
    let later = Ready::At(start + 60 * SECOND + MARGIN);
    check(2, 4, 9, Ready::Now);
    check(2, 4, 10, later);
    check(2, 5, 5, later);
    check(1, 5, 5, Ready::Now);
    check(100, 1, 1, later);
}

#[test]
fn a_refusal_closes_for_what_it_says_or_ever_longer() {
    let start = Instant::now();
    let closed = |bucket: &Bucket, now: Instant| match bucket.ready(now) {
        Ready::At(at) => at.duration_since(now).as_secs_f64(),
        other => panic!("{other:?}"),
    };
    let mut bucket = settled(&[limit(100, 1)], start);
    bucket.refuse(Some(7 * SECOND), start, 0.5);
    assert!((closed(&bucket, start) - 7.5).abs() < 1e-6);
    let mut bucket = settled(&[limit(100, 1)], start);
    let mut now = start;
    for (row, expected) in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0].into_iter().enumerate() {
        bucket.refuse(None, now, 1.0);
        assert!((closed(&bucket, now) - expected).abs() < 1e-6, "refusal {row}");
        now += Duration::from_secs(60);
    }
    // After it, one goes ahead; when that is answered, all is as before.
    assert_eq!(bucket.ready(now), Ready::Now);
    bucket.send(1, now);
    assert!(matches!(bucket.ready(now), Ready::AfterAnswer(_)));
    bucket.answer(1, &Counted::default(), true, now);
    bucket.refuse(None, now, 1.0);
    assert!((closed(&bucket, now) - 1.0).abs() < 1e-6);
}

#[test]
fn an_answer_from_before_a_refusal_settles_nothing() {
    let start = Instant::now();
    let mut bucket = settled(&[limit(100, 1)], start);
    bucket.send(1, start);
    bucket.send(2, start);
    bucket.answer(1, &Counted::default(), false, start);
    bucket.refuse(None, start, 1.0);
    bucket.answer(2, &Counted::default(), true, start);
    assert_eq!(bucket.refusals_in_a_row, 1);
    assert_eq!(bucket.standing, Standing::Probing);
}

/// A server with one window that begins with the first request in it.
struct Server {
    limit: RateLimit,
    began: Option<Instant>,
    count: u32,
}

impl Server {
    fn takes(&mut self, now: Instant) -> bool {
        if self.began.is_none_or(|began| now >= began + self.limit.window) {
            self.began = Some(now);
            self.count = 0;
        }
        self.count += 1;
        self.count <= self.limit.requests
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    /// Whenever requests reach the server between being sent and being answered, none is over the limit.
    #[test]
    fn no_window_of_the_server_is_ever_overrun(
        requests in 1u32..12, seconds in 1u64..20,
        latencies in proptest::collection::vec((0u64..900, 0u64..900), 1..120),
    ) {
        let start = Instant::now();
        let limit = limit(requests, seconds);
        let mut server = Server { limit, began: None, count: 0 };
        let mut bucket = Bucket::new(ALONE);
        let (mut now, mut events) = (start, Vec::<(Instant, bool, Ticket)>::new());
        for (ticket, (there_ms, back_ms)) in (0..).zip(latencies) {
            loop {
                let ready = bucket.ready(now);
                // What happens at the server and on the way back, up to now.
                events.sort();
                if let Some(index) = events.iter().position(|(at, _, _)| *at <= now) {
                    let (at, is_back, known) = events.remove(index);
                    if is_back { bucket.answer(known, &limits(&[limit]), true, at) }
                    else { prop_assert!(server.takes(at), "request {known} was one too many") }
                    continue;
                }
                match ready {
                    Ready::Now => break,
                    Ready::At(at) | Ready::AfterAnswer(at) => {
                        let next = events.iter().map(|(at, _, _)| *at).min();
                        now = next.map_or(at, |next| next.min(at)).max(now + Duration::from_millis(1));
                    }
                }
            }
            bucket.send(ticket, now);
            let arrives = now + Duration::from_millis(there_ms);
            events.push((arrives, false, ticket));
            events.push((arrives + Duration::from_millis(back_ms), true, ticket));
        }
        prop_assert!(bucket.answered.len() <= requests as usize * 3 + 3, "{} are kept", bucket.answered.len());
    }
}
