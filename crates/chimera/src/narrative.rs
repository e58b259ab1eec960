//! Words for a review: a model's when it can be had and holds, the template's otherwise.
