//! Repositories in object stores that fail, at each step of each task: nothing that was good is lost, nothing bad is
//! called good, and each failure is one sentence.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use chassis::backoff::Backoff;
use keeper::backup::repository::{
    Repository, RepositoryError, SnapshotId,
    files::Files,
    s3::{S3Files, S3Settings},
};
use tempfile::TempDir;
use testkit::{FakeStore, LocalS3, StoreAsk, StoreFault, StoreRule};

use crate::{
    s3::{impatient, location},
    s3_repository::{DATABASE, PREFIX, assert_restores, check, password, restore, sources, tree, write},
};

/// Cases that wait for limits leave the processor to others.
const WORKERS: usize = 4;

/// A repository with good backups, behind a proxy.
struct Scene {
    sources: TempDir,
    store: LocalS3,
    proxy: FakeStore,
    repository: Repository,
    /// The good backups with the number each was made of.
    good: Vec<(SnapshotId, u64)>,
    next: u64,
}

fn files(proxy: &FakeStore, settings: S3Settings) -> Arc<dyn Files> {
    Arc::new(S3Files::with_settings(&location(proxy.access(), PREFIX), settings).unwrap())
}

/// Waits long for an answer, and not between tries.
fn patient() -> S3Settings {
    let wait = Duration::from_millis(5);
    S3Settings {
        tries: 4,
        backoff: Backoff { base: wait, factor: 1.0, max: wait, jitter: 0.0 },
        ..S3Settings::default()
    }
}

impl Scene {
    fn new() -> Self {
        let (sources, store) = (sources(), LocalS3::start());
        let proxy = FakeStore::before(store.access());
        let repository = Repository::open_or_create(files(&proxy, patient()), &password()).unwrap();
        let mut scene = Self { sources, store, proxy, repository, good: Vec::new(), next: 1 };
        scene.write();
        scene
    }

    /// One more good backup.
    fn write(&mut self) {
        let (id, _) = write(&self.repository, self.sources.path(), self.next).unwrap();
        self.good.push((id, self.next));
        self.next += 1;
    }

    /// The repository with a fault in the way. What is silent is met with little patience, or the test would last.
    fn struck(&self, ask: StoreAsk, path: &str, fault: &StoreFault) -> Repository {
        let is_silent = matches!(fault, StoreFault::Hang | StoreFault::StallDownload);
        let repository = if is_silent {
            Repository::open(files(&self.proxy, impatient()), &password()).unwrap()
        } else {
            self.repository.clone()
        };
        self.proxy.rule(StoreRule::on(ask, fault.clone()).path(path));
        repository
    }

    /// Whatever went wrong: what was good is good, and the next backup works.
    fn assert_recovers(&mut self, what: &str) {
        self.proxy.heal();
        assert_eq!(self.snapshots(), self.good.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{what}");
        assert_eq!(check(&self.repository).unwrap(), [], "{what}");
        self.write();
        for (id, number) in [self.good[0], self.good[self.good.len() - 1]] {
            assert_restores(&self.repository, &id, self.sources.path(), number);
        }
    }

    fn snapshots(&self) -> Vec<SnapshotId> {
        self.repository.snapshots().unwrap().iter().map(|stored| stored.id).collect()
    }
}

/// The store's failure in one line, without secrets.
fn assert_storage(error: &RepositoryError, what: &str) {
    assert!(matches!(error, RepositoryError::Storage(_)), "{what}: {error:?}");
    assert_one_sentence(error, what);
}

fn assert_one_sentence(error: &RepositoryError, what: &str) {
    let text = error.to_string();
    let is_fine = !text.contains('\n') && text.len() < 400 && !text.contains("testkit-secret");
    assert!(is_fine, "{what}: {text}");
}

/// Faults that keep a request from being done, however often it is made.
fn lasting() -> impl Iterator<Item = StoreFault> {
    let statuses = [500, 403, 507].map(StoreFault::Status);
    statuses.into_iter().chain([StoreFault::Page(404), StoreFault::Reset, StoreFault::Hang])
}

/// Tries the cases on a few scenes at a time, each case on a scene that has recovered from others.
fn try_all<Case: Send>(cases: impl IntoIterator<Item = Case>, case: impl Fn(&mut Scene, Case) + Sync) {
    let cases = Mutex::new(cases.into_iter().collect::<Vec<_>>());
    let next = || cases.lock().unwrap_or_else(PoisonError::into_inner).pop();
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let Some(mut current) = next() else { return };
                let mut scene = Scene::new();
                loop {
                    case(&mut scene, current);
                    match next() {
                        Some(following) => current = following,
                        None => break,
                    }
                }
            });
        }
    });
}

#[test]
fn a_write_that_fails_leaves_no_snapshot_and_the_next_one_works() {
    let mut cases: Vec<_> = lasting().map(|fault| (StoreAsk::List, "index/", fault)).collect();
    for folder in ["data/", "index/", "snapshots/"] {
        let faults = lasting().chain([StoreFault::CutUpload]);
        cases.extend(faults.map(|fault| (StoreAsk::Write, folder, fault)));
    }
    try_all(cases, |scene, (ask, folder, fault)| {
        let what = format!("{fault:?} at {ask:?} {folder}");
        let repository = scene.struck(ask, folder, &fault);
        let error = write(&repository, scene.sources.path(), scene.next).unwrap_err();
        assert_storage(&error, &what);
        scene.assert_recovers(&what);
    });
}

