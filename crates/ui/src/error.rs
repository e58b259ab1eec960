//! What can go wrong while texts are loaded or a name is read; pages themselves never fail.

/// An error of this crate. All of them are programming or packaging mistakes, found when a program starts.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum UiError {
    /// A message file does not parse.
    #[error("messages for {language} do not parse: {detail}")]
    Syntax {
        /// Code of the language.
        language: &'static str,
        /// The parser's own words with the byte position.
        detail: String,
    },
    /// The same id stands twice for one language.
    #[error("message id {id} is defined twice for {language}")]
    DuplicateMessage {
        /// Code of the language.
        language: &'static str,
        /// The id.
        id: String,
    },
    /// A language name is not one of ours.
    #[error("unknown language {0:?}, known are zh-CN and en")]
    UnknownLanguage(String),
    /// A theme name is not one of ours.
    #[error("unknown theme {0:?}, known are auto, light and dark")]
    UnknownTheme(String),
}
