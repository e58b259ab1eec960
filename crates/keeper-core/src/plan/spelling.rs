//! The spelling that somebody probably meant.

/// The candidate nearest to `found`, if one is near enough to be meant: a few letters wrong, swapped or missing.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = found.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .min()
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().max(wanted.chars().count());
            *distance <= (length / 3).max(1)
        })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &str, expected: Option<&str>) {
        let candidates = ["schedule", "severity", "service", "time_limit", "zone"];
        assert_eq!(nearest(found, candidates), expected, "{found}");
    }

    #[test]
    fn near_means_a_few_letters() {
        check("shedule", Some("schedule"));
        check("Schedule", Some("schedule"));
        check("sevrity", Some("severity"));
        check("time-limit", Some("time_limit"));
        check("zon", Some("zone"));
        check("colour", None);
        check("", None);
    }
}
