//! True texts and mutants.
