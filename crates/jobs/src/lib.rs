//! Work that must be done at least once, on the program's own database or on Redis.
