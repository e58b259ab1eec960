//! The two programs, each with a fresh repository of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    child::{self, Cost},
    data::Kind,
};

/// Where a run takes place.
#[derive(Clone)]
pub(crate) struct Place {
    /// A folder for everything of this run.
    pub(crate) root: PathBuf,
    /// What is backed up: a database's file, or a folder.
    pub(crate) source: PathBuf,
    /// What it is.
    pub(crate) kind: Kind,
}

/// One of the two.
pub(crate) trait Program {
    /// Takes one more backup.
    fn back_up(&self) -> Cost;
    /// Restores the newest one into `out`.
    fn restore(&self) -> Cost;
    /// Where the data is after that.
    fn restored(&self) -> PathBuf;
}

/// Ours.
pub(crate) struct Keeper {
    program: PathBuf,
    place: Place,
}

/// Debian's.
pub(crate) struct Restic {
    place: Place,
}

impl Keeper {
    /// Writes a plan.
    pub(crate) fn new(program: &Path, place: &Place) -> Self {
        write_password(place);
        let source = place.source.display();
        let (service, source) = match place.kind {
            Kind::Database => (
                format!("[service.big]\ndatabase.sqlite = \"{source}\"\n"),
                "{ database = \"big\" }".to_owned(),
            ),
            Kind::Tree => (String::new(), format!("{{ folder = \"{source}\" }}")),
        };
        let plan = format!(
            "[plan]\nname = \"bench\"\ntitle = \"Bench\"\nzone = \"UTC\"\n\n{service}\n[[store]]\nname = \"near\"\n\
             kind = \"local\"\nplace.folder = \"keeper-repository\"\npassword.file = \"password\"\n\n[[backup]]\n\
             name = \"all\"\nschedule = \"daily 02:00\"\nsources = [{source}]\nkeep = {{ days = 30 }}\n\
             stores = [\"near\"]\n"
        );
        fs::write(place.root.join("plan.toml"), plan).unwrap();
        Self { program: program.to_owned(), place: place.clone() }
    }

    fn run(&self, arguments: &[&str]) -> Cost {
        let all = [&["--json", "--set", "logs.stderr=false", "backup"], arguments, &["--plan", "plan.toml"]];
        let (mut cost, said) = child::run(&self.program, &all.concat(), &self.place.root);
        cost.checks_s = checks_s(&said);
        cost
    }
}

impl Program for Keeper {
    fn back_up(&self) -> Cost {
        self.run(&["run", "all"])
    }

    fn restore(&self) -> Cost {
        self.run(&["restore", "all", "--to", "out"])
    }

    fn restored(&self) -> PathBuf {
        let out = self.place.root.join("out");
        match self.place.kind {
            Kind::Database => out.join("databases/big.db"),
            Kind::Tree => out.join("folders").join(self.place.source.strip_prefix("/").unwrap()),
        }
    }
}

impl Restic {
    /// Makes the repository; keeper makes its own with the first backup.
    pub(crate) fn new(place: &Place) -> Self {
        write_password(place);
        let restic = Self { place: place.clone() };
        restic.run(&["init"]);
        restic
    }

    fn run(&self, arguments: &[&str]) -> Cost {
        let own =
            ["--repo", "restic-repository", "--password-file", "password", "--cache-dir", "restic-cache"];
        child::run(Path::new("restic"), &[&own, arguments].concat(), &self.place.root).0
    }
}

impl Program for Restic {
    fn back_up(&self) -> Cost {
        self.run(&["backup", self.place.source.to_str().unwrap()])
    }

    fn restore(&self) -> Cost {
        self.run(&["restore", "latest", "--target", "out"])
    }

    fn restored(&self) -> PathBuf {
        self.place.root.join("out").join(self.place.source.strip_prefix("/").unwrap())
    }
}

fn write_password(place: &Place) {
    let password = place.root.join("password");
    fs::write(&password, "a long password of this bench\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What the engine's checks took: of a restore in a field, of a backup in the sentence that tells of it.
fn checks_s(said: &str) -> f64 {
    let said: Value = serde_json::from_str(said).unwrap();
    let milliseconds: u64 = each(&said).iter().filter_map(|value| value.get("proved_ms")?.as_u64()).sum();
    let sentence =
        said["output"].as_str().and_then(|output| output.split_once("checked in ")?.1.split_once(" s"));
    let seconds = sentence.and_then(|(seconds, _)| seconds.parse().ok()).unwrap_or(0.0);
    milliseconds as f64 / 1_000.0 + seconds
}

/// A value and all in it.
fn each(value: &Value) -> Vec<&Value> {
    let below: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().flat_map(each).collect(),
        Value::Array(values) => values.iter().flat_map(each).collect(),
        _ => Vec::new(),
    };
    [vec![value], below].concat()
}
