//! The `[logs]` section of a program's configuration.

use serde::{Deserialize, Serialize};

use super::{LogError, LogFormat, LogSettings};

/// Log files and level, as an operator writes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogsConfig {
    /// Folder of the program's log, `access.log` and `audit.log`; empty writes no files.
    pub directory: String,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,sqlx=warn`.
    pub level: String,
    /// `human` or `json`, of the program's log and standard error.
    pub format: String,
    /// Also write to standard error.
    pub stderr: bool,
    /// Write `audit.log`.
    pub audit: bool,
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self {
            directory: "logs".to_owned(),
            level: "info".to_owned(),
            format: "human".to_owned(),
            stderr: true,
            audit: false,
        }
    }
}

impl LogsConfig {
    /// What the section means for a program, whose name the log file carries.
    pub fn settings(&self, program: &str) -> Result<LogSettings, LogError> {
        let format = match self.format.as_str() {
            "human" => LogFormat::Human,
            "json" => LogFormat::Json,
            other => return Err(LogError::Format { format: other.to_owned() }),
        };
        Ok(LogSettings {
            directory: (!self.directory.is_empty()).then(|| self.directory.clone().into()),
            level: self.level.clone(),
            format,
            stderr: self.stderr,
            program: program.to_owned(),
            audit: self.audit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_says_where_and_how() {
        let section = LogsConfig { directory: String::new(), format: "json".into(), ..LogsConfig::default() };
        let settings = section.settings("loom").unwrap();
        assert_eq!(
            (settings.directory, settings.format, settings.program.as_str()),
            (None, LogFormat::Json, "loom")
        );
        let wrong = LogsConfig { format: "xml".into(), ..LogsConfig::default() };
        let error = wrong.settings("loom").unwrap_err();
        assert_eq!(error.to_string(), "`logs.format` is `xml`; use `human` or `json`");
    }
}
