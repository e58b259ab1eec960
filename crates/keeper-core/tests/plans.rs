//! The plans of the project: they are sound, and the two of our own say everything that the written ones say.

use keeper_core::plan::backup::{Place, StoreKind};
use keeper_core::plan::people::Delivery;
use keeper_core::plan::set::{PlanSet, TaskId, Work};
use keeper_core::plan::task::Action;
use keeper_core::plan::watch::{Comparison, Indicator, Severity};
use keeper_core::plan::{Plan, parse};

fn plan(name: &str) -> Plan {
    let path = format!("{}/../../plans/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    parse(&text, &format!("plans/{name}.toml")).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", problems.join("\n"))
    })
}

#[test]
fn all_four_are_sound_and_run_together() {
    let names = ["loom", "chimera", "postgres-app", "static-site"];
    let plans = names.map(|name| (format!("plans/{name}.toml"), plan(name))).to_vec();
    let set = PlanSet::new(plans).unwrap();
    let tasks = set.timed_tasks();
    let mut ids: Vec<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids.len(), 91);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), tasks.len(), "ids are unique");
    for task in &tasks {
        assert!(set.work(&task.id).is_some(), "{}", task.id);
    }
    let (plan, work) = set.work(&TaskId::new("loom", "backup/full")).unwrap();
    assert_eq!(plan.head.name.as_str(), "loom");
    assert!(matches!(work, Work::Backup(backup) if backup.stores.len() == 2));
}

#[test]
fn the_next_day() {
    let plans = ["loom", "static-site"].map(|name| (name.to_owned(), plan(name))).to_vec();
    let set = PlanSet::new(plans).unwrap();
    let from = "2026-11-21T16:00:00Z".parse().unwrap();
    let until = "2026-11-22T16:00:00Z".parse().unwrap();
    let mut day: Vec<String> = set
        .upcoming(from, until, 1_000)
        .into_iter()
        .filter(|(_, id)| {
            !["site/health", "loom/backup/incremental", "loom/alerts", "loom/log-anomalies"]
                .contains(&id.as_str())
        })
        .map(|(due, id)| format!("{} {id}", due.strftime("%d %H:%M")))
        .collect();
    assert_eq!(set.upcoming(from, until, 7).len(), 7);
    day.dedup();
    assert_eq!(
        day,
        [
            "21 18:00 loom/backup/full",
            "21 19:00 loom/backup/loom-db",
            "22 01:00 loom/advisories",
            "22 01:00 loom/audit-log",
            "22 01:00 loom/error-log",
            "22 01:00 loom/health",
            "22 01:00 loom/keys",
            "22 01:00 loom/resources",
            "22 02:00 loom/backup-list",
            "22 02:00 loom/backup-verify",
            "22 07:30 site/backup/site",
            "22 13:00 site/refused",
        ]
    );
}

#[test]
fn reviews_and_ages() {
    let loom = plan("loom");
    let zone = loom.head.zone.clone();
    let ages: Vec<Option<String>> =
        loom.backup.iter().map(|backup| backup.oldest_good_age(&zone).map(|age| age.to_string())).collect();
    assert_eq!(ages, [Some("2d"), Some("2h"), None, Some("2d")].map(|age| age.map(str::to_owned)));
    let tasks = PlanSet::new(vec![("loom".to_owned(), loom)]).unwrap().timed_tasks();
    let check = |id: &str, expected: &[&str]| {
        let task = tasks.iter().find(|task| task.id.as_str() == id).unwrap();
        let from = "2025-12-31T16:00:00Z".parse().unwrap();
        let until = "2026-12-31T16:00:00Z".parse().unwrap();
        let times = task.schedule.between(from, until, &task.zone, 12);
        let days: Vec<String> = times.iter().map(|due| due.strftime("%m-%d").to_string()).collect();
        assert_eq!(days, expected, "{id}");
    };
    check("loom/review/maintenance-plan", &["03-31", "06-30", "09-30", "12-31"]);
    check("loom/review/architecture", &["01-01", "07-01"]);
    check("loom/review/operations", &[]);
}

#[test]
fn two_plans_may_not_share_a_name_or_a_service() {
    let plans = vec![("a.toml".to_owned(), plan("static-site")), ("b.toml".to_owned(), plan("static-site"))];
    let problems: Vec<String> = PlanSet::new(plans).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "b.toml:1:1: plan.name: a.toml already has a plan of this name\n    found: site",
            "b.toml:1:1: service.site: a.toml already has a service of this name\n    found: site",
        ]
    );
}

