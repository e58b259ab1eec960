//! Migrations: `NNNN_name.up.sql` with `NNNN_name.down.sql`, numbered from 1 without gaps, and the same for text
//! that only one database takes (`NNNN_name.sqlite.up.sql`).

use std::collections::{BTreeMap, BTreeSet};

const DATABASES: &[&str] = &["sqlite", "postgres"];

/// What is wrong with the SQL files, given by their paths from the workspace's root.
pub(crate) fn unpaired<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut findings = Vec::new();
    let mut directions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut names: BTreeMap<(&str, u32), BTreeSet<&str>> = BTreeMap::new();
    for (folder, file) in paths.filter_map(|path| path.rsplit_once('/')) {
        if !folder.ends_with("/migrations") {
            continue;
        }
        let Some((number, name, database, direction)) = parse(file) else {
            findings.push(format!("{folder}/{file} is not called NNNN_name[.sqlite|.postgres].up|down.sql"));
            continue;
        };
        directions.entry(format!("{folder}/{number:04}_{name}{database}")).or_default().insert(direction);
        names.entry((folder, number)).or_default().insert(name);
    }
    for (stem, found) in &directions {
        for direction in ["up", "down"].into_iter().filter(|direction| !found.contains(direction)) {
            findings.push(format!("{stem}.{direction}.sql is missing"));
        }
    }
    let mut expected: BTreeMap<&str, u32> = BTreeMap::new();
    for ((folder, number), names) in &names {
        let next = expected.entry(folder).or_insert(1);
        if number != next {
            findings.push(format!("{folder}: number {next:04} is missing before {number:04}"));
        }
        if names.len() > 1 {
            findings.push(format!("{folder}: number {number:04} is taken twice"));
        }
        *next = number + 1;
    }
    findings
}

/// Number, name, `.database` or nothing, and direction.
fn parse(file: &str) -> Option<(u32, &str, &str, &str)> {
    let stem = file.strip_suffix(".sql")?;
    let (stem, direction) =
        stem.rsplit_once('.').filter(|(_, direction)| ["up", "down"].contains(direction))?;
    let (stem, database) = match stem.find('.') {
        Some(dot) if DATABASES.contains(&&stem[dot + 1..]) => stem.split_at(dot),
        Some(_) => return None,
        None => (stem, ""),
    };
    let (number, name) =
        stem.split_once('_').filter(|(number, name)| number.len() == 4 && !name.is_empty())?;
    Some((number.parse().ok()?, name, database, direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], expected: &[&str]) {
        let paths: Vec<_> = files.iter().map(|file| format!("crates/a/migrations/{file}")).collect();
        let expected: Vec<_> = expected.iter().map(|what| format!("crates/a/migrations{what}")).collect();
        assert_eq!(unpaired(paths.iter().map(String::as_str)), expected, "{files:?}");
    }

    #[test]
    fn pairs_in_order_pass() {
        check(&["0001_init.up.sql", "0001_init.down.sql", "0002_more.up.sql", "0002_more.down.sql"], &[]);
        let mixed = ["0001_a.up.sql", "0001_a.down.sql", "0001_a.sqlite.up.sql", "0001_a.sqlite.down.sql"];
        check(&mixed, &[]);
        assert!(unpaired(["crates/a/benches/data.sql"].into_iter()).is_empty());
    }

    #[test]
    fn each_kind_of_disorder_is_found() {
        check(&["0001_a.up.sql"], &["/0001_a.down.sql is missing"]);
        let half = ["0001_a.up.sql", "0001_a.down.sql", "0001_a.sqlite.up.sql"];
        check(&half, &["/0001_a.sqlite.down.sql is missing"]);
        check(&["0002_a.up.sql", "0002_a.down.sql"], &[": number 0001 is missing before 0002"]);
        let twice = ["0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql", "0001_b.down.sql"];
        check(&twice, &[": number 0001 is taken twice"]);
        let shape = "is not called NNNN_name[.sqlite|.postgres].up|down.sql";
        check(&["init.sql"], &[&format!("/init.sql {shape}")]);
        check(&["0001_a.mysql.up.sql"], &[&format!("/0001_a.mysql.up.sql {shape}")]);
    }
}
