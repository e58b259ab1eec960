//! The review of one player or one team: the versioned document that is stored, shown and explained.
