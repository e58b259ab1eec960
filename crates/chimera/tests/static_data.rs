//! The tables that ship with the program, against the game's own files and against real matches.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use chimera::{
    config::StaticDataConfig,
    static_data::{Kind, LANGUAGES, Language, Library, Source, Table, read_shape},
};
use serde_json::Value;

fn shared(path: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    assert!(folder.is_dir(), "the test data is missing: {}", folder.display());
    folder.join(path)
}

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets")
}

fn library() -> Library {
    let settings = StaticDataConfig { directory: assets(), ..StaticDataConfig::default() };
    Library::open(&settings).unwrap()
}

#[test]
fn the_shipped_tables_are_in_their_written_form() {
    for language in LANGUAGES {
        for kind in Kind::ALL {
            let path = assets().join(kind.file(language));
            let text = fs::read_to_string(&path).unwrap();
            let table = Table::parse(kind, &text).unwrap();
            assert_eq!(table.to_text(kind), text, "{}", path.display());
            assert!(table.entries.len() > 15, "{} has {} names", path.display(), table.entries.len());
        }
    }
}

#[test]
fn the_shipped_tables_hold_every_name_of_the_newest_files() {
    let check = |file: &str, language: Language| {
        let incoming = read_shape(&fs::read(shared(&format!("static/{file}"))).unwrap()).unwrap();
        let table = Library::table(&assets(), incoming.kind, language).unwrap();
        for (id, entry) in &incoming.entries {
            assert_eq!(table.entries.get(id), Some(entry), "{file}: {id}");
        }
    };
    for file in ["champion.json", "item.json", "runesReforged.json", "summoner.json", "arena-augments.json"] {
        check(&format!("en_US_16.3.1/{file}"), Language::En);
    }
    for file in ["champion.json", "item.json", "runesReforged.json", "summoner.json"] {
        check(&format!("zh_CN/{file}"), Language::ZhCn);
    }
    check("zh_CN/arena_augments_15.5_names.json", Language::ZhCn);
}

/// The origin's regression test of the runbook's Arena step: the table is of the locked version, sorted, unique.
#[test]
fn the_arena_table_is_of_the_version_that_the_program_is_locked_to() {
    let text = fs::read_to_string(assets().join("arena/augments.zh_cn.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["version"], StaticDataConfig::default().arena_version.as_str());
    let ids: Vec<u64> =
        document["augments"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids.len() >= 186);
}

/// Of what real matches name, nearly all has a name in both languages; what has none is called by its number.
#[test]
fn real_matches_are_named() {
    let library = library();
    let mut seen: [BTreeSet<u32>; 5] = Default::default();
    let folder = shared("lol/matches");
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let document: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for participant in document["info"]["participants"].as_array().unwrap() {
            gather(participant, &mut seen);
        }
    }
    for language in LANGUAGES {
        let names = library.names(language);
        let [champions, items, runes, spells, augments] = &seen;
        let unknown = |ids: &BTreeSet<u32>, name: &dyn Fn(u32) -> String| {
            ids.iter().map(|id| name(*id)).filter(|name| name.starts_with('#')).count()
        };
        // Bots of one special mode bring their own numbers for champions and spells.
        let counts = [
            unknown(champions, &|id| names.champion(id).into_owned()),
            unknown(items, &|id| names.item(id).into_owned()),
            unknown(runes, &|id| names.rune(id).into_owned()),
            unknown(spells, &|id| names.spell(id).into_owned()),
            unknown(augments, &|id| names.augment(id).into_owned()),
        ];
        let limits = [10, 5, 0, 8, 5];
        assert!(items.len() > 300 && champions.len() > 100, "only few were seen");
        assert!(counts.iter().zip(limits).all(|(count, limit)| *count <= limit), "{language:?}: {counts:?}");
    }
}

fn gather(participant: &Value, seen: &mut [BTreeSet<u32>; 5]) {
    let mut add = |index: usize, value: &Value| {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok()).filter(|id| *id > 0);
        seen[index].extend(id);
    };
    add(0, &participant["championId"]);
    for number in 0..7 {
        add(1, &participant[format!("item{number}")]);
        add(4, &participant[format!("playerAugment{number}")]);
    }
    for part in participant["perks"]["statPerks"].as_object().into_iter().flatten() {
        add(2, part.1);
    }
    for style in participant["perks"]["styles"].as_array().into_iter().flatten() {
        add(2, &style["style"]);
        style["selections"].as_array().into_iter().flatten().for_each(|it| add(2, &it["perk"]));
    }
    add(3, &participant["summoner1Id"]);
    add(3, &participant["summoner2Id"]);
}

/// Answers every request with the body that belongs to its path, 404 for others.
fn serve(bodies: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let body = bodies.iter().find(|(known, _)| *known == path).map(|(_, body)| body.as_str());
            let (status, body) = body.map_or(("404 Not Found", ""), |body| ("200 OK", body));
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    format!("http://{address}")
}

#[test]
fn names_are_fetched_and_a_fault_leaves_the_files_alone() {
    let arena = r#"{"augments":[{"id":93,"name":"新热身"},{"id":2001,"name":"新来的"}]}"#.to_owned();
    let address = serve(vec![
        ("/16.3/cdragon/arena/zh_cn.json", arena),
        ("/16.4/cdragon/arena/zh_cn.json", "{\"augments\":".to_owned()),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let run = |patch: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_chimera"))
            .args(["arena", "sync", patch, "--set", &format!("static_data.community_dragon_url={address}")])
            .current_dir(folder.path())
            .env_clear()
            .env("ARENA_DATA_VERSION", patch)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    };
    let (ok, text) = run("16.3");
    assert!(ok && text.contains("1 of them new, 1 changed"), "{text}");
    let path = folder.path().join("assets/arena/augments.zh_cn.json");
    let written = fs::read_to_string(&path).unwrap();
    for patch in ["16.4", "16.5"] {
        let (ok, text) = run(patch);
        assert!(!ok, "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), written);
    }
    assert!(run("16.5").1.contains("404"), "{}", run("16.5").1);
}

#[tokio::test]
async fn a_patch_is_found_among_data_dragons_versions() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let versions = r#"["16.4.1","16.3.2","16.3.1","lolpatch_7.20"]"#.to_owned();
    let data_dragon_url = serve(vec![("/api/versions.json", versions)]);
    let source = Source::new(&StaticDataConfig { data_dragon_url, ..StaticDataConfig::default() }).unwrap();
    let check = async |patch: &str, expected: Option<&str>| {
        assert_eq!(source.data_dragon_patch(patch).await.ok().as_deref(), expected, "{patch}");
    };
    check("latest", Some("16.4.1")).await;
    check("16.3", Some("16.3.2")).await;
    check("16.3.1", Some("16.3.1")).await;
    check("16.9", None).await;
    check("../16.3", None).await;
}
