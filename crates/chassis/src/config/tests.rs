//! What people configure, end to end, and the texts they get when it is wrong.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;

use super::*;
use crate::secret::Secret;

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    name: String,
    limit: Option<u32>,
    server: Server,
    llm: Llm,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Server {
    bind: String,
    port: u16,
    hosts: Vec<String>,
    hsts: bool,
    ratio: f64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Llm {
    api_key: Secret,
    spare_key: Option<Secret>,
    mode: Mode,
    model: Option<String>,
    providers: BTreeMap<String, Provider>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    url: String,
    key: Secret,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Fast,
    Careful,
}

impl Default for Settings {
    fn default() -> Self {
        Self { name: "loom".to_owned(), limit: None, server: Server::default(), llm: Llm::default() }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self { bind: "127.0.0.1".to_owned(), port: 8000, hosts: Vec::new(), hsts: false, ratio: 0.5 }
    }
}

fn read(
    file: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[(&str, toml::Value)],
) -> Result<Loaded<Settings>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loom.toml");
    if let Some(text) = file {
        fs::write(&path, text).unwrap();
    }
    let environment = Environment::from_pairs(variables.iter().copied());
    let loaded = load::<Settings>(&Sources {
        program: "loom",
        file: file.map(|_| path),
        environment: &environment,
        aliases: &[("LOOM_PORT", "server.port"), ("OPENAI_API_KEY", "llm.api_key")],
        flags: flags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
    });
    loaded.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "DIR"))
}

fn value(variables: &[(&str, &str)]) -> Settings {
    let loaded = read(None, variables, &[]).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    loaded.value
}

fn error(file: &str, variables: &[(&str, &str)]) -> String {
    read(Some(file), variables, &[]).map(|loaded| format!("{:?}", loaded.value)).unwrap_err()
}

#[test]
fn later_sources_win_and_are_named() {
    let file = "name = \"file\"\n[server]\nport = 1\nbind = \"file\"\nhosts = [\"file\"]\n";
    let variables = [("LOOM_SERVER__PORT", "2"), ("LOOM_SERVER__BIND", "environment"), ("UNRELATED", "x")];
    let loaded = read(Some(file), &variables, &[("server.port", 3.into())]).unwrap();
    let server = &loaded.value.server;
    assert_eq!((loaded.value.name.as_str(), server.bind.as_str(), server.port), ("file", "environment", 3));
    assert_eq!(server.hosts, ["file"]);
    let origin = |key: &str| loaded.origins[key].to_string().rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        ["server.port", "server.bind", "name", "server.hsts"].map(origin),
        ["flag", "environment LOOM_SERVER__BIND", "loom.toml", "default"]
    );
    assert!(loaded.warnings.is_empty());
}

#[test]
fn digits_on_the_command_line_are_a_text_where_one_is_wanted() {
    let id = 775_799_577_604_522_054_i64;
    assert_eq!(read(None, &[], &[("name", id.into())]).unwrap().value.name, id.to_string());
    assert_eq!(read(None, &[], &[("name", true.into())]).unwrap().value.name, "true");
    assert_eq!(read(None, &[], &[("server.port", 3.into())]).unwrap().value.server.port, 3);
    assert!(read(None, &[], &[("server.port", "three".into())]).is_err());
}

