//! Damaged databases through `backup run`: kept, loud, never green.

use std::{fmt::Write, fs, path::Path};

use super::plan;
use crate::shop::Shop;

/// Of different kinds: torn pages, a bad header, a bad full-text index, no database at all, a bad schema.
const DAMAGED: [&str; 5] = [
    "corrupt/fuzzdata3_12.db",
    "corrupt/fuzzdata7_3.db",
    "corrupt/suite_fts3corrupt4_L1222.db",
    "corrupt/suite_corruptL_L23.db",
    "corrupt/suite_altercorrupt_L29.db",
];

fn data() -> std::path::PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/sqlite"));
    assert!(folder.is_dir(), "the databases of {} are missing", folder.display());
    folder.to_owned()
}

#[test]
fn a_damaged_database_is_kept_and_never_called_good() {
    let (mut rest, mut all) = (String::new(), Vec::new());
    let mut healthy: Vec<_> = fs::read_dir(data().join("healthy")).unwrap().flatten().collect();
    healthy.sort_by_key(fs::DirEntry::file_name);
    let healthy = healthy.iter().find(|file| file.path().extension().is_some_and(|ending| ending == "db"));
    all.push(("good".to_owned(), healthy.unwrap().path()));
    all.extend(DAMAGED.iter().enumerate().map(|(at, name)| (format!("bad-{at}"), data().join(name))));
    for (name, _) in &all {
        write!(rest, "[service.{name}]\ndatabase.sqlite = \"data/{name}.db\"\n").unwrap();
        write!(
            rest,
            "[[backup]]\nname = \"{name}\"\nschedule = \"0 0 1 1 *\"\nsources = [{{ database = \"{name}\" }}]\n\
             keep = {{ last = 2 }}\nstores = [\"near\"]\n"
        )
        .unwrap();
    }
    let shop = Shop::new(&plan("backup/near", &rest));
    for (name, path) in &all {
        fs::copy(path, shop.path(&format!("data/{name}.db"))).unwrap();
    }
    for (name, path) in &all {
        let is_good = name == "good";
        let line = format!("backup run {name}");
        if is_good {
            shop.good(&line);
        } else {
            let said = shop.bad(&line, "DAMAGED SOURCE: databases/");
            assert!(said.len() < 3_000, "{said}");
        }
        let original = fs::read(path).unwrap();
        let (code, said) = shop.keeper(&format!("backup restore {name} --to out/{name}"));
        assert_eq!(code, i32::from(!is_good), "{name}: {said}");
        let warned = said.contains("the source was damaged when it was backed up");
        assert_eq!(warned, !is_good, "{name}: {said}");
        let kept = fs::read(shop.path(&format!("out/{name}/databases/{name}.db"))).unwrap();
        assert!(is_good || kept[..original.len()] == original[..], "{name}: the bytes are others");
    }
    let (code, said) = shop.keeper("backup verify");
    let (green, red) = (said.matches("GREEN  ").count(), said.matches("RED  ").count());
    assert_eq!((code, red), (1, DAMAGED.len()), "{said}");
    assert_eq!(green, 1, "{said}");
    assert_eq!(shop.count(["backup_taken", "backup_failed"]), [all.len(), 0]);
    let (code, said) = shop.keeper("status");
    assert_ne!(code, 0, "{said}");
    for at in 0..DAMAGED.len() {
        assert!(said.contains(&format!("backup shop/bad-{at} in near is red")), "{said}");
    }
    assert!(!said.contains("backup shop/good in near is red"), "{said}");
}
