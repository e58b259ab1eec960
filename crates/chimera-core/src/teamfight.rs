//! Team fights from kills that are close in time and space.
