//! `chimera migrate revision`: the two files of a new migration, in the source tree.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use serde_json::json;

use super::Invocation;

const FOLDER: &str = "crates/chimera/migrations";
const LONGEST_NAME: usize = 60;

pub(super) fn write(invocation: &Invocation, message: &str) -> anyhow::Result<ExitCode> {
    let here = Path::new(".").canonicalize().context("cannot tell the current folder")?;
    let Some(folder) = here.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())
    else {
        bail!(
            "a migration is part of the program: run this in a checkout, whose {FOLDER} takes the two files"
        );
    };
    let (number, name) = (next_number(&folder)?, name_of(message)?);
    let [up, down] =
        ["up", "down"].map(|direction| (folder.join(format!("{number}_{name}.{direction}.sql")), direction));
    for (path, direction) in [&up, &down] {
        let text = match *direction {
            "up" => format!("-- {message}\n"),
            _ => format!("-- Takes back: {message}\n"),
        };
        write_new(path, &text)?;
    }
    if invocation.json {
        invocation.print_json(&json!({ "number": number, "name": name, "files": [up.0, down.0] }))?;
    } else {
        println!("{}\n{}", up.0.display(), down.0.display());
        println!(
            "Write both, then add migration!(\"{number}\", \"{name}\") to the list in crates/chimera/src/store.rs"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    let mut file = fs::File::create_new(path).with_context(|| format!("cannot create {}", path.display()))?;
    std::io::Write::write_all(&mut file, text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// One more than the highest number there is.
fn next_number(folder: &Path) -> anyhow::Result<String> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let highest = names.filter_map(|name| name.get(..4)?.parse::<u32>().ok()).max();
    Ok(format!("{:04}", highest.unwrap_or(0) + 1))
}

/// Lower-case words joined by `_`.
fn name_of(message: &str) -> anyhow::Result<String> {
    let words: String = message
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("_");
    if name.is_empty() || name.len() > LONGEST_NAME || message.contains('\n') {
        bail!(
            "the message becomes the name of two files: write 1 to {LONGEST_NAME} characters with Latin letters in it"
        );
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |message: &str, expected: Option<&str>| {
            assert_eq!(name_of(message).ok().as_deref(), expected, "{message}");
        };
        check("Add user profiles", Some("add_user_profiles"));
        check("V2.2: user_profiles!", Some("v2_2_user_profiles"));
        check("../../etc/x", Some("etc_x"));
        check("画像", None);
        check("a\n; DROP TABLE b", None);
        check("", None);
        check(&"a".repeat(61), None);
    }

    #[test]
    fn numbers_go_on() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next_number(folder.path()).unwrap(), "0001");
        for name in ["0001_a.up.sql", "0009_b.sqlite.up.sql", "readme"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(next_number(folder.path()).unwrap(), "0010");
    }
}
