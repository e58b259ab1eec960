//! What many reviews say about one player.
