//! From a queued request to the delivered review.
