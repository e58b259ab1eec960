//! Configuration in a bare git repository: what a commit holds, what comes back, and what is said when it cannot.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
    slice,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use chassis::Clock;
use keeper::backup::git::{self, CommitId, Committed};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.config()).unwrap();
        bench
    }

    /// What is committed.
    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn bare(&self) -> PathBuf {
        self.folder.path().join("store/config.git")
    }

    fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.config().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn commit(&self) -> Committed {
        self.try_commit().unwrap()
    }

    fn try_commit(&self) -> anyhow::Result<Committed> {
        git::commit(&[self.config()], &self.bare(), "configuration", &Clock::system())
    }

    /// A new commit, restored to a folder of its own: where the configuration is in it.
    fn restored(&self, id: &CommitId) -> PathBuf {
        let into = self.folder.path().join(format!("restored-{id}"));
        let _ = fs::remove_dir_all(&into);
        git::restore(&self.bare(), id, None, &into).unwrap();
        into.join(self.config().strip_prefix("/").unwrap())
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("--git-dir").arg(self.bare()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Everything below a folder: its mode, and its content or target.
fn tree(folder: &Path) -> BTreeMap<Vec<u8>, (u32, Vec<u8>)> {
    let (mut open, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = if metadata.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            b"folder".to_vec()
        } else if metadata.is_symlink() {
            fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
        } else {
            fs::read(&path).unwrap()
        };
        let at = path.strip_prefix(folder).unwrap().as_os_str().as_bytes().to_vec();
        found.insert(at, (metadata.permissions().mode() & 0o777, content));
    }
    found
}

fn error_of(outcome: anyhow::Result<impl std::fmt::Debug>) -> String {
    format!("{:#}", outcome.unwrap_err())
}

#[test]
fn everything_comes_back_as_it_was() {
    let bench = Bench::new();
    let secret = bench.write("secret.key", "s3cret");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let script = bench.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    bench.write("lines", "a\r\nb\r\n\tc $Id$\n");
    bench.write(".gitattributes", "* text=auto eol=lf ident\n*.bin filter=lfs\n");
    bench.write(".gitignore", "*\n!kept\n");
    bench.write("ignored/deep/file", "still here");
    bench.write("data.bin", (0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    bench.write("empty", "");
    for name in
        ["a b", "-n", "\"quoted\"", "back\\slash", "new\nline", "tab\tcr\r", "中文 🦀", "%41", ":x", "*?["]
    {
        bench.write(name, format!("content of {name}"));
    }
    bench.write(OsStr::from_bytes(b"\xff\xfe not utf-8"), "x");
    bench.write("con/git~1/.gitmodules", "x");
    fs::create_dir_all(bench.config().join("hollow/inside")).unwrap();
    fs::set_permissions(bench.config().join("hollow"), Permissions::from_mode(0o750)).unwrap();
    symlink("secret.key", bench.config().join("link")).unwrap();
    symlink("/nowhere/at all", bench.config().join("dangling")).unwrap();
    symlink("..", bench.config().join("ignored/up")).unwrap();

    let committed = bench.commit();
    assert_eq!(committed.left_out, [""; 0]);
    let id = committed.id.unwrap();
    assert_eq!(tree(&bench.restored(&id)), tree(&bench.config()));
    assert_eq!(mode(&bench.bare()), 0o700);
    assert_eq!(git::check(&bench.bare()).unwrap(), [""; 0]);
    // By anybody's git as well.
    bench.git(&["fsck", "--full"]);
    let author = bench.git(&["log", "-1", "--format=%an <%ae> %cn %s %G?"]);
    assert_eq!(author, "keeper <keeper@localhost> keeper configuration N");
    let path = format!("{}/ignored/deep/file", bench.config().strip_prefix("/").unwrap().display());
    assert_eq!(bench.git(&["show", &format!("HEAD:{path}")]), "still here");
}

#[test]
fn only_changes_make_commits_and_all_of_them_stay() {
    let bench = Bench::new();
    let clock = Clock::fixed("2026-03-02T00:30:00Z".parse().unwrap());
    let commit = |message: &str| {
        clock.advance(std::time::Duration::from_secs(60));
        git::commit(&[bench.config()], &bench.bare(), message, &clock).unwrap().id
    };
    let file = bench.write("app.toml", "a = 1\n");
    let first = commit("one").unwrap();
    assert_eq!(commit("nothing new"), None);
    fs::write(&file, "a = 2\n").unwrap();
    let second = commit("two\n\nwith a body").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    assert!(commit("mode").is_some());
    fs::create_dir(bench.config().join("hollow")).unwrap();
    assert!(commit("folder").is_some());
    fs::remove_file(&file).unwrap();
    let last = commit("gone").unwrap();
    assert_eq!(commit("nothing new"), None);

    let all = git::list(&bench.bare(), 100).unwrap();
    let shown: Vec<String> = all.iter().map(|commit| format!("{} {}", commit.at, commit.message)).collect();
    let expected = [
        "2026-03-02T00:36:00Z gone",
        "2026-03-02T00:35:00Z folder",
        "2026-03-02T00:34:00Z mode",
        "2026-03-02T00:33:00Z two",
        "2026-03-02T00:31:00Z one",
    ];
    assert_eq!(shown, expected);
    assert_eq!(git::list(&bench.bare(), 2).unwrap().len(), 2);
    for (id, content) in [(&first, Some("a = 1\n")), (&second, Some("a = 2\n")), (&last, None)] {
        let found = fs::read_to_string(bench.restored(id).join("app.toml")).ok();
        assert_eq!(found.as_deref(), content);
    }
}

#[test]
fn what_git_cannot_hold_is_named() {
    let bench = Bench::new();
    bench.write("app.toml", "x");
    bench.write("checkout/.git/config", "x");
    bench.write("checkout/file", "x");
    bench.write("module/.GIT", "gitdir: elsewhere");
    nix::unistd::mkfifo(&bench.config().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let store = bench.config().join("store.git");
    let commit = || git::commit(&[bench.config()], &store, "m", &Clock::system()).unwrap();
    let committed = commit();
    let root = bench.config().display().to_string();
    let expected = [
        "checkout/.git: git cannot store what has this name",
        "module/.GIT: git cannot store what has this name",
        "pipe: it is neither a file nor a folder nor a link",
        "store.git: it is the repository itself",
    ]
    .map(|text| format!("{root}/{text}"));
    assert_eq!(committed.left_out, expected);
    // It is told again when nothing has changed.
    assert_eq!(commit(), Committed { id: None, left_out: expected.to_vec() });
    let inside = git::commit(&[bench.config().join("checkout/.git")], &bench.bare(), "m", &Clock::system());
    assert!(error_of(inside).ends_with("lies in a folder of git's own and cannot be committed"));
}

#[test]
fn a_part_is_restored_alone_and_only_into_an_empty_place() {
    let bench = Bench::new();
    let file = bench.write("app/app.toml", "a = 1\n");
    bench.write("app/extra/more", "more");
    bench.write("apple", "not wanted");
    let id = bench.commit().id.unwrap();
    let into = bench.folder.path().join("one");
    let restored = git::restore(&bench.bare(), &id, Some(&file), &into).unwrap();
    assert_eq!((restored.files, restored.bytes), (1, 6));
    let at = file.strip_prefix("/").unwrap();
    assert_eq!(fs::read_to_string(into.join(at)).unwrap(), "a = 1\n");

    let folder = bench.config().join("app");
    let into = bench.folder.path().join("some");
    fs::create_dir(&into).unwrap();
    assert_eq!(git::restore(&bench.bare(), &id, Some(&folder), &into).unwrap().files, 2);
    let again = error_of(git::restore(&bench.bare(), &id, None, &into));
    assert!(again.ends_with("is not empty: restore into a folder that is absent or empty"), "{again}");

    let into = bench.folder.path().join("none");
    let absent = error_of(git::restore(&bench.bare(), &id, Some(Path::new("/nowhere")), &into));
    assert_eq!(absent, format!("commit {id} holds no /nowhere"));
    let unknown = CommitId::parse("0123456789012345678901234567890123456789").unwrap();
    let absent = error_of(git::restore(&bench.bare(), &unknown, None, &into));
    assert!(absent.starts_with("there is no commit 0123"), "{absent}");
    assert!(!into.exists());
    // The beginning of a hash is enough.
    let short = CommitId::parse(&id.to_string()[..8]).unwrap();
    git::restore(&bench.bare(), &short, None, &into).unwrap();
}

#[test]
fn what_cannot_be_read_is_no_removal() {
    let bench = Bench::new();
    bench.write("app.toml", "x");
    let id = bench.commit().id.unwrap();
    fs::rename(bench.config(), bench.folder.path().join("elsewhere")).unwrap();
    assert!(error_of(bench.try_commit()).starts_with("reading "));
    assert_eq!(git::list(&bench.bare(), 10).unwrap().len(), 1);
    assert_eq!(git::list(&bench.bare(), 10).unwrap()[0].id, id);
}

#[test]
fn what_is_no_repository_is_left_alone() {
    let bench = Bench::new();
    bench.write("app.toml", "x");
    let check = |bare: &Path| {
        let before = tree(bare);
        let error = error_of(git::commit(&[bench.config()], bare, "m", &Clock::system()));
        assert!(error.contains("is not a bare git repository, or a damaged one"), "{error}");
        assert_eq!(tree(bare), before);
    };
    let other = bench.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter"), "dear").unwrap();
    check(&other);
    let checkout = bench.folder.path().join("checkout");
    assert!(Command::new("git").args(["init", "-q"]).arg(&checkout).status().unwrap().success());
    check(&checkout);
    let error = error_of(git::list(&bench.bare(), 1));
    assert_eq!(error, format!("there is no git repository at {}", bench.bare().display()));

    // An empty folder, and a repository that somebody else has made, are well; the latter becomes private.
    let made = bench.folder.path().join("made.git");
    assert!(Command::new("git").args(["init", "-q", "--bare"]).arg(&made).status().unwrap().success());
    for bare in [bench.folder.path().join("empty"), made] {
        fs::create_dir_all(&bare).unwrap();
        assert_eq!(git::list(&bare, 1).unwrap_or_default(), []);
        git::commit(&[bench.config()], &bare, "m", &Clock::system()).unwrap();
        assert_eq!(mode(&bare), 0o700);
    }
}

#[test]
fn settings_and_hooks_of_the_repository_do_not_matter() {
    let bench = Bench::new();
    bench.write("app.toml", "a\r\n");
    bench.commit();
    for (name, value) in [
        ("core.autocrlf", "true"),
        ("commit.gpgSign", "true"),
        ("gpg.program", "/bin/false"),
        ("user.name", "somebody"),
        ("core.hooksPath", "hooks"),
    ] {
        bench.git(&["config", name, value]);
    }
    fs::create_dir_all(bench.bare().join("hooks")).unwrap();
    for hook in ["reference-transaction", "post-commit", "pre-commit"] {
        let path = bench.bare().join("hooks").join(hook);
        fs::write(&path, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    bench.write("app.toml", "b\r\n");
    let id = bench.commit().id.unwrap();
    assert_eq!(fs::read(bench.restored(&id).join("app.toml")).unwrap(), b"b\r\n");
    assert_eq!(bench.git(&["log", "-1", "--format=%an"]), "keeper");
}

#[test]
fn two_keepers_do_not_lose_each_others_commits() {
    let bench = Bench::new();
    let made = thread::scope(|scope| {
        let keeper = |name: usize| {
            let bench = &bench;
            move || {
                let folder = bench.folder.path().join(format!("folder-{name}"));
                fs::create_dir(&folder).unwrap();
                let mut made = 0;
                for round in 0..4 {
                    fs::write(folder.join("x"), format!("{round}")).unwrap();
                    let committed =
                        git::commit(slice::from_ref(&folder), &bench.bare(), "m", &Clock::system()).unwrap();
                    made += usize::from(committed.id.is_some());
                }
                made
            }
        };
        let running: Vec<_> = (0..3).map(|name| scope.spawn(keeper(name))).collect();
        running.into_iter().map(|keeper| keeper.join().unwrap()).sum::<usize>()
    });
    assert_eq!(made, 12);
    assert_eq!(git::list(&bench.bare(), 100).unwrap().len(), 12);
    assert_eq!(git::check(&bench.bare()).unwrap(), [""; 0]);
}

#[test]
fn what_a_killed_keeper_has_left_is_in_nobodys_way() {
    let bench = Bench::new();
    bench.write("app.toml", "a = 1\n");
    // Cut off while it was made.
    fs::create_dir_all(bench.bare().join("objects")).unwrap();
    fs::write(bench.bare().join("keeper.lock"), "1\n").unwrap();
    bench.commit();
    // Cut off while it committed.
    let scratch = bench.bare().join("keeper-scratch");
    fs::create_dir_all(scratch.join("sub")).unwrap();
    fs::write(scratch.join("index.lock"), "x").unwrap();
    fs::write(bench.bare().join("refs/heads/main.lock"), "").unwrap();
    fs::write(bench.bare().join("objects/tmp_obj_x"), "half").unwrap();
    bench.write("app.toml", "a = 2\n");
    assert!(bench.commit().id.is_some());
    assert!(!scratch.exists());
    assert_eq!(git::check(&bench.bare()).unwrap(), [""; 0]);
}

/// Ends a git of this repository that runs now.
fn kill_git(bare: &Path) -> bool {
    let mark = bare.as_os_str().as_bytes();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let arguments = fs::read(entry.path().join("cmdline")).ok()?;
        let is_ours =
            arguments.starts_with(b"git\0") && arguments.split(|byte| *byte == 0).any(|word| word == mark);
        is_ours.then(|| Pid::from_raw(pid))
    });
    pids.filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count() > 0
}

#[test]
fn a_git_that_is_killed_leaves_whole_commits() {
    let bench = Bench::new();
    let (mut made, mut failed, mut killed) = (0, 0, 0);
    for round in 0..40_u64 {
        for number in 0..5 {
            bench.write(format!("f{number}"), format!("{round} {number}"));
        }
        let is_over = AtomicBool::new(false);
        let outcome = thread::scope(|scope| {
            let killer = scope.spawn(|| {
                // Lets so many looks pass before it strikes, so that each step is hit.
                let mut looks = 0;
                while !is_over.load(Ordering::Relaxed) {
                    looks += 1;
                    if looks > round % 20 && kill_git(&bench.bare()) {
                        return 1;
                    }
                }
                0
            });
            let outcome = bench.try_commit();
            is_over.store(true, Ordering::Relaxed);
            killed += killer.join().unwrap();
            outcome
        });
        match outcome {
            Ok(committed) => made += usize::from(committed.id.is_some()),
            Err(_) => failed += 1,
        }
    }
    assert!(killed > 0 && failed > 0, "{killed} killed, {failed} failed");
    let last = bench.commit();
    let all = git::list(&bench.bare(), 1_000).unwrap();
    assert!(all.len() >= made, "{made} made, {} are there", all.len());
    let newest = last.id.unwrap_or_else(|| all[0].id.clone());
    assert_eq!(tree(&bench.restored(&newest)), tree(&bench.config()));
    for commit in &all {
        bench.restored(&commit.id);
    }
    // Half an object is never among them; what lies about is nobody's.
    let damage = git::check(&bench.bare()).unwrap();
    assert!(damage.iter().all(|line| line.contains("garbage")), "{damage:?}");
}

#[test]
fn damage_is_said_and_not_built_upon() {
    let bench = Bench::new();
    bench.write("app.toml", "a = 1\n");
    bench.commit();
    bench.write("app.toml", "a = 2\n");
    let id = bench.commit().id.unwrap();
    let copy = bench.folder.path().join("copy");
    let fresh = || {
        let _ = fs::remove_dir_all(&copy);
        assert!(Command::new("cp").arg("-a").arg(bench.bare()).arg(&copy).status().unwrap().success());
    };
    let commit = || {
        bench.write("app.toml", "a = 3\n");
        git::commit(&[bench.config()], &copy, "m", &Clock::system())
    };
    let object = |id: &str| copy.join("objects").join(&id[..2]).join(&id[2..]);
    let rewrite = |path: &Path, content: &[u8]| {
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        fs::write(path, content).unwrap();
    };

    // The branch is lost, emptied, or names nothing.
    fresh();
    fs::remove_file(copy.join("refs/heads/main")).unwrap();
    let error = error_of(commit());
    assert!(error.contains(&format!("its last commit was {id}: bring it back by")), "{error}");
    assert!(!git::check(&copy).unwrap().is_empty());
    for content in ["", "nonsense\n"] {
        fresh();
        fs::write(copy.join("refs/heads/main"), content).unwrap();
        fs::remove_dir_all(copy.join("logs")).unwrap();
        let error = error_of(commit());
        assert!(error.contains("the branch refs/heads/main") && error.contains("is damaged"), "{error}");
        assert!(!git::check(&copy).unwrap().is_empty());
    }

    // The newest commit is gone or damaged.
    fresh();
    fs::remove_file(object(&id.to_string())).unwrap();
    assert!(error_of(commit()).starts_with("the newest commit of "));
    fresh();
    rewrite(&object(&id.to_string()), b"nonsense");
    assert!(error_of(commit()).starts_with("the newest commit of "));
    assert!(git::check(&copy).unwrap().iter().any(|line| line.starts_with("git fsck says: error")));

    // One byte of a file, still readable by zlib: only the hash tells.
    fresh();
    let at = bench.config().join("app.toml");
    let name = format!("{}:{}", id, at.strip_prefix("/").unwrap().display());
    let blob = bench.git(&["rev-parse", &name]);
    let other = bench.git(&["rev-parse", &format!("{id}^:{}", at.strip_prefix("/").unwrap().display())]);
    rewrite(&object(&blob), &fs::read(object(&other)).unwrap());
    assert!(!git::check(&copy).unwrap().is_empty());
    let into = bench.folder.path().join("into");
    let error = error_of(git::restore(&copy, &id, None, &into));
    assert!(error.contains("app.toml"), "{error}");
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
    rewrite(&object(&blob), b"nonsense");
    let error = error_of(git::restore(&copy, &id, None, &into));
    assert!(error.contains("app.toml"), "{error}");
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
}

#[test]
fn many_files_and_commits_are_packed_and_kept() {
    let bench = Bench::new();
    for number in 0..300 {
        bench.write(format!("d{}/f{number}", number % 50), format!("{number}"));
    }
    let first = bench.commit().id.unwrap();
    bench.git(&["gc", "--quiet"]);
    bench.write("d1/f1", "changed");
    let second = bench.commit().id.unwrap();
    assert_eq!(tree(&bench.restored(&second)), tree(&bench.config()));
    bench.write("d1/f1", "1");
    assert_eq!(tree(&bench.restored(&first)), tree(&bench.config()));
    assert_eq!(git::list(&bench.bare(), 10).unwrap().len(), 2);
}
