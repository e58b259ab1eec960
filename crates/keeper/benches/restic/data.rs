//! The data: Chinese and English text of which every part is different, and which packs to about half its size.

use std::{
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
};

use fastrand::Rng;
use rusqlite::Connection;

/// How much.
pub(crate) struct Amount {
    database_bytes: i64,
    files: usize,
}

impl Amount {
    /// A database of 1 GB, 50,000 files.
    pub(crate) const FULL: Self = Self { database_bytes: 1_000_000_000, files: 50_000 };
    /// To try the bench itself.
    pub(crate) const SMALL: Self = Self { database_bytes: 80_000_000, files: 3_000 };
}

/// What is backed up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A SQLite database in WAL mode, 4 KiB a page.
    Database,
    /// Files of 1 to 20 kB in 640 folders.
    Tree,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Database => "SQLite database",
            Self::Tree => "small files",
        })
    }
}

const SCHEMA: &str = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, title TEXT, created REAL);
    CREATE TABLE turns (id INTEGER PRIMARY KEY, session_id INTEGER, seq INTEGER, role TEXT, ts REAL, text TEXT);
    CREATE INDEX turns_of_session ON turns (session_id, seq);";
const TURN: &str = "INSERT INTO turns (session_id, seq, role, ts, text) VALUES (?1, ?2, ?3, ?4, ?5)";
/// So many rows at once.
const BATCH: i64 = 20_000;

impl Kind {
    /// Makes it, and says where it is.
    pub(crate) fn make(self, root: &Path, amount: &Amount) -> PathBuf {
        let mut text = Text::new(1);
        match self {
            Self::Database => {
                let path = root.join("big.db");
                let mut connection = Connection::open(&path).unwrap();
                connection.execute_batch(SCHEMA).unwrap();
                let size = "SELECT page_count * 4096 FROM pragma_page_count";
                while connection.query_row(size, [], |row| row.get::<_, i64>(0)).unwrap()
                    < amount.database_bytes
                {
                    append(&mut connection, &mut text, BATCH);
                }
                let sessions = "INSERT INTO sessions SELECT DISTINCT session_id, 'session ' || session_id, 1.7e9 FROM turns";
                connection.execute_batch(sessions).unwrap();
                settle(connection);
                path
            }
            Self::Tree => {
                let path = root.join("tree");
                (0..amount.files).for_each(|number| write_file(&path, number, &mut text));
                path
            }
        }
    }

    /// Changes 1 %: rows are appended, or files written anew.
    pub(crate) fn change(self, source: &Path, amount: &Amount, run: u64) {
        let mut text = Text::new(100 + run);
        match self {
            Self::Database => {
                let mut connection = Connection::open(source).unwrap();
                let count = "SELECT COUNT(*) FROM turns";
                let rows: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
                append(&mut connection, &mut text, rows / 100);
                settle(connection);
            }
            Self::Tree => {
                for _ in 0..amount.files / 100 {
                    let number = text.random.usize(..amount.files);
                    write_file(source, number, &mut text);
                }
            }
        }
    }
}

fn append(connection: &mut Connection, text: &mut Text, rows: i64) {
    let transaction = connection.transaction().unwrap();
    let newest = "SELECT COALESCE(MAX(id), 0) FROM turns";
    let newest: i64 = transaction.query_row(newest, [], |row| row.get(0)).unwrap();
    {
        let mut insert = transaction.prepare(TURN).unwrap();
        for id in newest..newest + rows {
            let (role, length) =
                (["user", "assistant"][text.random.usize(..2)], text.random.usize(700..2_300));
            insert.execute((id / 200, id % 200, role, 1.7e9 + id as f64 * 3.7, text.of(length))).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// Everything into the one file that restic reads.
fn settle(connection: Connection) {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    connection.close().unwrap();
}

fn write_file(tree: &Path, number: usize, text: &mut Text) {
    let folder = tree.join(format!("{:02x}/{:03}", number % 16, number / 16 % 40));
    fs::create_dir_all(&folder).unwrap();
    let length = text.random.usize(1_000..20_000);
    fs::write(folder.join(format!("f{number:06}.txt")), text.of(length)).unwrap();
}

/// Text of phrases of which some are much more frequent than others.
struct Text {
    random: Rng,
    phrases: Vec<String>,
    /// Of each phrase and those before it.
    weights: Vec<f64>,
}

const PHRASES: usize = 40_000;
const CHARACTERS: u32 = 450;
const SYLLABLES: [&str; 16] =
    ["the", "an", "ra", "ven", "to", "sil", "er", "mo", "or", "wind", "el", "is", "ka", "in", "dor", "ing"];

impl Text {
    /// The phrases are always the same, what is made of them is not.
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(7);
        let phrases = (0..PHRASES).map(|_| phrase(&mut random)).collect();
        let mut sum = 0.0;
        let weights = (0..PHRASES).map(|rank| {
            sum += (rank as f64 + 40.0).powf(-0.75);
            sum
        });
        Self { phrases, weights: weights.collect(), random: Rng::with_seed(seed) }
    }

    /// About so many bytes.
    fn of(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 64);
        while text.len() < length {
            let place = self.random.f64() * self.weights[PHRASES - 1];
            let phrase = self.weights.partition_point(|weight| *weight < place);
            text.push_str(&self.phrases[phrase]);
        }
        text
    }
}

fn phrase(random: &mut Rng) -> String {
    if random.f64() < 0.55 {
        let character = |random: &mut Rng| char::from_u32(0x4e00 + random.u32(..CHARACTERS) * 37).unwrap();
        let characters: String = (0..random.usize(3..=9)).map(|_| character(random)).collect();
        return characters + ["，", "。", "", "！"][random.usize(..4)];
    }
    let word = |random: &mut Rng| -> String {
        (0..random.usize(1..=3)).map(|_| SYLLABLES[random.usize(..SYLLABLES.len())]).collect()
    };
    let words: Vec<String> = (0..random.usize(2..=5)).map(|_| word(random)).collect();
    words.join(" ") + [", ", ". ", " ", "\n"][random.usize(..4)]
}

/// Size of a file, or of all files of a folder.
pub(crate) fn size_bytes(path: &Path) -> u64 {
    let about = fs::metadata(path).unwrap();
    if !about.is_dir() {
        return about.len();
    }
    fs::read_dir(path).unwrap().map(|entry| size_bytes(&entry.unwrap().path())).sum()
}

/// Stops where what was restored is not what was backed up.
pub(crate) fn assert_same(source: &Path, restored: &Path) {
    assert_eq!(source.is_dir(), restored.is_dir(), "{}", restored.display());
    if !source.is_dir() {
        assert!(same_bytes(source, restored), "{} has other bytes", restored.display());
        return;
    }
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(source), names(restored), "{}", restored.display());
    for name in names(source) {
        assert_same(&source.join(&name), &restored.join(&name));
    }
}

fn same_bytes(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (fs::File::open(one).unwrap(), fs::File::open(other).unwrap());
    if one.metadata().unwrap().len() != other.metadata().unwrap().len() {
        return false;
    }
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let length = one.read(&mut left).unwrap();
        if length == 0 {
            return true;
        }
        other.read_exact(&mut right[..length]).unwrap();
        if left[..length] != right[..length] {
            return false;
        }
    }
}