#[test]
fn an_upload_whose_answer_is_lost_is_made_again() {
    let mut scene = Scene::new();
    for path in ["locks/", "data/", "index/", "snapshots/"] {
        scene.proxy.rule(StoreRule::on(StoreAsk::Write, StoreFault::LoseAnswer).path(path).times(1));
        scene.proxy.rule(StoreRule::on(StoreAsk::Write, StoreFault::FlipUpload).path(path).times(1));
    }
    scene.write();
    scene.assert_recovers("lost answers");
}

#[test]
fn a_store_that_fails_while_it_is_opened_is_not_taken_for_an_empty_one() {
    let places = [(StoreAsk::Read, "config"), (StoreAsk::List, "keys/"), (StoreAsk::Read, "keys/")];
    let cases = places.into_iter().flat_map(|place| lasting().map(move |fault| (place, fault)));
    try_all(cases, |scene, ((ask, path), fault)| {
        let what = format!("{fault:?} at {ask:?} {path}");
        scene.proxy.rule(StoreRule::on(ask, fault).path(path));
        let files = files(&scene.proxy, impatient());
        assert_storage(&Repository::open(Arc::clone(&files), &password()).unwrap_err(), &what);
        assert_storage(&Repository::open_or_create(files, &password()).unwrap_err(), &what);
        scene.proxy.heal();
        assert_eq!(scene.snapshots(), [scene.good[0].0], "{what}");
    });
}

#[test]
fn reading_that_fails_is_no_damage_and_restores_nothing_half() {
    try_all(lasting().chain([StoreFault::CutDownload, StoreFault::StallDownload]), |scene, fault| {
        let what = format!("{fault:?}");
        let repository = scene.struck(StoreAsk::Read, "data/", &fault);
        assert_storage(&check(&repository).unwrap_err(), &what);
        let folder = tempfile::tempdir().unwrap();
        let error = restore(&repository, &scene.good[0].0, &folder.path().join("out")).unwrap_err();
        assert_storage(&error, &what);
        assert!(!folder.path().join("out").join(DATABASE).exists(), "{what}");
        scene.assert_recovers(&what);
    });
}

#[test]
fn bytes_that_were_changed_or_cut_are_never_passed_on() {
    try_all([StoreFault::Flip, StoreFault::Truncate], |scene, fault| {
        let what = format!("{fault:?}");
        let repository = scene.struck(StoreAsk::Read, "data/", &fault);
        match check(&repository) {
            Ok(damage) => assert!(damage.iter().any(|damage| damage.file.starts_with("data/")), "{damage:?}"),
            Err(error) => assert_one_sentence(&error, &what),
        }
        let folder = tempfile::tempdir().unwrap();
        let error = restore(&repository, &scene.good[0].0, &folder.path().join("out")).unwrap_err();
        assert_one_sentence(&error, &what);
        assert!(!folder.path().join("out").join(DATABASE).exists(), "{what}");
        scene.assert_recovers(&what);
    });
}

#[test]
fn a_prune_that_fails_loses_nothing() {
    let mut cases = Vec::new();
    for (ask, folder) in [
        (StoreAsk::Write, "index/"),
        (StoreAsk::Remove, "index/"),
        (StoreAsk::List, "index/"),
        (StoreAsk::List, "data/"),
        (StoreAsk::List, "snapshots/"),
        (StoreAsk::Read, "index/"),
        (StoreAsk::Read, "snapshots/"),
    ] {
        let faults = [StoreFault::Status(403), StoreFault::Reset, StoreFault::Hang];
        cases.extend(faults.map(|fault| (ask, folder, fault)));
        // What is no list must not be an empty one: everything would be unneeded.
        cases.extend((ask == StoreAsk::List).then_some((ask, folder, StoreFault::Page(200))));
    }
    try_all(cases, |scene, (ask, folder, fault)| {
        let what = format!("{fault:?} at {ask:?} {folder}");
        scene.write();
        let (dropped, _) = scene.good.pop().unwrap();
        scene.repository.drop_snapshots(&[dropped]).unwrap();
        let repository = scene.struck(ask, folder, &fault);
        let error = repository.prune().unwrap_err();
        assert_one_sentence(&error, &what);
        scene.proxy.heal();
        scene.repository.prune().unwrap();
        scene.assert_recovers(&what);
    });
}

#[test]
fn a_pack_that_is_gone_is_damage_and_named() {
    let scene = Scene::new();
    let data = scene.store.folder().join(PREFIX).join("data");
    let gone = tree(&data).into_keys().next().unwrap();
    fs::remove_file(data.join(&gone)).unwrap();
    let damage = check(&scene.repository).unwrap();
    let name = gone.rsplit('/').next().unwrap();
    assert!(damage.iter().any(|damage| damage.file.contains(name)), "{damage:?}");
}
