//! Dumps of a real PostgreSQL server: frozen, restored, compared, and every way in which that must fail.

mod programs;
mod tables;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chassis::{Clock, config::Environment};
use keeper::{
    backup::{
        freeze::{self, Frozen},
        proof::{self, Finding, postgres::SCRATCH_PREFIX},
        record::Item,
        server::Server,
    },
    store::foreign::contents,
};
use keeper_core::plan::{secret::SecretSource, service::Postgres};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use storage::{Database, DatabaseSettings};
use tempfile::TempDir;
use testkit::{SmallDisk, TempDb};
use tokio_util::sync::CancellationToken;

struct Bench {
    // Dropped in this order: the connection before its database.
    database: Database,
    place: TempDb,
    folder: TempDir,
}

impl Bench {
    /// An empty database; none where there is no PostgreSQL and that may be.
    async fn new() -> Option<Self> {
        let place = TempDb::postgres().await?;
        let database = open(&place.url).await;
        Some(Self { database, place, folder: tempfile::tempdir().unwrap() })
    }

    async fn with_tables() -> Option<Self> {
        let bench = Self::new().await?;
        for statement in tables::STATEMENTS {
            bench.sql(statement).await;
        }
        Some(bench)
    }

    fn plan(&self) -> Postgres {
        Postgres { url: self.place.url.clone(), password: None }
    }

    /// Where dumps are set aside.
    fn staging(&self) -> PathBuf {
        self.folder.path().join("staging")
    }

