//! Who reads the reply: language, names, and what they chose in `/settings`.

use std::sync::Arc;

use chimera_core::names::{self, Names};
use storage::StorageError;
use ui::Language;

use crate::{
    app::App,
    discord::{
        cards::Look,
        requests::{AnalyzeRequest, ReplyTo},
        texts,
    },
    narrative::Asking,
    store::settings::{self, UserSettings},
};

/// A person on Discord, as cards and narrative need to know them.
pub(super) struct Reader {
    pub(super) language: Language,
    pub(super) settings: UserSettings,
    names: Arc<Names>,
    is_ascii: bool,
}

impl Reader {
    /// Who asked.
    pub(super) async fn of(app: &App, reply: &ReplyTo) -> Result<Self, StorageError> {
        let settings = settings::load(&app.database, &reply.user_id).await?;
        let language = texts::choose_language(settings.language.as_deref(), &reply.locale);
        Ok(Self {
            language,
            settings,
            names: app.names.names(in_core(language)),
            is_ascii: app.config.discord.ascii_safe,
        })
    }

    /// The same, as the narrative needs to know them.
    pub(super) fn asking<'a>(&'a self, request: &'a AnalyzeRequest) -> Asking<'a> {
        Asking { user_id: &request.reply.user_id, names: &self.names, settings: &self.settings }
    }

    /// Tone and detail as they are stored with a text.
    pub(super) fn style(&self) -> String {
        format!("{}/{}", self.settings.tone, self.settings.detail)
    }

    pub(super) fn look(&self) -> Look<'_> {
        Look { language: self.language, names: &self.names, is_ascii: self.is_ascii }
    }
}

fn in_core(language: Language) -> names::Language {
    match language {
        Language::ZhCn => names::Language::ZhCn,
        Language::En => names::Language::En,
    }
}
