//! The facts that a narrative may use, and nothing else.