#[test]
fn the_team_of_loom() {
    let loom = plan("loom");
    let roles: Vec<(&str, &str)> = loom
        .role
        .iter()
        .map(|role| (role.title.as_str(), role.contact.email.as_ref().unwrap().as_str()))
        .collect();
    assert_eq!(
        roles,
        [
            ("维护负责人", "maintainer@loom.dev"),
            ("值班工程师", "oncall@loom.dev"),
            ("安全专员", "security@loom.dev"),
            ("数据库管理员", "dba@loom.dev"),
            ("开发团队", "dev@loom.dev"),
            ("架构师", "dev@loom.dev"),
            ("技术总监", "cto@loom.dev"),
        ]
    );
    let oncall = loom.oncall.unwrap();
    assert_eq!(oncall.hand_over.iter().map(ToString::to_string).collect::<Vec<_>>(), ["09:00", "18:00"]);
    let shifts: Vec<String> =
        oncall.shift.iter().map(|shift| format!("{} {}", shift.days, shift.hours)).collect();
    assert_eq!(shifts, ["MON-FRI 09:00-18:00", "MON-SUN 00:00-24:00"]);
    let path: Vec<&str> = loom.escalation[0].step.iter().map(|step| step.role.as_str()).collect();
    assert_eq!(path, ["oncall", "maintainer", "developers", "cto"]);
    let slack = loom.channel.iter().find_map(|channel| match &channel.deliver {
        Delivery::Slack(slack) => Some(slack.channel.as_str()),
        _ => None,
    });
    assert_eq!(slack, Some("#loom-alerts"));
}

#[test]
fn the_indicators_of_loom() {
    let loom = plan("loom");
    let table: Vec<(&str, Comparison, f64, Severity, String)> = loom.threshold[..6]
        .iter()
        .map(|own| (own.title.as_deref().unwrap(), own.is, own.value, own.severity, own.response.to_string()))
        .collect();
    let expected = [
        ("服务可用性", Comparison::Below, 99.0, Severity::Critical, "15m"),
        ("错误率", Comparison::Above, 5.0, Severity::Warning, "30m"),
        ("响应时间 P95", Comparison::Above, 2.0, Severity::Warning, "1h"),
        ("内存使用率", Comparison::Above, 80.0, Severity::Warning, "2h"),
        ("磁盘使用率", Comparison::Above, 85.0, Severity::Warning, "4h"),
        ("CPU 使用率", Comparison::Above, 90.0, Severity::Critical, "15m"),
    ];
    assert_eq!(
        table,
        expected.map(|(title, is, value, severity, response)| (
            title,
            is,
            value,
            severity,
            response.to_owned()
        ))
    );
    let rule = loom.threshold.iter().find(|own| own.name.as_str() == "HighErrorRate").unwrap();
    assert_eq!(rule.metric.matches("sum(rate(").count(), 2, "the sums are divided");
    assert_eq!((rule.value, rule.holds.to_string()), (0.05, "10m".to_owned()));
    assert_eq!(loom.slo[0].objective_percent, 99.9);
    assert!(matches!(&loom.slo[1].indicator, Indicator::Latency(latency) if latency.seconds == 2.0));
    let targets: Vec<(Comparison, f64)> =
        loom.target.iter().map(|target| (target.is, target.value)).collect();
    let at_least = Comparison::AtLeast;
    assert_eq!(
        targets,
        [
            (at_least, 99.9),
            (Comparison::Below, 1.0),
            (at_least, 95.0),
            (Comparison::Equal, 100.0),
            (Comparison::Below, 72.0)
        ]
    );
}