    async fn sql(&self, statement: &str) -> u64 {
        self.database.execute(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    async fn freeze(&self) -> anyhow::Result<Frozen> {
        let stop = CancellationToken::new();
        freeze::postgres::freeze(&self.plan(), "app", &self.staging(), &Clock::system(), &stop).await
    }

    /// The item of a new backup, and its dump as it would come out of a repository.
    async fn dump(&self, name: &str) -> (Item, PathBuf) {
        let frozen = self.freeze().await.unwrap();
        let part = &frozen.parts[0];
        let path = self.folder.path().join(name);
        std::io::copy(&mut part.set_aside().unwrap().reader(), &mut fs::File::create(&path).unwrap())
            .unwrap();
        (part.known().unwrap(), path)
    }

    async fn prove(&self, item: &Item, dump: &Path) -> Vec<Finding> {
        let stop = CancellationToken::new();
        let clock = Clock::system();
        let mut findings = vec![proof::bytes(item, dump)];
        findings.extend(proof::postgres::prove(item, dump, &self.plan(), &clock, &stop).await.unwrap());
        findings
    }

    /// What is bad about a dump against the record of another.
    async fn bad(&self, item: &Item, dump: &Path) -> Vec<String> {
        let findings = self.prove(item, dump).await;
        findings.into_iter().filter(|finding| !finding.good).map(|finding| finding.text).collect()
    }

    fn nothing_is_staged(&self) {
        let left: Vec<_> = fs::read_dir(self.staging()).into_iter().flatten().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// The name of the database, by which its processes are known.
    fn name(&self) -> String {
        self.place.url.rsplit('/').next().unwrap().to_owned()
    }
}

async fn open(url: &str) -> Database {
    let settings = DatabaseSettings { slow_query: Duration::MAX, ..DatabaseSettings::at(url) };
    Database::open(&settings, Clock::system()).await.unwrap()
}

/// A file that only its owner reads, as files of secrets must be.
fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The processes of pg_dump on this database.
fn dumps_of(name: &str) -> Vec<Pid> {
    let mark = format!("PGDATABASE={name}");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let arguments = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let is_ours = environment.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes());
            (arguments.contains("--snapshot=") && is_ours).then(|| Pid::from_raw(pid))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_under_writes_restores_to_the_same_content() {
    let Some(bench) = Bench::with_tables().await else { return };
    let (writes, is_over) = (open(&bench.place.url).await, Arc::new(AtomicBool::new(false)));
    let writer = tokio::spawn({
        let is_over = is_over.clone();
        async move {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                for statement in tables::WRITES {
                    writes.execute(statement, &[]).await.unwrap();
                }
                count += 1;
            }
            writes.close().await;
            count
        }
    });
    for round in 0..3 {
        let (item, dump) = bench.dump(&format!("round-{round}.dump")).await;
        assert!(item.rows.len() >= 30, "{:?}", item.rows);
        assert_eq!(
            item.rows.keys().collect::<Vec<_>>(),
            item.content.as_ref().unwrap().keys().collect::<Vec<_>>()
        );
        let findings = bench.prove(&item, &dump).await;
        assert!(findings.iter().all(|finding| finding.good), "{findings:#?}");
        assert_eq!(findings.len(), 4);
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);
    bench.nothing_is_staged();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_counted_once_and_by_its_own_name() {
    let Some(bench) = Bench::with_tables().await else { return };
    let (item, _) = bench.dump("a.dump").await;
    let expected = tables::ROWS.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
    assert_eq!(item.rows, expected);
    assert_eq!(item.at, "databases/app.dump");
    // The same content gives the same hashes, wherever the rows lie.
    bench.sql("CLUSTER numbers USING numbers_pkey").await;
    bench.sql("UPDATE texts SET plain = plain").await;
    let (again, _) = bench.dump("b.dump").await;
    assert_eq!(item.content, again.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_differs_is_found_and_named() {
    let Some(bench) = Bench::with_tables().await else { return };
    let (item, dump) = bench.dump("before.dump").await;
    let check = async |change: &str, undo: &str, expected: &str| {
        bench.sql(change).await;
        let (_, changed) = bench.dump("after.dump").await;
        let bad = bench.bad(&item, &changed).await;
        assert!(bad.iter().any(|text| text == expected), "{change}: {bad:#?}");
        bench.sql(undo).await;
    };
    let content = "other rows than in the source: texts";
    let content = content.replace("texts", "public.texts");
    check(
        "UPDATE texts SET plain = 'ONE' WHERE id = 1",
        "UPDATE texts SET plain = 'one' WHERE id = 1",
        &content,
    )
    .await;
    // Two values change places: every column holds the same as before.
    let swap = "UPDATE texts SET plain = CASE id WHEN 1 THEN 'two' ELSE 'one' END WHERE id IN (1, 2)";
    let back = "UPDATE texts SET plain = CASE id WHEN 1 THEN 'one' ELSE 'two' END WHERE id IN (1, 2)";
    check(swap, back, &content).await;
    // NULL and nothing are not the same.
    check("UPDATE texts SET plain = '' WHERE id = 4", "UPDATE texts SET plain = NULL WHERE id = 4", &content)
        .await;
    check(
        "DELETE FROM numbers WHERE id = 1",
        "INSERT INTO numbers SELECT * FROM spare_numbers",
        "public.numbers has 2 rows instead of 3",
    )
    .await;
    check("CREATE TABLE more (n bigint)", "DROP TABLE more", "public.more is new").await;
    assert_eq!(bench.bad(&item, &dump).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_dumps_are_found() {
    let Some(bench) = Bench::with_tables().await else { return };
    let (item, dump) = bench.dump("good.dump").await;
    let good = fs::read(&dump).unwrap();
    let damaged = bench.folder.path().join("damaged.dump");
    for length in [0, 3, 700, good.len() / 2, good.len() - 1] {
        fs::write(&damaged, &good[..length]).unwrap();
        assert!(!bench.bad(&item, &damaged).await.is_empty(), "cut to {length} bytes");
    }
    for part in 0..8 {
        let mut bytes = good.clone();
        bytes[good.len() * part / 8 + 11] ^= 0x20;
        fs::write(&damaged, &bytes).unwrap();
        assert!(!bench.bad(&item, &damaged).await.is_empty(), "a flipped byte in part {part}");
    }
    // A byte of a row that restores without complaint: the comparison with the source sees it by itself.
    let at = good.windows(11).position(|window| window == b"needle-1234").unwrap();
    let mut bytes = good.clone();
    bytes[at] = b'N';
    fs::write(&damaged, &bytes).unwrap();
    let bad = bench.bad(&item, &damaged).await;
    assert!(bad.iter().any(|text| text == "other rows than in the source: public.texts"), "{bad:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_dies_half_way_is_an_error_and_leaves_nothing() {
    let Some(bench) = Bench::new().await else { return };
    bench
        .sql("CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 40000) n")
        .await;
    let started = Instant::now();
    for _ in 0..3 {
        let (name, is_over) = (bench.name(), Arc::new(AtomicBool::new(false)));
        let killer = tokio::task::spawn_blocking({
            let is_over = is_over.clone();
            move || {
                let mut killed = 0;
                while !is_over.load(Ordering::Relaxed) && started.elapsed() < Duration::from_secs(60) {
                    killed +=
                        dumps_of(&name).into_iter().filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count();
                }
                killed
            }
        });
        let error = bench.freeze().await.unwrap_err();
        is_over.store(true, Ordering::Relaxed);
        assert!(killer.await.unwrap() > 0);
        assert_eq!(format!("{error:#}"), "pg_dump was ended by a signal");
        bench.nothing_is_staged();
    }
    bench.freeze().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_an_error_and_leaves_nothing() {
    let Some(bench) = Bench::new().await else { return };
    bench
        .sql("CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 40000) n")
        .await;
    let is_over = Arc::new(AtomicBool::new(false));
    let ender = tokio::spawn({
        let (is_over, database) = (is_over.clone(), open(&bench.place.url).await);
        async move {
            while !is_over.load(Ordering::Relaxed) {
                let sql = "SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'COPY%'";
                database.fetch_one(sql, &[]).await.unwrap();
            }
            database.close().await;
        }
    });
    let error = format!("{:#}", bench.freeze().await.unwrap_err());
    is_over.store(true, Ordering::Relaxed);
    ender.await.unwrap();
    assert!(error.starts_with("pg_dump ended with code 1"), "{error}");
    assert!(error.contains("terminating connection"), "{error}");
    bench.nothing_is_staged();

    let nowhere = Postgres { url: "postgres://nobody@127.0.0.1:1/none".to_owned(), password: None };
    let (clock, stop) = (Clock::system(), CancellationToken::new());
    let error = freeze::postgres::freeze(&nowhere, "app", &bench.staging(), &clock, &stop).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("cannot open the database postgres://nobody@127.0.0.1:1/none"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_error_and_leaves_nothing() {
    let Some(bench) = Bench::new().await else { return };
    let Some(disk) = SmallDisk::new(1 << 20) else { return };
    bench
        .sql("CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 4000) n")
        .await;
    let (clock, stop) = (Clock::system(), CancellationToken::new());
    let folder = disk.path().join("staging");
    let error = freeze::postgres::freeze(&bench.plan(), "app", &folder, &clock, &stop).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "setting the dump aside: No space left on device (os error 28)");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_stopped() {
    let Some(bench) = Bench::with_tables().await else { return };
    let (clock, stop) = (Clock::system(), CancellationToken::new());
    let (item, dump) = bench.dump("a.dump").await;
    stop.cancel();
    let error =
        freeze::postgres::freeze(&bench.plan(), "app", &bench.staging(), &clock, &stop).await.unwrap_err();
    assert!(format!("{error:#}").contains("stopped"), "{error:#}");
    bench.nothing_is_staged();
    let findings = proof::postgres::prove(&item, &dump, &bench.plan(), &clock, &stop).await.unwrap();
    assert!(
        findings.iter().any(|finding| !finding.good && finding.text.contains("stopped")),
        "{findings:#?}"
    );
}

/// A role without rights beyond its own database, with a password that needs care everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_right_to_create_databases_is_told_what_to_grant() {
    let Some(bench) = Bench::new().await else { return };
    let role = format!("odd role {}", bench.name());
    let password = "p@ss/w:rd? #%41 '\"\\$HOME";
    bench.sql(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD '{}'", password.replace('\'', "''"))).await;
    bench.sql(&format!("GRANT CREATE ON SCHEMA public TO \"{role}\"")).await;
    let file = bench.folder.path().join("password");
    secret(&file, password);
    let (host, name) = bench.place.url.split_once('@').unwrap().1.split_once('/').unwrap();
    let user = role.replace(' ', "%20");
    let url = format!("postgres://{user}@{host}/{name}");
    let plan = Postgres { url, password: Some(SecretSource::File(file.display().to_string())) };

    let (clock, stop) = (Clock::system(), CancellationToken::new());
    let own = Server::of(&plan, &Environment::default()).unwrap().open(&clock).await.unwrap();
    own.execute("CREATE TABLE mine AS SELECT 1 AS n", &[]).await.unwrap();
    own.close().await;
    let frozen = freeze::postgres::freeze(&plan, "app", &bench.staging(), &clock, &stop).await.unwrap();
    let dump = bench.folder.path().join("a.dump");
    let part = &frozen.parts[0];
    std::io::copy(&mut part.set_aside().unwrap().reader(), &mut fs::File::create(&dump).unwrap()).unwrap();
    let findings = proof::postgres::prove(&part.known().unwrap(), &dump, &plan, &clock, &stop).await.unwrap();
    let expected = format!(
        "the dump is not proved, because the role \"{role}\" may not make a scratch database: \
         grant it with ALTER ROLE \"{role}\" CREATEDB"
    );
    assert_eq!(findings, [Finding::bad(expected)]);

    bench.sql(&format!("ALTER ROLE \"{role}\" CREATEDB")).await;
    let findings = proof::postgres::prove(&part.known().unwrap(), &dump, &plan, &clock, &stop).await.unwrap();
    assert!(findings.iter().all(|finding| finding.good), "{findings:#?}");

    // What it may not read is an error, not a backup without it.
    bench.sql("CREATE TABLE hidden AS SELECT 1 AS n").await;
    let error = freeze::postgres::freeze(&plan, "app", &bench.staging(), &clock, &stop).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("permission denied for table hidden"), "{error}");
    assert!(!error.contains("w:rd"), "{error}");
    bench.nothing_is_staged();

    secret(&file, "wrong");
    let error = freeze::postgres::freeze(&plan, "app", &bench.staging(), &clock, &stop).await.unwrap_err();
    assert!(format!("{error:#}").contains("password authentication failed"), "{error:#}");
    bench.sql(&format!("DROP OWNED BY \"{role}\"")).await;
    // It owns no scratch database any more: this fails otherwise.
    bench.sql(&format!("DROP ROLE \"{role}\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_as_good_as_a_host() {
    let Some(bench) = Bench::new().await else { return };
    bench.sql("CREATE TABLE a AS SELECT n FROM generate_series(1, 9) n").await;
    let sql = "SELECT current_setting('unix_socket_directories') AS folder, current_setting('port') AS port, \
               current_user::text AS role";
    let row = bench.database.fetch_one(sql, &[]).await.unwrap();
    let get = |column: &str| row.get::<String>(column).unwrap();
    let (folder, port, role) = (get("folder"), get("port"), get("role"));
    let file = bench.folder.path().join("password");
    let password =
        bench.place.url.split_once("://").unwrap().1.split_once('@').unwrap().0.split_once(':').unwrap().1;
    secret(&file, password);
    let escaped = folder.replace('/', "%2F");
    for url in [
        format!("postgres:///{}?host={folder}&port={port}&user={role}", bench.name()),
        format!("postgres://{role}@{escaped}:{port}/{}", bench.name()),
    ] {
        let plan = Postgres { url, password: Some(SecretSource::File(file.display().to_string())) };
        let (clock, stop) = (Clock::system(), CancellationToken::new());
        let frozen = freeze::postgres::freeze(&plan, "app", &bench.staging(), &clock, &stop).await.unwrap();
        let (dump, part) = (bench.folder.path().join("a.dump"), &frozen.parts[0]);
        std::io::copy(&mut part.set_aside().unwrap().reader(), &mut fs::File::create(&dump).unwrap())
            .unwrap();
        let item = part.known().unwrap();
        let findings = proof::postgres::prove(&item, &dump, &plan, &clock, &stop).await.unwrap();
        assert!(findings.iter().all(|finding| finding.good), "{findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_again_is_said() {
    let Some(bench) = Bench::new().await else { return };
    bench.sql("CREATE TABLE a AS SELECT 1 AS n").await;
    let (item, dump) = bench.dump("a.dump").await;
    // An archive of the same tables whose text names a type that is not there.
    bench.sql("CREATE DOMAIN mood AS text").await;
    bench.sql("CREATE TABLE b (m mood)").await;
    let (_, with_domain) = bench.dump("b.dump").await;
    let mut bytes = fs::read(&with_domain).unwrap();
    let at = bytes.windows(20).position(|window| window == b"CREATE DOMAIN public").unwrap();
    bytes[at..at + 6].copy_from_slice(b"SELECT");
    let damaged = bench.folder.path().join("damaged.dump");
    fs::write(&damaged, &bytes).unwrap();
    let bad = bench.bad(&item, &damaged).await;
    assert!(bad.iter().any(|text| text.starts_with("pg_restore ended with code 1")), "{bad:#?}");
    assert!(bad.iter().any(|text| text.contains("error:")), "{bad:#?}");
    assert_eq!(bench.bad(&item, &dump).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scratch_databases_of_killed_proofs_are_dropped_a_day_later() {
    let Some(bench) = Bench::new().await else { return };
    bench.sql("CREATE TABLE a AS SELECT 1 AS n").await;
    let (item, dump) = bench.dump("a.dump").await;
    let chance = bench.name().chars().rev().take(12).collect::<String>();
    let now = Clock::system().now().as_second();
    let (old, new) = (format!("{SCRATCH_PREFIX}1000000_{chance}"), format!("{SCRATCH_PREFIX}{now}_{chance}"));
    let foreign = format!("{SCRATCH_PREFIX}of_work_{chance}");
    for name in [&old, &new, &foreign] {
        bench.sql(&format!("CREATE DATABASE {name}")).await;
    }
    bench.prove(&item, &dump).await;
    let left = contents::databases(&bench.database, SCRATCH_PREFIX).await.unwrap();
    let is_left = |name: &String| left.iter().any(|(found, _)| found == name);
    assert_eq!((is_left(&old), is_left(&new), is_left(&foreign)), (false, true, true));
    for name in [&new, &foreign] {
        bench.sql(&format!("DROP DATABASE {name}")).await;
    }
    // What this proof made is gone as well: only what other tests are using now may be there.
    let note = "scratch database of a proof of keeper's, dropped by itself";
    assert!(left.iter().all(|(_, found)| found.as_deref().is_none_or(|found| found == note)), "{left:?}");
}
