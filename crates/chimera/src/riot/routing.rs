//! Which host answers for which player and match: platforms, regions, and the names people use for them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A server that people play on; the prefix of a match id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are Riot's own ids of platforms; `name` gives each its place")]
pub enum Platform {
    Br1,
    Eun1,
    Euw1,
    Jp1,
    Kr,
    La1,
    La2,
    Me1,
    Na1,
    Oc1,
    Ph2,
    Ru,
    Sg2,
    Th2,
    Tr1,
    Tw2,
    Vn2,
    Pbe1,
}

/// A host that answers for several platforms; the routing value of match-v5. Limits are counted for each apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// North, Central and South America.
    Americas,
    /// Korea and Japan.
    Asia,
    /// Europe, the Middle East, Türkiye and Russia.
    Europe,
    /// South-East Asia, Taiwan and Oceania. It has matches but no accounts.
    Sea,
}

/// A text that names no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a platform of League of Legends")]
pub struct UnknownPlatform;

impl Platform {
    /// Every platform, the test server last.
    pub const ALL: [Self; 18] = [
        Self::Br1,
        Self::Eun1,
        Self::Euw1,
        Self::Jp1,
        Self::Kr,
        Self::La1,
        Self::La2,
        Self::Me1,
        Self::Na1,
        Self::Oc1,
        Self::Ph2,
        Self::Ru,
        Self::Sg2,
        Self::Th2,
        Self::Tr1,
        Self::Tw2,
        Self::Vn2,
        Self::Pbe1,
    ];

    /// Riot's id in lower case, as tables and hosts have it: `na1`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Br1 => "br1",
            Self::Eun1 => "eun1",
            Self::Euw1 => "euw1",
            Self::Jp1 => "jp1",
            Self::Kr => "kr",
            Self::La1 => "la1",
            Self::La2 => "la2",
            Self::Me1 => "me1",
            Self::Na1 => "na1",
            Self::Oc1 => "oc1",
            Self::Ph2 => "ph2",
            Self::Ru => "ru",
            Self::Sg2 => "sg2",
            Self::Th2 => "th2",
            Self::Tr1 => "tr1",
            Self::Tw2 => "tw2",
            Self::Vn2 => "vn2",
            Self::Pbe1 => "pbe1",
        }
    }

    /// The short name that players write: `NA`, `EUW`, `LAN`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Br1 => "BR",
            Self::Eun1 => "EUNE",
            Self::Euw1 => "EUW",
            Self::Jp1 => "JP",
            Self::Kr => "KR",
            Self::La1 => "LAN",
            Self::La2 => "LAS",
            Self::Me1 => "ME",
            Self::Na1 => "NA",
            Self::Oc1 => "OCE",
            Self::Ph2 => "PH",
            Self::Ru => "RU",
            Self::Sg2 => "SG",
            Self::Th2 => "TH",
            Self::Tr1 => "TR",
            Self::Tw2 => "TW",
            Self::Vn2 => "VN",
            Self::Pbe1 => "PBE",
        }
    }

    /// Where its matches are asked for.
    pub const fn region(self) -> Region {
        region_of_platform(self)
    }

    /// Where its players' accounts are asked for.
    pub const fn account_region(self) -> Region {
        self.region().for_accounts()
    }
}

impl Region {
    /// The first part of the host's name: `americas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Americas => "americas",
            Self::Asia => "asia",
            Self::Europe => "europe",
            Self::Sea => "sea",
        }
    }

    /// The region that answers account-v1 for this one. Every one of them knows every account; this is the nearest.
    pub const fn for_accounts(self) -> Self {
        match self {
            Self::Sea => Self::Asia,
            other => other,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    /// Reads an id only (`na1`, `NA1`); for what people type there is [`alias_to_platform`].
    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.as_str().eq_ignore_ascii_case(text))
            .ok_or(UnknownPlatform)
    }
}

