//! Every term, input and weight of a score, to be computed again by hand.
