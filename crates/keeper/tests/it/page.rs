//! The page and the probes of a running keeper, and the commands that ask it.

use std::{process::Command, time::Duration};

use testkit::{
    Browser, BrowserOptions,
    process::{Program, Ready, Spawned, free_port},
};

use chassis::Clock;
use keeper::state::{Entry, Writer};
use keeper_core::{
    ledger::{
        Event,
        event::{Occurrence, Outcome},
    },
    plan::set::TaskId,
};

use crate::{
    home::{Home, ROLE, task},
    standings::{BACKUP, failed, proof, taken, write},
};

const LIMIT: Duration = Duration::from_secs(60);

struct Daemon {
    home: Home,
    running: Spawned,
    address: String,
}

async fn daemon(tasks: &str) -> Daemon {
    daemon_at(Home::new(tasks)).await
}

/// A keeper in a folder where others may have been before.
async fn daemon_at(home: Home) -> Daemon {
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
        "server.drain_seconds=0".to_owned(),
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
        + &task("later", "daily 03:00", "action.keeper = \"audit secrets\"");
    let mut daemon = daemon(&tasks).await;
    let (code, said) = keeper(&daemon.home, &["status"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 of 3 tasks are not carried out: this keeper lacks audits"), "{said}");
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
async fn backups_are_on_the_page_in_the_metrics_and_in_the_status() {
    let home = Home::new(BACKUP);
    let clock = Clock::system();
    let at = clock.now() - jiff::SignedDuration::from_hours(3);
    let bad = proof("local", "a1", &["<b>sessions has 11 rows, 12 were counted"], false, 60);
    write(&home, &clock, vec![taken("local", "a1", at, None), bad]).await;
    let good = proof("away", "b1", &["equal"], true, 10_800);
    write(&home, &clock, vec![taken("away", "b1", at, None), good, failed("away", "403 Forbidden")]).await;
    let mut daemon = daemon_at(home).await;

    let (_, page) = daemon.get("/", "en").await;
    let needs = page.find("Backups that cannot be relied on").unwrap();
    assert!(
        needs < page.find("dl class=\"stats\"").unwrap() && !page.contains("Nothing needs anybody"),
        "{page}"
    );
    assert!(page.contains("href=\"#backup-p-full-local\"") && page.contains("id=\"backup-p-full-local\""));
    assert!(page.contains("failed: &lt;b&gt;sessions has 11 rows"), "{page}");
    assert!(page.contains("403 Forbidden. It may be down for 6 hours."), "{page}");
    assert!(page.contains("3.0 GiB, 40.0 MiB added") && page.contains("restored in 4.2 s"), "{page}");
    let (_, page) = daemon.get("/now", "zh-CN").await;
    assert!(
        page.contains("不可依赖的备份") && page.contains("已失败 1 次") && page.contains("每日全量备份"),
        "{page}"
    );

    let (_, health) = daemon.get("/health", "en").await;
    assert!(health.contains("1 cannot be relied on: p/full in local"), "{health}");
    let (_, metrics) = daemon.get("/metrics", "en").await;
    for line in [
        "keeper_backup_verdict{backup=\"p/full\",store=\"local\"} 2",
        "keeper_backup_verdict{backup=\"p/full\",store=\"away\"} 1",
        "keeper_backup_proved_age_seconds{backup=\"p/full\",store=\"local\"} NaN",
        "keeper_backup_proved_age_seconds{backup=\"p/full\",store=\"away\"} 108",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    let (code, said) = keeper(&daemon.home, &["status"]);
    assert!(code == 1 && said.contains("backups: 1 red, 1 amber, 0 green"), "{said}");
    assert!(
        said.contains("NEEDS SOMEBODY  backup p/full in local is red: the proof of the one of"),
        "{said}"
    );
    assert!(said.contains("p/full  away   amber  3h old  1"), "{said}");
    let (_, said) = keeper(&daemon.home, &["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    let (local, away) = (&json["backups"][0], &json["backups"][1]);
    assert_eq!((&local["level"], &local["proved_age_seconds"]), (&"red".into(), &serde_json::Value::Null));
    assert!(away["proved_age_seconds"].as_u64().unwrap() >= 10_800 && away["level"] == "amber", "{said}");
    assert_eq!(away["reasons"][0]["reason"], "failing");

    // A plan without it: what was measured is no longer.
    daemon.home.plan("");
    let deadline = tokio::time::Instant::now() + LIMIT;
    while !daemon
        .get("/metrics", "en")
        .await
        .1
        .contains("keeper_backup_verdict{backup=\"p/full\",store=\"local\"} NaN")
    {
        assert!(tokio::time::Instant::now() < deadline, "the gauge still says what was");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(daemon.running.terminate(LIMIT).await.unwrap().code(), Some(0));
}

/// An outcome as a run leaves it.
fn settled(task: &str, minute: i64, outcome: Outcome, detail: &str, duration_ms: u64) -> Event {
    let due = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minute);
    let occurrence = Occurrence { task: TaskId::new("p", task), due, trigger: None };
    Event::Settled {
        occurrence,
        outcome,
        detail: detail.to_owned(),
        duration_ms: Some(duration_ms),
        exit_code: None,
    }
}

/// Three hundred outcomes of two tasks.
async fn history(home: &Home) {
    let outcome = |number: i64| match number % 100 {
        0 => settled("bad", number, Outcome::Failed, "磁盘 100% full", 60_000),
        _ => settled("good", number, Outcome::Ran, "fine", u64::try_from(number).unwrap()),
    };
    let mut writer = Writer::take(&home.config.state, Clock::system()).await.unwrap();
    let rows = (0..300).map(outcome).map(Entry::from).collect();
    writer.append(Clock::system().now(), rows).await.unwrap();
    writer.release().await.unwrap();
}

#[tokio::test]
async fn lists_are_chosen_and_sorted_by_their_address_alone() {
    let shell = "action.shell = \"true\"";
    let tasks = task("good", "daily 02:00", &format!("title = \"夜间检查\"\n{shell}"))
        + &task("bad", "daily 01:00", shell)
        + &task("idle", "manual", shell);
    let home = Home::new(&tasks);
    history(&home).await;
    let mut daemon = daemon_at(home).await;
    let rows = |page: &str| page.matches("<th scope=\"row\"").count();
    for (address, expected, holds) in [
        ("/runs", 100, "rel=\"next\" href=\"?page=2\""),
        ("/runs?page=3", 100, "201 to 300"),
        ("/runs?outcome=failed", 3, "磁盘 100% full"),
        ("/runs?outcome=failed&text=100%25", 3, "value=\"100%\""),
        ("/runs?text=100_", 0, "Nothing is like that"),
        ("/runs?text=%E5%A4%9C%E9%97%B4&sort=-took", 100, "299 ms"),
        ("/runs?plan=other", 0, "Show all"),
        ("/runs?sort=task&lang=en", 100, "href=\"?sort=-task&amp;lang=en\""),
        ("/tasks", 3, "3 of 3 tasks"),
        ("/tasks?outcome=never", 1, "p/idle"),
        ("/tasks?text=%E5%A4%9C%E9%97%B4&lang=en", 1, "name=\"lang\" value=\"en\""),
        ("/tasks?sort=-task&page=x&nonsense=1", 3, "aria-sort=\"descending\""),
    ] {
        let (status, page) = daemon.get(address, "en").await;
        assert_eq!((status, rows(&page)), (200, expected), "{address}: {page}");
        assert!(page.contains(holds), "{address} has no {holds}: {page}");
    }
    // The address asks for a language: every link of the page asks for the same.
    let (_, page) = daemon.get("/runs?lang=en&outcome=failed", "zh-CN").await;
    assert!(page.contains("Newest first") && page.contains("href=\"/tasks?lang=en\""), "{page}");
    let (_, page) = daemon.get("/?lang=en", "zh-CN").await;
    assert!(page.contains("hx-get=\"/now?lang=en\"") && page.contains("href=\"/runs?lang=en\""), "{page}");
    assert_eq!(daemon.running.terminate(LIMIT).await.unwrap().code(), Some(0));
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
    tasks += &task("later", "daily 01:00", "action.keeper = \"audit secrets\"");
    let home = Home::new(&(tasks + BACKUP));
    let mut daemon = daemon_at(home).await;
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

#[tokio::test]
async fn backups_and_lists_are_readable_everywhere() {
    let third = "\n[[store]]\nname = \"third\"\nkind = \"cloud\"\nplace.folder = \"x\"\npassword.env = \"NOBODY_SETS_THIS\"\n";
    let mut tasks = BACKUP.replace("\"away\"]", "\"away\", \"third\"]") + third + SECOND;
    tasks += &task("slow", "manual", "title = \"一项很慢的任务\"\naction.shell = \"sleep 600\"");
    for number in 0..30 {
        let title = format!("title = \"第{number}项：每日检查数据库备份与日志文件的完整性并记录结果\"");
        tasks +=
            &task(&format!("a-task-{number}"), "daily 02:00", &format!("{title}\naction.shell = \"true\""));
    }
    tasks += &task("good", "manual", "action.shell = \"true\"");
    tasks += &task("bad", "manual", "action.shell = \"true\"");
    let home = Home::new(&tasks);
    history(&home).await;
    let clock = Clock::system();
    let at = |hours: i64| clock.now() - jiff::SignedDuration::from_hours(hours);
    let long = "sessions has 11 rows, 12 were counted; turns has 90 rows, 91 were counted; the hash of the rows of \
                settings differs";
    let rows = vec![
        taken("local", "a1", at(27), None),
        proof("local", "a1", &["equal"], true, 27 * 3_600),
        taken("local", "a2", at(3), Some("wrong # of entries in index sqlite_autoindex_sessions_1")),
        proof("local", "a2", &[long], false, 3 * 3_600),
        taken("away", "b1", at(3), None),
        proof("away", "b1", &["equal"], true, 3 * 3_600),
        failed("away", "PUT https://example.org/bucket/data/3f: 503 Service Unavailable"),
        taken("third", "c1", at(3), None),
        proof("third", "c1", &["equal"], true, 3 * 3_600),
    ];
    write(&home, &clock, rows).await;
    let mut daemon = daemon_at(home).await;
    let (code, said) = keeper(&daemon.home, &["task", "run", "slow", "--no-wait"]);
    assert_eq!(code, 0, "{said}");
    let desktop = BrowserOptions { language: "zh-CN".to_owned(), ..BrowserOptions::default() };
    let phone = BrowserOptions { language: "zh-CN".to_owned(), ..BrowserOptions::phone() };
    let looks = [
        ("light", BrowserOptions { language: "en".to_owned(), ..desktop.clone() }),
        ("dark", BrowserOptions { dark: true, ..desktop }),
        ("phone", phone.clone()),
        ("phone-dark", BrowserOptions { dark: true, language: "en".to_owned(), ..phone }),
    ];
    for (name, options) in looks {
        let Some(browser) = Browser::start(options).await else { return };
        for (page, path) in [("now", "/"), ("tasks", "/tasks?sort=-task"), ("runs", "/runs?outcome=failed")] {
            browser.goto(&format!("http://{}{path}", daemon.address)).await.unwrap();
            browser.wait_for("table", LIMIT).await.unwrap();
            let overflow =
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.eval(overflow).await.unwrap(), 0, "{page} {name} scrolls sideways");
            assert_eq!(browser.console_errors().await.unwrap(), Vec::<String>::new(), "{page} {name}");
            browser.screenshot_whole(&format!("keeper-{page}-{name}")).await.unwrap();
        }
        browser.quit().await.unwrap();
    }
    daemon.running.terminate(LIMIT).await.unwrap();
}

/// Another backup, of which nothing is known.
const SECOND: &str = "\n[[backup]]\nname = \"hourly-incremental-of-the-database\"\ntitle = \"每小时增量备份\"\n\
    sources = [{ folder = \"data\" }]\nschedule = \"hourly\"\nkeep.days = 7\nstores = [\"local\"]\n";
