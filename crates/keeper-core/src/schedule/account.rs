//! What has to happen now.
