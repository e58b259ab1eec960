//! The page and the probes of a running keeper, and the commands that ask it.

use std::{process::Command, time::Duration};

use testkit::{
    Browser, BrowserOptions,
    process::{Program, Ready, Spawned, free_port},
};

use crate::home::{Home, ROLE, task};

const LIMIT: Duration = Duration::from_secs(60);

struct Daemon {
    home: Home,
    running: Spawned,
    address: String,
}

async fn daemon(tasks: &str) -> Daemon {
    let home = Home::new(tasks);
    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let running = Program::new(env!("CARGO_BIN_EXE_keeper"))
        .args(["run", "plan.toml", "--bind", &address])
        .args(settings(&home))
        .folder(home.folder.path())
        .spawn()
        .unwrap();
    running.ready(Ready::Line("keeper is ready"), LIMIT).await.unwrap();
    Daemon { home, running, address }
}

fn settings(home: &Home) -> Vec<String> {
    let values = [
        format!("state.file={}", home.config.state.file),
        "plan.files=[\"plan.toml\"]".to_owned(),
        "logs.directory=".to_owned(),
        "logs.stderr=false".to_owned(),
    ];
    values.into_iter().flat_map(|value| ["--set".to_owned(), value]).collect()
}

impl Daemon {
    async fn get(&self, path: &str, language: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let request = reqwest::Client::new().get(url).header("cookie", format!("lang={language}"));
        let response = request.header("accept", "text/html").send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// Runs a command; gives its exit code and what it said.
fn keeper(home: &Home, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keeper"));
    let output = command.args(arguments).args(settings(home)).current_dir(home.folder.path()).output();
    let output = output.unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test]
async fn a_running_keeper_shows_and_does_what_is_asked() {
    let tasks = task("good", "daily 02:00", "title = \"<b>夜间检查</b>\"\naction.shell = \"echo fine\"")
        + &task("bad", "manual", "action.shell = \"echo '<script>' >&2; exit 5\"")
        + &task("later", "daily 03:00", "action.keeper = \"backup verify --latest\"");
    let mut daemon = daemon(&tasks).await;
    let (code, said) = keeper(&daemon.home, &["status"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("1 of 3 tasks are not carried out: this keeper lacks backup and restore"),
        "{said}"
    );
    assert!(!said.contains("nothing needs anybody") && said.contains("p/good"), "{said}");

    let (code, said) = keeper(&daemon.home, &["task", "run", "good"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("p/good: ran: fine"), "{said}");
    let (code, said) = keeper(&daemon.home, &["task", "run", "p/bad"]);
    assert_eq!(code, 1, "{said}");
    let (code, _) = keeper(&daemon.home, &["task", "run", "later"]);
    assert_eq!(code, 3, "skipped");
    let (code, said) = keeper(&daemon.home, &["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, json["running"].as_bool()), (1, Some(true)), "{said}");
    assert!(json["needs_somebody"][0].as_str().unwrap().starts_with("p/bad: failed"), "{said}");

    for (language, title, failed) in [("en", "Now", "failed"), ("zh-CN", "当前状态", "失败")] {
        let (status, page) = daemon.get("/", language).await;
        assert_eq!(status, 200);
        assert!(page.contains(title) && page.contains(failed), "{page}");
        let lacking =
            if language == "en" { "Not carried out by this keeper" } else { "这个 keeper 还做不了" };
        assert!(page.contains(lacking), "{page}");
        assert!(page.contains("&lt;b&gt;夜间检查&lt;/b&gt;") && !page.contains("<script>"), "{page}");
    }
    assert_eq!(daemon.get("/nowhere", "en").await.0, 404);
    assert_eq!(daemon.get("/ready", "en").await.0, 200);
    let (_, health) = daemon.get("/health", "en").await;
    assert!(health.contains("\"status\":\"ok\""), "{health}");
    let (_, metrics) = daemon.get("/metrics", "en").await;
    assert!(metrics.contains("keeper_runs_total{outcome=\"failed\"} 1"), "{metrics}");
    assert_eq!(daemon.running.terminate(LIMIT).await.unwrap().code(), Some(0));
    let (code, said) = keeper(&daemon.home, &["status"]);
    assert!(code == 1 && said.starts_with("keeper does not run"), "{said}");
}

#[test]
fn commands_work_without_a_running_keeper() {
    let human =
        "owner = \"chief\"\naction.human = { items = [\"x\"], due_within = \"1d\", evidence = \"y\" }";
    let good = task("good", "daily 02:00", "action.shell = \"echo fine\"");
    let home = Home::new(&(good + &task("review", "manual", human) + ROLE));
    let (code, said) = keeper(&home, &["ledger", "list"]);
    assert!(code == 1 && said.contains("there is no state file"), "{said}");
    let (code, said) = keeper(&home, &["task", "list"]);
    assert!(code == 0 && said.contains("daily 02:00"), "{said}");
    let (code, said) = keeper(&home, &["task", "run", "good"]);
    assert!(code == 0 && said.contains("p/good: ran: fine"), "{said}");
    let (code, said) = keeper(&home, &["task", "history", "p/good", "--output"]);
    assert!(code == 0 && said.ends_with("\nfine\n"), "{said}");
    let (code, said) = keeper(&home, &["task", "done", "review", "--evidence", "z"]);
    assert!(code == 1 && said.contains("no open work of people"), "{said}");
    let (code, said) = keeper(&home, &["task", "run", "review"]);
    assert!(code == 1 && said.contains("people do p/review"), "{said}");
    let (code, said) = keeper(&home, &["ledger", "verify"]);
    assert!(code == 0 && said.contains("rows hold"), "{said}");
    let (_, said) = keeper(&home, &["ledger", "export"]);
    let rows: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.last().unwrap()["seq"], rows.len());
    let wrong = format!("{}:{}", rows.len(), "ab".repeat(32));
    let (code, said) = keeper(&home, &["ledger", "verify", "--anchor", &wrong]);
    assert!(code == 1 && said.contains("is not the one that was anchored"), "{said}");
}

#[tokio::test]
async fn the_page_is_readable_everywhere_and_keeps_itself_up_to_date() {
    let mut tasks = String::new();
    for number in 0..40 {
        let title = format!("title = \"第{number}项：每日检查数据库备份与日志文件的完整性并记录结果\"");
        let rest = format!("{title}\naction.shell = \"echo fine\"");
        tasks += &task(&format!("a-task-with-a-rather-long-name-{number}"), "daily 02:00", &rest);
    }
    tasks += &task("bad", "manual", "action.shell = \"echo the disk is nearly full >&2; exit 5\"");
    tasks += &task("later", "daily 01:00", "action.keeper = \"backup verify --latest\"");
    let mut daemon = daemon(&tasks).await;
    let url = format!("http://{}/", daemon.address);
    let desktop = BrowserOptions::default();
    let looks = [
        ("empty-en", desktop.clone()),
        ("phone-zh", BrowserOptions { language: "zh-CN".to_owned(), ..BrowserOptions::phone() }),
        ("dark-zh", BrowserOptions { dark: true, language: "zh-CN".to_owned(), ..desktop }),
    ];
    for (index, (name, options)) in looks.into_iter().enumerate() {
        let Some(browser) = Browser::start(options).await else { return };
        browser.goto(&url).await.unwrap();
        browser.wait_for("dl.stats", LIMIT).await.unwrap();
        if index == 1 {
            // The page is open already when this happens, and shows it by itself.
            let (code, said) = keeper(&daemon.home, &["task", "run", "bad"]);
            assert_eq!(code, 1, "{said}");
            browser.wait_text("main", "the disk is nearly full", LIMIT).await.unwrap();
            keeper(&daemon.home, &["task", "run", "later"]);
            browser.reload().await.unwrap();
        }
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.eval(overflow).await.unwrap(), 0, "{name} scrolls sideways");
        assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new(), "{name}");
        browser.screenshot_whole(&format!("keeper-{name}")).await.unwrap();
        browser.quit().await.unwrap();
    }
    daemon.running.terminate(LIMIT).await.unwrap();
}
