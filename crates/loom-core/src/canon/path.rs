//! Where an `@include` points: lexical only, so that no path can name a file outside the canon's folder.

use super::ReadFailure;

/// The path of `target` as written in the file `from`, both relative to the canon's root with forward slashes.
///
/// Absolute paths, paths that climb above the root, backslashes, drive letters, addresses and control characters
/// are [`ReadFailure::Outside`]. Symbolic links are the reader's to refuse: nothing is looked up here.
pub fn resolve_include(from: &str, target: &str) -> Result<String, ReadFailure> {
    let refused = target.is_empty()
        || target.starts_with('/')
        || target.contains('\\')
        || target.contains(':')
        || target.chars().any(char::is_control);
    if refused {
        return Err(ReadFailure::Outside);
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(ReadFailure::Outside)?;
            }
            name => parts.push(name),
        }
    }
    if parts.is_empty() || target.ends_with('/') {
        return Err(ReadFailure::Outside);
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, target: &str, expected: Option<&str>) {
        let expected = expected.map(str::to_owned).ok_or(ReadFailure::Outside);
        assert_eq!(resolve_include(from, target), expected, "{target} from {from}");
    }

    #[test]
    fn relative_to_the_including_file() {
        check("canon.md", "world.md", Some("world.md"));
        check("canon.md", "./parts/world.md", Some("parts/world.md"));
        check("parts/world.md", "map.md", Some("parts/map.md"));
        check("parts/world.md", "../rules.md", Some("rules.md"));
        check("a/b/c.md", "../../d/./e.md", Some("d/e.md"));
        check("canon.md", "人物/老秦.md", Some("人物/老秦.md"));
        check("canon.md", "with space.md", Some("with space.md"));
    }

    #[test]
    fn nothing_leads_outside() {
        for target in [
            "",
            ".",
            "..",
            "../x.md",
            "a/../../x.md",
            "/etc/passwd",
            "\\\\host\\x",
            "..\\x.md",
            "C:/x.md",
            "c:x.md",
            "https://example.org/x.md",
            "a\0.md",
            "a\n.md",
            "folder/",
            "x.md:stream",
        ] {
            check("canon.md", target, None);
        }
        check("a/b.md", "../../x.md", None);
    }
}
