//! Reads what a person wrote for a revision into the number of migrations that shall be applied.

use anyhow::{Context, bail};
use storage::Migration;

/// `head`, `+N` or a revision at or above the current one.
pub(super) fn upgrade(text: &str, now: usize, known: &[Migration]) -> anyhow::Result<usize> {
    let wanted = match text.strip_prefix('+') {
        None if text == "head" => return Ok(known.len()),
        None => named(text, known)?,
        Some(steps) => now + count(steps, text)?,
    };
    if wanted > known.len() {
        bail!("`{text}` goes beyond the head, which is {}", name_of(known.len(), known));
    }
    if wanted < now {
        bail!("the database is at {} already: `downgrade` goes back", name_of(now, known));
    }
    Ok(wanted)
}

/// `-N`, `base` or a revision at or below the current one.
pub(super) fn downgrade(text: &str, now: usize, known: &[Migration]) -> anyhow::Result<usize> {
    let wanted = match text.strip_prefix('-') {
        None if text == "base" => return Ok(0),
        None => named(text, known)?,
        Some(steps) => {
            let steps = count(steps, text)?;
            let at = name_of(now, known);
            now.checked_sub(steps).with_context(|| format!("`{text}` goes below the base: it is at {at}"))?
        }
    };
    if wanted > now {
        bail!("the database is only at {}: `upgrade` goes forward", name_of(now, known));
    }
    Ok(wanted)
}

fn count(steps: &str, text: &str) -> anyhow::Result<usize> {
    let steps = steps.parse().ok().filter(|steps| (1..=10_000).contains(steps));
    steps.with_context(|| format!("`{text}` is no number of steps; write +1 or -1"))
}

/// `2`, `0002`, `user_profiles` or `0002_user_profiles`.
fn named(text: &str, known: &[Migration]) -> anyhow::Result<usize> {
    let matches = |migration: &&Migration| {
        let number = text.parse::<i64>().is_ok_and(|number| number == migration.version);
        number || text == migration.name || text == format!("{:04}_{}", migration.version, migration.name)
    };
    let found = known.iter().find(matches).and_then(|migration| usize::try_from(migration.version).ok());
    found.with_context(|| {
        let all: Vec<_> = (1..=known.len()).map(|version| name_of(version, known)).collect();
        format!("there is no revision `{text}`; there are: {}, and head and base", all.join(", "))
    })
}

fn name_of(applied: usize, known: &[Migration]) -> String {
    let newest = applied.checked_sub(1).and_then(|index| known.get(index));
    newest.map_or_else(|| "base".to_owned(), |it| format!("{:04}_{}", it.version, it.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn migration(version: i64, name: &'static str) -> Migration {
        Migration {
            version,
            name,
            up: "",
            down: "",
            sqlite_up: "",
            sqlite_down: "",
            postgres_up: "",
            postgres_down: "",
        }
    }

    const KNOWN: [Migration; 3] = [migration(1, "a"), migration(2, "b"), migration(3, "c")];

    #[test]
    fn targets() {
        let check = |verb: fn(&str, usize, &[Migration]) -> anyhow::Result<usize>,
                     text: &str,
                     now: usize,
                     expected: Result<usize, &str>| {
            let found = verb(text, now, &KNOWN).map_err(|error| error.to_string());
            match expected {
                Ok(number) => assert_eq!(found, Ok(number), "{text} from {now}"),
                Err(part) => assert!(found.clone().unwrap_err().contains(part), "{text}: {found:?}"),
            }
        };
        check(upgrade, "head", 0, Ok(3));
        check(upgrade, "head", 3, Ok(3));
        check(upgrade, "+1", 1, Ok(2));
        check(upgrade, "+3", 1, Err("beyond the head, which is 0003_c"));
        check(upgrade, "0002", 0, Ok(2));
        check(upgrade, "b", 0, Ok(2));
        check(upgrade, "0002_b", 3, Err("at 0003_c already"));
        check(upgrade, "d", 0, Err("0001_a, 0002_b, 0003_c"));
        check(upgrade, "+x", 0, Err("no number of steps"));
        check(upgrade, "-1", 3, Err("no revision"));
        check(downgrade, "-1", 3, Ok(2));
        check(downgrade, "-3", 3, Ok(0));
        check(downgrade, "-4", 3, Err("below the base: it is at 0003_c"));
        check(downgrade, "base", 2, Ok(0));
        check(downgrade, "1", 3, Ok(1));
        check(downgrade, "3", 1, Err("only at 0001_a"));
        check(downgrade, "-0", 1, Err("no number of steps"));
        check(downgrade, "1", 0, Err("only at base"));
    }
}
