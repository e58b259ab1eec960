//! What happened when: the events that carry a claim.
