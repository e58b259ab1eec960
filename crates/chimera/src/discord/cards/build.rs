//! Items, runes, spells and augments in words.

use chimera_core::report::Build;

use super::Look;
use crate::discord::markdown;

/// One line a kind; empty when nothing was bought or chosen.
pub(super) fn build(build: &Build, look: &Look<'_>) -> String {
    let mut lines = Vec::new();
    let mut line = |id: &str, names: Vec<String>| {
        if !names.is_empty() {
            lines.push(look.text_with(id, &[("names", look.joined(names).into())]));
        }
    };
    let known = |ids: &[u32]| ids.iter().copied().filter(|id| *id != 0).collect::<Vec<_>>();
    let items = known(&build.items).into_iter().chain(build.trinket.filter(|id| *id != 0));
    line("build-items", items.map(|id| markdown::name(&look.names.item(id))).collect());
    if let Some(runes) = &build.runes {
        let names =
            |ids: &[u32]| known(ids).into_iter().map(|id| markdown::name(&look.names.rune(id))).collect();
        line("build-runes", names(&runes.primary));
        line("build-secondary", names(&runes.secondary));
    }
    let spells = known(&build.spells);
    line("build-spells", spells.into_iter().map(|id| markdown::name(&look.names.spell(id))).collect());
    let augments = known(&build.augments);
    line("build-augments", augments.into_iter().map(|id| markdown::name(&look.names.augment(id))).collect());
    lines.join("\n")
}
