//! A folder of one test's own with a shop in it: a plan, a database, a configuration and a password, for tests that
//! run the program.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A folder with the plan, a database with a writer's mode, a configuration and a password.
pub(crate) struct Shop {
    pub(crate) folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Shop {
    pub(crate) fn new(plan: &str) -> Self {
        let settings = vec![
            ("plan.files", "[\"plan.toml\"]".to_owned()),
            ("state.file", "state/keeper.db".to_owned()),
            ("runs.scratch", "state/scratch".to_owned()),
        ];
        let shop = Self { folder: tempfile::tempdir().unwrap(), settings };
        for folder in ["data", "config/deep", "backup"] {
            fs::create_dir_all(shop.path(folder)).unwrap();
        }
        fs::write(shop.path("plan.toml"), plan).unwrap();
        fs::write(shop.path("config/shop.toml"), "open = true\n").unwrap();
        fs::write(shop.path("config/deep/标准.txt"), "x".repeat(5_000)).unwrap();
        fs::write(shop.path("password"), "a long password of this test\n").unwrap();
        fs::set_permissions(shop.path("password"), fs::Permissions::from_mode(0o600)).unwrap();
        shop.sql(
            "PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT NOT NULL); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
             INSERT INTO orders (what) SELECT 'order ' || i || hex(randomblob(40)) FROM n;",
        );
        shop
    }

    /// The same with another setting.
    pub(crate) fn with(mut self, name: &'static str, value: &dyn std::fmt::Display) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_string()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn sql(&self, statements: &str) -> String {
        sqlite3(&self.path("data/shop.db"), statements)
    }

    /// Runs the program in the folder; its exit code and all it said.
    pub(crate) fn keeper(&self, line: &str) -> (i32, String) {
        let output = self.command(line).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), said)
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keeper"));
        command.args(line.split(' ')).current_dir(self.folder.path());
        for (name, value) in &self.settings {
            command.arg("--set").arg(format!("{name}={value}"));
        }
        command
    }

    /// A line that must fail with exit code 1 and say this.
    pub(crate) fn bad(&self, line: &str, expected: &str) -> String {
        let (code, said) = self.keeper(line);
        assert_eq!(code, 1, "keeper {line}:\n{said}");
        assert!(said.contains(expected), "keeper {line} does not say {expected:?}:\n{said}");
        said
    }

    /// A line that must succeed.
    pub(crate) fn good(&self, line: &str) -> String {
        let (code, said) = self.keeper(line);
        assert_eq!(code, 0, "keeper {line}:\n{said}");
        said
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        let output = self.command(&format!("{line} --json")).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    /// Events of the ledger of this kind, oldest first.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        self.ledger().into_iter().filter(|body| body["event"] == kind).collect()
    }

    /// How many events of these kinds there are.
    pub(crate) fn count<const N: usize>(&self, kinds: [&str; N]) -> [usize; N] {
        let all = self.ledger();
        kinds.map(|kind| all.iter().filter(|body| body["event"] == kind).count())
    }

    /// Every event, oldest first.
    fn ledger(&self) -> Vec<Value> {
        let said = self.good("ledger export");
        let rows = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let bodies = rows.map(|row| match &row["body"] {
            Value::String(text) => serde_json::from_str(text).unwrap(),
            body => body.clone(),
        });
        bodies.collect()
    }
}

pub(crate) fn sqlite3(path: &Path, statements: &str) -> String {
    let output = Command::new("sqlite3").arg(path).arg(statements).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Every file of the repository's packs.
pub(crate) fn packs(repository: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(repository.join("data")).unwrap().map(|entry| entry.unwrap().path());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
}

/// Makes a file its owner's alone.
pub(crate) fn close(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
