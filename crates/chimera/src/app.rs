//! Wires the parts of a running program together, once.