#[test]
fn a_variable_takes_the_type_of_its_target() {
    assert_eq!(value(&[("LOOM_NAME", "123")]).name, "123");
    assert_eq!(value(&[("LOOM_NAME", "true")]).name, "true");
    assert_eq!(value(&[("LOOM_NAME", "")]).name, "");
    assert_eq!(value(&[("LOOM_NAME", "\"quoted\"")]).name, "\"quoted\"");
    assert_eq!(value(&[("LOOM_LLM__MODEL", "007")]).llm.model.as_deref(), Some("007"));
    assert_eq!(value(&[("LOOM_LLM__MODEL", "4.10")]).llm.model.as_deref(), Some("4.10"));
    assert_eq!(value(&[("LOOM_LLM__MODEL", "2026-01-01")]).llm.model.as_deref(), Some("2026-01-01"));
    assert_eq!(value(&[("LOOM_LLM__API_KEY", "123")]).llm.api_key.expose(), "123");
    assert_eq!(value(&[("LOOM_LLM__SPARE_KEY", "0x1F")]).llm.spare_key.unwrap().expose(), "0x1F");
    assert_eq!(value(&[("LOOM_LIMIT", "5")]).limit, Some(5));
    assert_eq!(value(&[("LOOM_SERVER__RATIO", "1")]).server.ratio, 1.0);
    assert!(value(&[("LOOM_SERVER__HSTS", "true")]).server.hsts);
    assert_eq!(value(&[("LOOM_SERVER__HOSTS", r#"["a", "b"]"#)]).server.hosts, ["a", "b"]);
    assert!(matches!(value(&[("LOOM_LLM__MODE", "careful")]).llm.mode, Mode::Careful));
}

#[test]
fn a_value_cannot_smuggle_further_keys() {
    assert_eq!(value(&[("LOOM_NAME", "x\nport = 1")]).name, "x\nport = 1");
    assert_eq!(value(&[("LOOM_LLM__MODEL", "1\n[server]\nport = 1")]).server.port, 8000);
}

#[test]
fn aliases_and_the_name_of_the_file_are_known() {
    let settings = value(&[("LOOM_PORT", "9"), ("OPENAI_API_KEY", "k"), ("LOOM_CONFIG", "loom.toml")]);
    assert_eq!((settings.server.port, settings.llm.api_key.expose()), (9, "k"));
    assert_eq!(value(&[("LOOM_PORT", "9"), ("LOOM_SERVER__PORT", "10")]).server.port, 10);
}

#[test]
fn maps_can_be_filled_from_the_file_and_the_environment_together() {
    let file = "[llm.providers.openai]\nurl = \"http://x\"\n";
    let loaded = read(Some(file), &[("LOOM_LLM__PROVIDERS__OPENAI__KEY", "k")], &[]).unwrap();
    assert_eq!(loaded.value.llm.providers["openai"].key.expose(), "k");
    insta::assert_snapshot!(error(file, &[]), @"DIR/loom.toml:1: `llm.providers.openai` cannot be used: missing field `key`");
}

#[test]
fn strangers_in_the_environment_are_warnings() {
    let variables =
        [("LOOM_SERVICE_HOST", "10.0.0.1"), ("LOOM_SERVER__PROT", "1"), ("LOOM_", "x"), ("LOOM_LIMIT", "")];
    let loaded = read(None, &variables, &[]).unwrap();
    insta::assert_snapshot!(loaded.warnings.join("\n"), @r"
    LOOM_LIMIT is empty and was ignored: `limit` is not a text
    LOOM_SERVER__PROT sets `server.prot`, which nothing reads; it was ignored; did you mean the variable for `server.port`?
    LOOM_SERVICE_HOST sets `service_host`, which nothing reads; it was ignored
    ");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let errors = [
        error("[server]\nbnid = \"x\"\n", &[]),
        error("\n\n[servre]\nbind = \"x\"\n", &[]),
        error("wholly_else = 1\n", &[]),
        error("bind = \"x\"\n", &[]),
        error("[server]\n\nport = \"many\"\n", &[]),
        error("[server]\nport = 70000\n", &[]),
        error("[server\nport = 1\n", &[]),
        error("name = \"a\"\nname = \"b\"\n", &[]),
        error("[llm]\nmode = \"slow\"\n", &[]),
        error("", &[("LOOM_SERVER__PORT", "many")]),
        error("", &[("LOOM_SERVER", "x")]),
        read(None, &[], &[("server.prot", 1.into())]).unwrap_err(),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    DIR/loom.toml:2: unknown key `server.bnid`; did you mean `server.bind`?
    DIR/loom.toml:3: unknown key `servre`; did you mean `server`?
    DIR/loom.toml:1: unknown key `wholly_else`; allowed here: `name`, `limit`, `server`, `llm`
    DIR/loom.toml:1: unknown key `bind`; did you mean `server.bind`?
    DIR/loom.toml:3: `server.port` cannot be used: found the text "many", expected a whole number from 0 to 65535
    DIR/loom.toml:2: `server.port` cannot be used: found 70000, expected a whole number from 0 to 65535
    DIR/loom.toml:1:8: not valid TOML: unclosed table, expected `]`
    DIR/loom.toml:2:1: not valid TOML: duplicate key
    DIR/loom.toml:2: `llm.mode` cannot be used: `slow` is none of `fast`, `careful`
    environment variable LOOM_SERVER__PORT: `server.port` cannot be used: found the text "many", expected a whole number from 0 to 65535
    environment variable LOOM_SERVER: `server` cannot be used: found the text "x", expected a section, whose keys are set one by one
    command line: unknown key `server.prot`; did you mean `server.port`?
    "#);
}

#[test]
fn a_file_that_was_asked_for_must_be_readable() {
    let environment = Environment::default();
    let attempt = |path: &str| {
        let sources = Sources {
            program: "loom",
            file: Some(path.into()),
            environment: &environment,
            aliases: &[],
            flags: vec![],
        };
        load::<Settings>(&sources).map(|_| ()).unwrap_err().to_string()
    };
    insta::assert_snapshot!([attempt("/nonexistent/loom.toml"), attempt("/")].join("\n"), @r"
    the configuration file /nonexistent/loom.toml does not exist; create it or leave the option out to run on defaults
    cannot read the configuration file /: Is a directory (os error 21)
    ");
}

#[test]
fn secrets_stay_out_of_every_error() {
    for file in [
        "[llm]\napi_key = 471147114711\n",
        "[llm]\napi_key = 4711.4711\n",
        "[llm]\napi_key = [\"471147114711\"]\n",
        "[llm]\napi_key = { a = \"471147114711\" }\n",
        "[llm]\napi_key = x471147114711\n",
        "[llm]\napi_key = \"471147114711\n",
        "[llm]\nspare_key = 471147114711\n",
        "[llm]\napi_kye = \"471147114711\"\n",
    ] {
        let shown = error(file, &[]);
        assert!(!shown.contains("4711"), "{file} gave {shown}");
    }
    let environment = Environment::from_pairs([("LOOM_LLM__API_KEY", "4711")]);
    assert!(!format!("{environment:?}").contains("4711"));
}

#[test]
fn the_effective_configuration_reads_back_and_hides_secrets() {
    let file = "[llm.providers.\"my own\"]\nurl = \"http://x\"\nkey = \"hunter2\"\n";
    let variables = [("LOOM_LLM__API_KEY", "hunter2"), ("LOOM_SERVER__HOSTS", "['a \"b\"']")];
    let loaded = read(Some(file), &variables, &[]).unwrap();
    let text = effective_toml(&loaded);
    let (file_folder, _) = text.split_once("file /").unwrap().1.split_once("/loom.toml").unwrap();
    insta::assert_snapshot!(text.replace(file_folder, "DIR"), @r#"
    # limit is not set  # from: default
    name = "loom"  # from: default

    [llm]
    api_key = "***"  # from: environment LOOM_LLM__API_KEY
    mode = "fast"  # from: default
    # model is not set  # from: default
    # spare_key is not set  # from: default

    [llm.providers."my own"]
    key = "***"  # from: file /DIR/loom.toml
    url = "http://x"  # from: file /DIR/loom.toml

    [server]
    bind = "127.0.0.1"  # from: default
    hosts = ['a "b"']  # from: environment LOOM_SERVER__HOSTS
    hsts = false  # from: default
    port = 8000  # from: default
    ratio = 0.5  # from: default
    "#);
    toml::from_str::<Settings>(&text).unwrap();
}

#[test]
fn a_documented_file_must_agree_with_the_code() {
    let whole = r#"
name = "loom"
# limit = 5
[server]
bind = "127.0.0.1"
port = 8000
hosts = []
hsts = false
ratio = 0.5
[llm]
api_key = ""
mode = "fast"
# spare_key = "..."
# model = "gpt-4o"
"#;
    assert_eq!(documented_defaults_agree::<Settings>(whole), Ok(()));
    let faults = |from: &str, to: &str| {
        assert!(whole.contains(from));
        documented_defaults_agree::<Settings>(&whole.replace(from, to)).unwrap_err()
    };
    let all = [
        faults("port = 8000", "port = 8001"),
        faults("port = 8000", "# port = 8000"),
        faults("# limit = 5\n", ""),
        faults("# model = \"gpt-4o\"\n", ""),
        faults("hsts = false", "hsts = false\nnew = 1"),
        faults("ratio = 0.5", "ratio = "),
        faults("# limit = 5", "limit = 5"),
        faults("# model = \"gpt-4o\"", "# model = \"\"\n[llm.providers.x]\nurl = \"u\"\nkey = \"k\""),
    ];
    insta::assert_snapshot!(all.join("\n---\n"), @r"
    `server.port` is 8001 in the file and 8000 in the code
    ---
    `server.port` is not in the file; its default is 8000
    ---
    `limit` has no default and is not in a comment of the file
    ---
    `llm.model` has no default and is not in a comment of the file
    ---
    the file:9: unknown key `server.new`; allowed here: `bind`, `port`, `hosts`, `hsts`, `ratio`
    ---
    the file:9:9: not valid TOML: string values must be quoted, expected literal string
    ---
    `limit` is set in the file and has no default; make it a comment
    ---
    `llm.providers.x.key` is set in the file and not there by default; make it a comment
    `llm.providers.x.url` is set in the file and not there by default; make it a comment
    ");
}

proptest::proptest! {
    #[test]
    fn no_variable_makes_it_panic(name in "LOOM_[A-Z_]{0,12}", text in "\\PC{0,30}") {
        let _ = read(None, &[(&name, &text)], &[]);
    }

    #[test]
    fn a_text_arrives_unchanged(text in "\\PC{0,30}") {
        proptest::prop_assert_eq!(value(&[("LOOM_NAME", &text)]).name, text);
    }
}
