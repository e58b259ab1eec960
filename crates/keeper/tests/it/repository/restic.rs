//! Restic itself reads what we write, and we read what it writes.

use std::{fs, path::Path, process::Command, time::Duration};

use keeper::backup::repository::{Repository, RepositoryError};
use testkit::tools::{RESTIC, find, missing};

use super::workshop::{Workshop, folder, noise, stream, tree_of};

/// Restic at the repository of a workshop.
pub(crate) struct Restic<'a>(pub(crate) &'a Workshop);

impl<'a> Restic<'a> {
    pub(crate) fn of(workshop: &'a Workshop) -> Option<Self> {
        if find(&["restic"], &[]).is_none() {
            missing(RESTIC, "");
            return None;
        }
        Some(Self(workshop))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("restic");
        command
            .args(["--no-cache", "--repo"])
            .arg(self.0.path("repository"))
            .args(arguments)
            .env("RESTIC_PASSWORD", self.0.password.expose())
            .env("HOME", self.0.path(""));
        command
    }

    /// Runs it, and gives what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "restic {arguments:?}: {text}");
        text
    }
}

fn shows(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn restic_lists_checks_and_restores_what_we_write() {
    let workshop = Workshop::new();
    let Some(restic) = Restic::of(&workshop) else { return };
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let database = noise(9 << 20, 1);
    let pieces = || vec![stream("databases/app.db", &database, 1), folder("folders/etc/app", &source)];
    workshop.write(&repository, pieces()).unwrap();
    let second = workshop.write(&repository, pieces()).unwrap();

    let listed: serde_json::Value = serde_json::from_str(&restic.run(&["snapshots", "--json"])).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["tags"], serde_json::json!(["p/app"]));
    assert_eq!(listed[1]["hostname"], "box");
    assert_eq!(listed[1]["paths"], serde_json::json!(["/databases/app.db", "/folders/etc/app"]));
    assert!(listed.iter().any(|stored| stored["id"] == second.id.to_string()));
    let checked = restic.run(&["check", "--read-data"]);
    assert!(checked.contains("no errors were found"), "{checked}");

    let back = workshop.path("by restic");
    restic.run(&["restore", &second.id.to_string(), "--target", shows(&back)]);
    assert!(tree_of(&back.join("folders/etc/app")) == tree_of(&source));
    assert!(fs::read(back.join("databases/app.db")).unwrap() == database);

    // It goes on where we stopped, and we where it did.
    restic.run(&["backup", "--host", "box", shows(&source)]);
    restic.run(&["forget", "--group-by", "host", "--keep-last", "2", "--prune"]);
    assert_eq!(repository.snapshots().unwrap().len(), 2);
    assert_eq!(workshop.damage(&repository), []);
    for stored in repository.snapshots().unwrap() {
        workshop.restore(&repository, &stored.id, None, &workshop.fresh("back"), false).unwrap();
    }
    workshop.write(&repository, pieces()).unwrap();
    repository.prune().unwrap();
    let checked = restic.run(&["check", "--read-data"]);
    assert!(checked.contains("no errors were found"), "{checked}");
}

#[test]
fn we_list_check_and_restore_what_restic_writes() {
    for version in ["1", "2"] {
        let workshop = Workshop::new();
        let Some(restic) = Restic::of(&workshop) else { return };
        let source = workshop.odd_folder("source");
        restic.run(&["init", "--repository-version", version]);
        restic.run(&["backup", "--host", "there", "--tag", "one,two", shows(&source)]);
        let repository = Repository::open(workshop.files(), &workshop.password).unwrap();
        let stored = repository.snapshots().unwrap();
        let [only] = stored.as_slice() else { panic!("{stored:?}") };
        assert_eq!((only.host.as_str(), only.label.as_str(), &only.description), ("there", "", &None));
        assert_eq!(only.tags, ["one", "two"]);
        assert_eq!(workshop.damage(&repository), []);
        let back = workshop.path("back");
        let from_root = source.strip_prefix("/").unwrap();
        workshop.restore(&repository, &only.id, Some(shows(from_root)), &back, false).unwrap();
        assert!(tree_of(&back.join(from_root)) == tree_of(&source));

        let written =
            workshop.write(&repository, vec![stream("databases/app.db", &noise(1 << 20, 1), 1)]).unwrap();
        let checked = restic.run(&["check", "--read-data"]);
        assert!(checked.contains("no errors were found"), "{checked}");
        let dumped =
            restic.command(&["dump", &written.id.to_string(), "/databases/app.db"]).output().unwrap();
        assert!(dumped.stdout == noise(1 << 20, 1));
        restic.run(&["unlock"]);
    }
}

