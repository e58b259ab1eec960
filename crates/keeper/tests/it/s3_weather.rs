//! Object stores that fail: every fault at every kind of request, what is tried again, and what people are told.

use std::{
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use keeper::backup::repository::{
    files::{FileError, Files},
    s3::{S3Files, S3Settings},
};
use testkit::{FakeStore, LocalS3, StoreAsk, StoreFault, StoreRule};

use crate::s3::{impatient, location};

/// A store with one file behind a proxy, seen through it by a client of little patience.
struct Scene {
    store: LocalS3,
    proxy: FakeStore,
    files: S3Files,
}

const CONTENT: &[u8] = &[0x5A; 300_000];

fn scene() -> Scene {
    let store = LocalS3::start();
    let proxy = FakeStore::before(store.access());
    let files = S3Files::with_settings(&location(proxy.access(), "loom"), impatient()).unwrap();
    files.write("data/00/there", &[Bytes::from_static(CONTENT)]).unwrap();
    proxy.take_requests();
    Scene { store, proxy, files }
}

impl Scene {
    fn ask(&self, ask: StoreAsk) -> Result<usize, FileError> {
        match ask {
            StoreAsk::List => self.files.list("data").map(|found| found.len()),
            StoreAsk::Read => self.files.read("data/00/there").map(|bytes| usize::from(bytes == CONTENT)),
            StoreAsk::Write => self.files.write("data/00/new", &[Bytes::from_static(CONTENT)]).map(|()| 1),
            StoreAsk::Remove => self.files.remove("data/00/there").map(|()| 1),
        }
    }

    fn is_kept(&self, name: &str) -> bool {
        self.store.folder().join("loom/data/00").join(name).exists()
    }
}

const ASKS: [StoreAsk; 4] = [StoreAsk::List, StoreAsk::Read, StoreAsk::Write, StoreAsk::Remove];

/// A fault that passes is not noticed but for the time; one that stays is one sentence after three tries.
fn check_passing(fault: &StoreFault, asks: &[StoreAsk], sentence: &str) {
    thread::scope(|scope| {
        for ask in asks {
            scope.spawn(move || check_passing_at(*ask, fault, sentence));
        }
    });
}

fn check_passing_at(ask: StoreAsk, fault: &StoreFault, sentence: &str) {
    let scene = scene();
    scene.proxy.rule(StoreRule::on(ask, fault.clone()).times(2));
    assert_eq!(scene.ask(ask).unwrap(), 1, "{fault:?} at {ask:?}");
    assert_eq!(scene.proxy.take_requests().len(), 3, "{fault:?} at {ask:?}");

    let scene = self::scene();
    scene.proxy.rule(StoreRule::on(ask, fault.clone()));
    let error = scene.ask(ask).unwrap_err();
    assert!(matches!(error, FileError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    let place =
        if ask == StoreAsk::List { "s3://backups/loom/data at" } else { "s3://backups/loom/data/00/" };
    assert!(text.starts_with(place) && text.contains(sentence), "{fault:?} at {ask:?}: {text}");
    assert_eq!(scene.proxy.take_requests().len(), 3, "{fault:?} at {ask:?}");
}

#[test]
fn a_store_that_has_a_bad_moment_is_asked_again() {
    check_passing(&StoreFault::Status(500), &ASKS, "cannot be reached: it answered 500 InternalError (");
    check_passing(&StoreFault::Status(503), &ASKS, "cannot be reached: it answered 503 SlowDown (");
    check_passing(&StoreFault::Status(429), &ASKS, "cannot be reached: it answered 429 TooManyRequests (");
    check_passing(&StoreFault::Page(502), &ASKS, "cannot be reached: it answered 502");
}

#[test]
fn broken_connections_are_made_again() {
    check_passing(&StoreFault::Reset, &ASKS, "cannot be reached: the connection broke");
    check_passing(&StoreFault::LoseAnswer, &[StoreAsk::Write, StoreAsk::Remove], "the connection broke");
    check_passing(&StoreFault::CutUpload, &[StoreAsk::Write], "cannot be reached: the connection broke");
    let falling = [StoreAsk::List, StoreAsk::Read];
    check_passing(&StoreFault::CutDownload, &falling, "cannot be reached: the connection broke");
}

#[test]
fn a_silent_store_is_left_in_time() {
    check_passing(&StoreFault::Hang, &ASKS, "cannot be reached: no answer within");
    let falling = [StoreAsk::List, StoreAsk::Read];
    check_passing(&StoreFault::StallDownload, &falling, "cannot be reached: the answer did not end within");
}

#[test]
fn patience_ends_before_the_tries_do() {
    let scene = scene();
    scene.proxy.rule(StoreRule::on_all(StoreFault::Hang));
    let settings = S3Settings { tries: 1_000, patience: Duration::from_secs(2), ..impatient() };
    let files = S3Files::with_settings(&location(scene.proxy.access(), "loom"), settings).unwrap();
    let began = Instant::now();
    assert!(matches!(files.read("config"), Err(FileError::Unreachable { .. })));
    assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_secs(20));
}

#[test]
fn refusals_are_final() {
    for (fault, is_expected, sentence) in [
        (
            StoreFault::Status(403),
            (|error| matches!(error, FileError::Denied { .. })) as fn(&FileError) -> bool,
            "may not be used: it answered 403 AccessDenied (Access Denied)",
        ),
        (
            StoreFault::Status(507),
            |error| matches!(error, FileError::Full { .. }),
            "no space is left for s3://",
        ),
        (StoreFault::Page(301), |error| matches!(error, FileError::Other { .. }), ": it answered 301"),
        (
            StoreFault::Page(404),
            |error| matches!(error, FileError::Other { .. }),
            "what answers there says 404, as no S3 service does; is the endpoint right?",
        ),
    ] {
        for ask in ASKS {
            let scene = scene();
            scene.proxy.rule(StoreRule::on(ask, fault.clone()));
            let error = scene.ask(ask).unwrap_err();
            assert!(is_expected(&error) && error.to_string().contains(sentence), "{ask:?}: {error}");
            assert_eq!(scene.proxy.take_requests().len(), 1, "{fault:?} at {ask:?}");
            assert!(scene.is_kept("there") && !scene.is_kept("new"));
        }
    }
}

#[test]
fn what_is_no_list_is_not_an_empty_one() {
    for fault in [StoreFault::Page(200), StoreFault::Text(String::new()), StoreFault::Text("OK".to_owned())] {
        let scene = scene();
        scene.proxy.rule(StoreRule::on(StoreAsk::List, fault.clone()));
        let error = scene.ask(StoreAsk::List).unwrap_err();
        assert!(error.to_string().ends_with("is the endpoint right?"), "{fault:?}: {error}");
    }
    let again = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>\
                 <Contents><Key>loom/data/00/there</Key><LastModified>2026-01-01T00:00:00Z</LastModified>\
                 <Size>1</Size></Contents></ListBucketResult>";
    let scene = scene();
    scene.proxy.rule(StoreRule::on(StoreAsk::List, StoreFault::Text(again.to_owned())));
    let error = scene.ask(StoreAsk::List).unwrap_err();
    assert!(error.to_string().contains("lists without end"), "{error}");
    scene.proxy.heal();
    scene.proxy.rule(StoreRule::on(StoreAsk::List, StoreFault::Truncate));
    let error = scene.ask(StoreAsk::List).unwrap_err();
    assert!(matches!(error, FileError::Unreachable { .. }), "{error}");
}

#[test]
fn nothing_of_an_upload_that_failed_is_seen() {
    for fault in [StoreFault::CutUpload, StoreFault::Reset, StoreFault::Hang, StoreFault::Status(500)] {
        let scene = scene();
        scene.proxy.rule(StoreRule::on(StoreAsk::Write, fault.clone()));
        scene.ask(StoreAsk::Write).unwrap_err();
        assert!(!scene.is_kept("new"), "{fault:?}");
        assert_eq!(scene.ask(StoreAsk::List).unwrap(), 1, "{fault:?}");
        scene.proxy.heal();
        assert_eq!(scene.ask(StoreAsk::Write).unwrap(), 1, "{fault:?}");
        assert_eq!(scene.files.read("data/00/new").unwrap(), CONTENT, "{fault:?}");
    }
}

#[test]
fn a_byte_that_changed_on_its_way_in_is_sent_again() {
    let scene = scene();
    scene.proxy.rule(StoreRule::on(StoreAsk::Write, StoreFault::FlipUpload).times(1));
    assert_eq!(scene.ask(StoreAsk::Write).unwrap(), 1);
    assert_eq!(scene.proxy.take_requests().len(), 2);
    assert_eq!(scene.files.read("data/00/new").unwrap(), CONTENT);
}

#[test]
fn parts_that_are_cut_or_too_long_are_not_passed_on() {
    let scene = scene();
    let range = || scene.files.read_range("data/00/there", 100, 1000);
    scene.proxy.rule(StoreRule::on(StoreAsk::Read, StoreFault::Truncate));
    assert!(matches!(range(), Err(FileError::Unreachable { .. })));
    scene.proxy.heal();
    assert_eq!(range().unwrap().len(), 1000);
    // A server that does not know ranges sends the whole.
    scene.proxy.rule(StoreRule::on(StoreAsk::Read, StoreFault::Text("x".repeat(3000))));
    let error = range().unwrap_err();
    assert!(error.to_string().contains("sends no parts of files"), "{error}");
}

#[test]
fn several_threads_fail_alike_and_none_of_them_hangs() {
    let scene = scene();
    scene.proxy.rule(StoreRule::on(StoreAsk::Write, StoreFault::Status(503)).after(3));
    let written = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|number| {
                let files = &scene.files;
                scope.spawn(move || files.write(&format!("data/01/{number}"), &[Bytes::from_static(CONTENT)]))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).filter(Result::is_ok).count()
    });
    assert_eq!(written, 3);
    assert_eq!(scene.files.list("data/01").unwrap().len(), 3);
}