#[test]
fn the_backups_and_recovery_of_loom() {
    let loom = plan("loom");
    let kind = |name: &str| loom.store.iter().find(|store| store.name.as_str() == name).unwrap().kind;
    let table: Vec<_> = loom
        .backup
        .iter()
        .map(|own| {
            let kinds: Vec<StoreKind> = own.stores.iter().map(|store| kind(store.as_str())).collect();
            (own.name.as_str(), own.schedule.to_string(), own.keep.days, own.keep.forever, kinds)
        })
        .collect();
    use StoreKind::{Cloud, Git, Local, OffSite};
    assert_eq!(
        table,
        [
            ("full", "daily 02:00".to_owned(), Some(30), false, vec![Local, Cloud]),
            ("incremental", "hourly".to_owned(), Some(7), false, vec![Local]),
            ("config", "on change".to_owned(), None, true, vec![Git]),
            ("loom-db", "daily 03:00".to_owned(), Some(90), false, vec![Local, OffSite]),
        ]
    );
    assert_eq!(loom.backup[0].plain_copy.as_ref().unwrap().path, "backup/loom-{date}.db");
    let bucket = loom.store.iter().find_map(|store| match &store.place {
        Place::S3(s3) if store.kind == Cloud => Some(s3.bucket.as_str()),
        _ => None,
    });
    assert_eq!(bucket, Some("loom-backups"));
    let recovery: Vec<(&str, String, String)> = loom
        .recovery
        .iter()
        .map(|own| (own.title.as_deref().unwrap(), own.rto.to_string(), own.rpo.to_string()))
        .collect();
    let expected = [
        ("应用服务", "15m", "5m"),
        ("数据库", "30m", "15m"),
        ("配置文件", "5m", "0s"),
        ("用户数据", "1h", "1h"),
    ];
    assert_eq!(recovery, expected.map(|(title, rto, rpo)| (title, rto.to_owned(), rpo.to_owned())));
}

#[test]
fn the_rest_of_loom() {
    let loom = plan("loom");
    let action = |name: &str| {
        let task = loom.task.iter().find(|task| task.name.as_str() == name).unwrap();
        let action = match &task.action {
            Action::Keeper(command) => command.to_string(),
            Action::Scan(scanner) => format!("scan {scanner}"),
            Action::Human(list) => format!("human, {} items within {}", list.items.len(), list.due_within),
            other => format!("{other:?}"),
        };
        format!("{}: {action}", task.schedule)
    };
    for (name, expected) in [
        ("health", "0 9 * * *: health loom"),
        ("backup-verify", "0 10 * * *: backup verify --latest"),
        ("alerts", "hourly: alerts list loom"),
        ("performance-week", "0 10 * * MON: report performance loom --period week"),
        ("log-rotate", "0 10 * * MON: logs rotate loom --compress-after 7d --delete-after 30d"),
        (
            "db-clean-up",
            "after(db-maintain): db clean-up loom --older-than 90d --inactive-for 90d --batch 500",
        ),
        (
            "capacity",
            "0 10 * * MON#1: report capacity loom --growth-rate 1.2 --period 6 --output report.html",
        ),
        ("drill", "quarterly 10:00: drill run --scenario datacenter_failure"),
        ("drill-verify", "after(drill): drill verify --rto 15 --rpo 5"),
        ("architecture-review", "quarterly 10:00: human, 3 items within 14d"),
        ("trivy-week", "0 10 * * MON: scan trivy"),
    ] {
        assert_eq!(action(name), expected);
    }
    let secrets: Vec<String> =
        loom.secret.iter().map(|own| own.maximum_age.or(own.renew_before).unwrap().to_string()).collect();
    assert_eq!(secrets, ["90d", "180d", "30d"]);
    let change = loom.change.unwrap();
    assert_eq!(
        (change.notice_planned.to_string(), change.notice_emergency.to_string()),
        ("3d".to_owned(), "30m".to_owned())
    );
    let window = &change.window[0];
    assert_eq!(format!("{} {}", window.days, window.hours), "THU 02:00-04:00");
    let steps = (loom.incident.unwrap().step.len(), change.step.len());
    assert_eq!(steps, (7, 5));
    assert_eq!(loom.scenario.iter().map(|own| own.step.len()).collect::<Vec<_>>(), [4, 4, 5]);
    assert_eq!(
        loom.dependency.iter().map(|own| own.sla_percent).collect::<Vec<_>>(),
        [99.95, 99.9, 99.99, 99.9]
    );
}

#[test]
fn the_figures_of_chimera() {
    let chimera = plan("chimera");
    let threshold = |name: &str| chimera.threshold.iter().find(|own| own.name.as_str() == name).unwrap();
    assert_eq!(threshold("ChimeraLatencyP95Breached").value, 10.0);
    assert_eq!(threshold("CeleryQueueBacklog").value, 100.0);
    assert_eq!(threshold("MonthlyBudgetProjectedToExceed").value, chimera.budget.as_ref().unwrap().monthly);
    assert_eq!(chimera.control.len(), 6);
}