/// The platform that a match was played on, from the prefix of its id: `NA1_4567` is `na1`. `None` when the text is
/// not a match id, which makes it also the check of ids that people type.
pub fn platform_of_match_id(match_id: &str) -> Option<Platform> {
    let (prefix, number) = match_id.split_once('_')?;
    let is_number = (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { prefix.parse().ok() } else { None }
}

/// The region whose match-v5 serves a platform.
pub const fn region_of_platform(platform: Platform) -> Region {
    use Platform::{
        Br1, Eun1, Euw1, Jp1, Kr, La1, La2, Me1, Na1, Oc1, Pbe1, Ph2, Ru, Sg2, Th2, Tr1, Tw2, Vn2,
    };
    match platform {
        Na1 | Br1 | La1 | La2 | Pbe1 => Region::Americas,
        Kr | Jp1 => Region::Asia,
        Euw1 | Eun1 | Tr1 | Ru | Me1 => Region::Europe,
        Oc1 | Ph2 | Sg2 | Th2 | Tw2 | Vn2 => Region::Sea,
    }
}

/// The platform that a person means: an id or a short name, in any case, spaces around it ignored.
pub fn alias_to_platform(text: &str) -> Option<Platform> {
    let text = text.trim();
    let named = |platform: &Platform| {
        platform.as_str().eq_ignore_ascii_case(text) || platform.name().eq_ignore_ascii_case(text)
    };
    let other = || match text.to_ascii_lowercase().as_str() {
        "mena" => Some(Platform::Me1),
        "oc" => Some(Platform::Oc1),
        "eun" => Some(Platform::Eun1),
        "sea" => Some(Platform::Sg2),
        _ => None,
    };
    Platform::ALL.into_iter().find(named).or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_id_names_its_platform() {
        let check =
            |id: &str, expected: Option<Platform>| assert_eq!(platform_of_match_id(id), expected, "{id}");
        check("NA1_3720560816", Some(Platform::Na1));
        check("kr_7014499581", Some(Platform::Kr));
        check("EUW1_7684569678", Some(Platform::Euw1));
        check("OC1_1", Some(Platform::Oc1));
        check("NA_3720560816", None);
        check("NA1-3720560816", None);
        check("NA1_", None);
        check("NA1_12x", None);
        check("NA1_１２", None);
        check("NA1_123456789012345678901", None);
        check("NA1_1/../../x", None);
        check("3720560816", None);
        check("", None);
        check("_", None);
    }

    #[test]
    fn people_name_platforms_in_many_ways() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(alias_to_platform(text).map(Platform::as_str), expected, "{text}");
        };
        for (alias, id) in [
            ("na", "na1"),
            ("euw", "euw1"),
            ("eune", "eun1"),
            ("oce", "oc1"),
            ("br", "br1"),
            ("lan", "la1"),
            ("las", "la2"),
            ("jp", "jp1"),
            ("ph", "ph2"),
            ("sg", "sg2"),
            ("th", "th2"),
            ("tw", "tw2"),
            ("vn", "vn2"),
            ("tr", "tr1"),
            ("kr", "kr"),
            ("ru", "ru"),
            ("me", "me1"),
        ] {
            check(alias, Some(id));
            check(&format!(" {} ", alias.to_uppercase()), Some(id));
            check(id, Some(id));
        }
        check("", None);
        check("china", None);
        check("na2", None);
    }

    #[test]
    fn every_platform_has_a_region_and_its_own_text() {
        let check = |platform: Platform, region: Region, accounts: Region| {
            assert_eq!((platform.region(), platform.account_region()), (region, accounts), "{platform}");
        };
        check(Platform::Na1, Region::Americas, Region::Americas);
        check(Platform::Kr, Region::Asia, Region::Asia);
        check(Platform::Me1, Region::Europe, Region::Europe);
        check(Platform::Oc1, Region::Sea, Region::Asia);
        check(Platform::Vn2, Region::Sea, Region::Asia);
        for platform in Platform::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert_eq!(serde_json::to_string(&platform).unwrap(), format!("\"{platform}\""));
            assert_eq!(
                platform_of_match_id(&format!("{}_1", platform.as_str().to_uppercase())),
                Some(platform)
            );
        }
    }
}
