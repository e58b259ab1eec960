//! What Redis does in one step, and the keys it does it to.
//!
//! For each kind: `ready` (by rank), `delayed` and `leased` (by the moment they come back), and `ranks`, which says
//! which jobs Redis knows. A prefix in braces keeps them together in a cluster.

use redis::{Script, ScriptInvocation};

pub(super) struct Keys {
    pub(super) ready: String,
    pub(super) delayed: String,
    pub(super) leased: String,
    pub(super) ranks: String,
}

impl Keys {
    pub(super) fn of(prefix: &str, kind: &str) -> Self {
        let key = |place: &str| format!("{prefix}:{kind}:{place}");
        Keys { ready: key("ready"), delayed: key("delayed"), leased: key("leased"), ranks: key("ranks") }
    }

    pub(super) fn put_into(&self, call: &mut ScriptInvocation<'_>) {
        call.key(&self.ready).key(&self.delayed).key(&self.leased).key(&self.ranks);
    }
}

pub(super) struct Scripts {
    /// Arguments: now, end of the lease, how many. Returns ids in the order of the line.
    pub(super) claim: Script,
    /// Arguments: now, then id, rank and due time of each job. Returns how many Redis did not know yet.
    pub(super) publish: Script,
    /// Arguments: now, id, rank, due time.
    pub(super) place: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Scripts {
            claim: Script::new(include_str!("claim.lua")),
            publish: Script::new(include_str!("publish.lua")),
            place: Script::new(include_str!("place.lua")),
        }
    }
}