#[test]
fn restic_takes_a_password_that_we_added_and_we_one_of_its_own() {
    let workshop = Workshop::new();
    let Some(restic) = Restic::of(&workshop) else { return };
    let repository = workshop.repository();
    workshop.write(&repository, vec![stream("a", b"1", 1)]).unwrap();
    let other = chassis::Secret::new("another password".to_owned());
    repository.add_key(&other).unwrap();
    let output = restic.command(&["snapshots"]).env("RESTIC_PASSWORD", other.expose()).output().unwrap();
    assert!(output.status.success());
    let file = workshop.path("third");
    fs::write(&file, "a third password").unwrap();
    restic.run(&["key", "add", "--new-password-file", shows(&file)]);
    Repository::open(workshop.files(), &chassis::Secret::new("a third password".to_owned())).unwrap();
    assert_eq!(repository.keys().unwrap().len(), 3);
}

#[test]
fn restic_and_we_respect_each_others_locks() {
    let workshop = Workshop::new();
    let Some(restic) = Restic::of(&workshop) else { return };
    let repository = workshop.repository();
    let first = workshop.write(&repository, vec![stream("a", &noise(60 << 20, 1), 1)]).unwrap();

    // While we write, it may read, and not prune.
    let mut piece = stream("b", b"x", 1);
    let keeper::backup::Piece::Stream(inner) = &mut piece else { panic!() };
    let [prune, list] = [restic.command(&["prune"]), restic.command(&["snapshots"])];
    inner.open = Box::new(move || {
        let mut commands = [prune, list];
        let refused = commands[0].output()?;
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && text.contains("already locked"), "{text}");
        assert!(commands[1].output()?.status.success());
        Ok(Box::new(std::io::Cursor::new(b"x")))
    });
    workshop.write(&repository, vec![piece]).unwrap();
    assert_eq!(workshop.locks(), 0);

    // While it writes, we may write, and not prune.
    let mut writing = restic.command(&["backup", "--stdin"]);
    let mut writing =
        writing.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until(|| workshop.locks() == 1);
    let error = repository.prune().unwrap_err();
    let RepositoryError::Held { by, exclusive: false, .. } = &error else { panic!("{error}") };
    assert!(by.contains(&format!("(process {})", writing.id())), "{by}");
    workshop.write(&repository, vec![stream("c", b"1", 1)]).unwrap();
    std::io::Write::write_all(&mut writing.stdin.take().unwrap(), b"something").unwrap();
    assert!(writing.wait().unwrap().success());
    repository.prune().unwrap();

    // While it is alone, we wait.
    let mut checking = restic.command(&["check", "--read-data"]);
    let mut checking = checking.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until(|| workshop.locks() == 1);
    let pid = nix::unistd::Pid::from_raw(checking.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    let error = workshop.write(&repository, vec![stream("d", b"1", 1)]).unwrap_err();
    assert!(matches!(error, RepositoryError::Held { exclusive: true, .. }), "{error}");
    let error = workshop.restore(&repository, &first.id, None, &workshop.path("no"), false).unwrap_err();
    assert!(matches!(error, RepositoryError::Held { exclusive: true, .. }), "{error}");
    let patient = repository.with_patience(Duration::from_secs(60));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).unwrap();
    workshop.write(&patient, vec![stream("d", b"1", 1)]).unwrap();
    assert!(checking.wait().unwrap().success());
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not come to pass");
        std::thread::yield_now();
    }
}
