//! The names of the program's metrics.
