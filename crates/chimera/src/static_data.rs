//! What champions, items, runes, spells and augments are called: tables built into the program, tables in a folder
//! that go before them, and the commands that write such tables from the game's public data.
//!
//! Only names are kept. Pictures are not shipped.

mod fetch;
mod library;
mod retired;
mod shapes;
mod sync;
mod table;

pub use chimera_core::names::Language;

pub use self::{
    fetch::Source,
    library::Library,
    shapes::{Incoming, read as read_shape},
    sync::{Synced, check_arena_patch, sync_arena, sync_table},
    table::{Entry, Table, patch_order},
};

/// Both languages that there are tables in.
pub const LANGUAGES: [Language; 2] = [Language::ZhCn, Language::En];

/// As table files have it, CommunityDragon's included.
fn file_code(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "zh_cn",
        Language::En => "en_us",
    }
}

/// As Data Dragon's folders have it.
fn data_dragon_code(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "zh_CN",
        Language::En => "en_US",
    }
}

/// What a table names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By `championId`.
    Champions,
    /// By item id.
    Items,
    /// Styles, keystones and runes by id.
    Runes,
    /// Summoner spells by id.
    Spells,
    /// Arena augments by `playerAugmentN`.
    Augments,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Champions, Self::Items, Self::Runes, Self::Spells, Self::Augments];

    /// The key under which a table file lists its entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Champions => "champions",
            Self::Items => "items",
            Self::Runes => "runes",
            Self::Spells => "spells",
            Self::Augments => "augments",
        }
    }

    /// The table's file within the folder, such as `arena/augments.zh_cn.json`.
    #[must_use]
    pub fn file(self, language: Language) -> String {
        let folder = if self == Self::Augments { "arena/" } else { "" };
        format!("{folder}{}.{}.json", self.name(), file_code(language))
    }
}
