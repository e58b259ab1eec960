//! The process-wide subscriber; in a process of its own because a process has only one.

use std::fs;

use chassis::{
    Secret,
    audit::{AuditEvent, Outcome},
    logs::{self, LogError, LogFormat, LogSettings},
    redact,
};

#[test]
fn a_programs_logs_from_start_to_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let read = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
    let settings = LogSettings {
        directory: Some(folder.path().to_owned()),
        level: "info".to_owned(),
        format: LogFormat::Human,
        stderr: false,
        program: "loom".to_owned(),
        audit: true,
    };
    let wrong = LogSettings { level: "loud,=x".to_owned(), ..settings.clone() };
    let error = logs::init(&wrong).unwrap_err();
    assert!(matches!(error, LogError::Level { .. }) && error.to_string().contains("loud"), "{error}");

    let logs = logs::init(&settings).unwrap();
    assert!(matches!(logs::init(&settings), Err(LogError::AlreadyInstalled)));

    redact::register(&Secret::new("a-secret-of-ours".to_owned()));
    tracing::error!("cannot log in with a-secret-of-ours");
    tracing::debug!("too quiet");
    logs.set_level("debug").unwrap();
    tracing::debug!("loud enough");
    assert!(logs.set_level("loud,=x").is_err());
    let text = read("loom.log");
    assert!(
        text.contains("ERROR") && text.contains("cannot log in with ***") && text.contains("loud enough"),
        "{text}"
    );
    assert!(!text.contains("too quiet") && !text.contains("a-secret-of-ours"));

    let _ = std::thread::spawn(|| panic!("first line\nsecond line")).join();
    assert!(read("loom.log").lines().any(|line| line.contains("panic: first line\\nsecond line")));

    fs::rename(at("loom.log"), at("loom.log.1")).unwrap();
    tracing::info!("after rotation");
    assert_eq!(read("loom.log").lines().count(), 1);

    logs.audit().record(&AuditEvent {
        actor: "mallory".to_owned(),
        action: "session.delete".to_owned(),
        subject: "s-1".to_owned(),
        outcome: Outcome::Denied,
        detail: "not the owner".to_owned(),
        request_id: Some("r-1".to_owned()),
    });
    let line: serde_json::Value = serde_json::from_str(&read("audit.log")).unwrap();
    assert_eq!((&line["outcome"], &line["actor"]), (&"denied".into(), &"mallory".into()));
}
