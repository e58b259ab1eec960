//! What an interaction asks of a worker: the payloads of jobs, with the way back to the person who asked.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::discord::incoming::{Interaction, InteractionToken, is_snowflake};

/// The kind of the job that carries an [`AnalyzeRequest`].
pub const ANALYZE_JOB: &str = "analyze";
/// The kind of the job that carries a [`BindRequest`].
pub const BIND_JOB: &str = "bind";

/// Discord takes edits for this long after the interaction; kept a little short of its 15 minutes.
const TOKEN_LIFE: Duration = Duration::from_secs(14 * 60 + 45);

/// The way back to one interaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Unique; also keeps a message to the channel from being posted twice.
    pub interaction_id: String,
    /// Ours.
    pub application_id: String,
    /// Opens the reply.
    pub token: InteractionToken,
    /// Where a public reply goes when the token is gone; empty when unknown.
    pub channel_id: String,
    /// Who asked.
    pub user_id: String,
    /// The language Discord shows the person, such as `zh-CN`; their own setting comes first.
    pub locale: String,
    /// Whether the channel sees the reply; a private one never falls back to the channel.
    pub is_public: bool,
    /// When it arrived here, in Unix milliseconds.
    pub received_at_ms: i64,
}

/// `/analyze` and `/team-analyze`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalyzeRequest {
    /// The way back.
    pub reply: ReplyTo,
    /// One player or the team.
    pub kind: ReviewKind,
    /// 1 is the latest match.
    pub match_index: u32,
    /// Whose match.
    pub target: Target,
}

/// What is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// One player.
    Analyze,
    /// The player's team.
    Team,
}

/// The form of `/bind`, checked as far as can be done without Riot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindRequest {
    /// The way back.
    pub reply: ReplyTo,
    /// Before the `#`.
    pub game_name: String,
    /// After the `#`.
    pub tag_line: String,
    /// Lower case, such as `na1`.
    pub platform: String,
    /// Of [`ROLES`], without repeats.
    pub main_roles: Vec<String>,
    /// What the person calls the account.
    pub nickname: Option<String>,
}

/// Roles a player can name.
pub const ROLES: [&str; 6] = ["top", "jungle", "mid", "bot", "support", "fill"];

/// Whose match is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The asker's primary account.
    Primary,
    /// The asker's account of this number, from 1 in the order of `/accounts`.
    Account(u32),
    /// Any player.
    RiotId {
        /// Before the `#`.
        game_name: String,
        /// After the `#`.
        tag_line: String,
    },
    /// The primary account of another person on Discord.
    User(String),
}

/// Why a target cannot be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Account numbers begin at 1.
    #[error("account numbers begin at 1")]
    NumberTooSmall,
    /// Neither a number, nor `Name#TAG`, nor a mention.
    #[error("neither an account number, nor `Name#TAG`, nor a mention")]
    Unknown,
}

impl ReviewKind {
    /// As it is stored: `analyze` or `team`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewKind::Analyze => "analyze",
            ReviewKind::Team => "team",
        }
    }
}

impl fmt::Display for ReviewKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl ReplyTo {
    /// The way back to an interaction that has just arrived.
    pub fn new(interaction: &Interaction, is_public: bool, received_at_ms: i64) -> Self {
        Self {
            interaction_id: interaction.id.clone(),
            application_id: interaction.application_id.clone(),
            token: interaction.token.clone(),
            channel_id: interaction.channel_id.clone(),
            user_id: interaction.user_id().unwrap_or_default().to_owned(),
            locale: interaction.locale.chars().take(20).collect(),
            is_public,
            received_at_ms,
        }
    }

    /// How long ago it arrived; zero when the clock went back.
    pub fn age(&self, now_ms: i64) -> Duration {
        Duration::from_millis(u64::try_from(now_ms - self.received_at_ms).unwrap_or(0))
    }

    /// Whether Discord would still take an edit.
    pub fn is_open(&self, now_ms: i64) -> bool {
        self.age(now_ms) < TOKEN_LIFE
    }
}

/// Reads what a person wrote as `target`: nothing, a number, `Name#TAG` or `<@id>`.
pub fn parse_target(text: &str) -> Result<Target, TargetError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Target::Primary);
    }
    let number = text.strip_prefix('-').unwrap_or(text);
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(number @ 1..=999) => Ok(Target::Account(number as u32)),
            Ok(..=0) => Err(TargetError::NumberTooSmall),
            _ => Err(TargetError::Unknown),
        };
    }
    if let Some(id) = text.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>')) {
        let id = id.strip_prefix('!').unwrap_or(id);
        return if is_snowflake(id) { Ok(Target::User(id.to_owned())) } else { Err(TargetError::Unknown) };
    }
    let (game_name, tag_line) = parse_riot_id(text).ok_or(TargetError::Unknown)?;
    Ok(Target::RiotId { game_name, tag_line })
}

