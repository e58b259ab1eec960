//! Which game was played: by `gameMode`, then by queue.
