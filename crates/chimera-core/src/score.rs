//! Scores of every player of a match, term by term.