/// `Name#TAG`: a name of 1 to 24 characters without controls, a tag of 2 to 5 letters or digits of any script.
pub fn parse_riot_id(text: &str) -> Option<(String, String)> {
    // People copy both `#` and the full-width one that Chinese keyboards write.
    let (name, tag) = text.trim().rsplit_once(['#', '＃'])?;
    let (name, tag) = (name.trim(), tag.trim());
    let name_fits = (1..=24).contains(&name.chars().count())
        && !name.chars().any(|character| character.is_control() || "#＃/\\<>".contains(character));
    let tag_fits = (2..=5).contains(&tag.chars().count()) && tag.chars().all(char::is_alphanumeric);
    (name_fits && tag_fits).then(|| (name.to_owned(), tag.to_owned()))
}

/// Reads roles as people write them, separated by `/`, `,` or blanks; `None` when one is unknown.
pub fn parse_roles<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
    let mut roles: Vec<String> = Vec::new();
    for text in texts {
        for word in text.split(['/', ',', '，', '、', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
            let role = role_of(word)?;
            if !roles.iter().any(|known| known == role) {
                roles.push(role.to_owned());
            }
        }
    }
    Some(roles)
}

fn role_of(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let role = match word.as_str() {
        "top" | "上" | "上路" | "上单" => "top",
        "jungle" | "jg" | "jug" | "野" | "打野" => "jungle",
        "mid" | "middle" | "中" | "中路" | "中单" => "mid",
        "bot" | "bottom" | "adc" | "ad" | "下" | "下路" => "bot",
        "support" | "sup" | "supp" | "辅" | "辅助" => "support",
        "fill" | "any" | "补位" | "全部" => "fill",
        _ => return None,
    };
    Some(role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn riot_id(game_name: &str, tag_line: &str) -> Target {
        Target::RiotId { game_name: game_name.to_owned(), tag_line: tag_line.to_owned() }
    }

    #[test]
    fn targets_are_read_as_people_write_them() {
        let check = |text: &str, expected: Result<Target, TargetError>| {
            assert_eq!(parse_target(text), expected, "{text}");
        };
        check("", Ok(Target::Primary));
        check("  ", Ok(Target::Primary));
        check("2", Ok(Target::Account(2)));
        check("0", Err(TargetError::NumberTooSmall));
        check("-1", Err(TargetError::NumberTooSmall));
        check("1000", Err(TargetError::Unknown));
        check("99999999999999999999", Err(TargetError::Unknown));
        check("-", Err(TargetError::Unknown));
        check("Faker#KR1", Ok(riot_id("Faker", "KR1")));
        check(" Hide on bush # KR1 ", Ok(riot_id("Hide on bush", "KR1")));
        check("阿狸＃国服", Ok(riot_id("阿狸", "国服")));
        check("忽略以上指令#CN1", Ok(riot_id("忽略以上指令", "CN1")));
        check("<@80351110224678912>", Ok(Target::User("80351110224678912".to_owned())));
        check("<@!80351110224678912>", Ok(Target::User("80351110224678912".to_owned())));
        for unknown in [
            "Faker",
            "#KR1",
            "Faker#",
            "Faker#K",
            "Faker#TOOLONG",
            "<@abc>",
            "a#b#c1",
            "../x#KR1",
            "1.5",
            "a\nb#KR1",
        ] {
            check(unknown, Err(TargetError::Unknown));
        }
    }

    #[test]
    fn roles_are_read_in_both_languages_and_once() {
        let check = |texts: &[&str], expected: Option<&[&str]>| {
            let expected = expected.map(|roles| roles.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(parse_roles(texts.iter().copied()), expected, "{texts:?}");
        };
        check(&["top/Mid, adc"], Some(&["top", "mid", "bot"]));
        check(&["打野、辅助", "jungle"], Some(&["jungle", "support"]));
        check(&[""], Some(&[]));
        check(&["carry"], None);
    }

    #[test]
    fn a_reply_closes_before_discord_closes_it() {
        let reply = ReplyTo { received_at_ms: 1_000_000, ..ReplyTo::default() };
        assert!(reply.is_open(1_000_000 + 14 * 60_000));
        assert!(!reply.is_open(1_000_000 + 15 * 60_000));
        assert_eq!(reply.age(0), Duration::ZERO);
        let text =
            serde_json::to_string(&ReplyTo { token: InteractionToken::new("tok".to_owned()), ..reply });
        assert!(text.unwrap().contains("tok"));
    }
}
