//! Cohorts of an experiment and their audit.
