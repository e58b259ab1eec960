//! Whether the whole ledger holds, and the heads that are known from outside are in it.

use keeper_core::{
    ledger::{self, Anchor, Break, Row, Verified, Why},
    schedule::history::History,
};
use serde::Serialize;

use super::{State, checkpoint, head};
use crate::store::ledger_rows;

/// What a look at the whole ledger found.
pub type Checked = Result<Verified, Break>;

/// A head that is known outside of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Where from.
    pub place: String,
    /// The head.
    pub anchor: Anchor,
}

/// Looks at every row, at the head file, at the heads that were set aside, and at the given ones; and whether what is
/// kept of the ledger is what its rows say.
pub async fn verify(state: &State, given: &[Anchor]) -> anyhow::Result<Checked> {
    let mut anchors: Vec<Anchor> = known(state)?.into_iter().map(|known| known.anchor).collect();
    anchors.extend(given);
    let kept = checkpoint::kept(state).await?;
    let until = kept.as_ref().map_or(0, |kept| kept.anchor.seq);
    // None as soon as there is a row that this version does not understand.
    let mut history = Some(History::default());
    let checked = check(state, Anchor::EMPTY, &anchors, |row| {
        if row.seq <= until {
            history = history.take().zip(row.event().ok()).map(|(mut history, event)| {
                history.apply(row.seq, row.at, &event);
                history
            });
        }
        Ok(())
    });
    let checked = checked.await?;
    let said = history.map(|history| checkpoint::text(&history)).transpose()?;
    Ok(match (kept, said) {
        (Some(kept), Some(said)) if checked.is_ok() && said != kept.history => {
            Err(Break { seq: until, why: Why::KeptDiffers })
        }
        _ => checked,
    })
}

/// The heads in the head file and beside it.
pub fn known(state: &State) -> anyhow::Result<Vec<Known>> {
    let path = &state.files.head;
    let own = head::read(path)?.map(|anchor| Known { place: path.display().to_string(), anchor });
    let aside = head::aside(path).into_iter();
    let aside = aside.map(|anchor| Known { place: "set aside when it was missed".to_owned(), anchor });
    Ok(own.into_iter().chain(aside).collect())
}

/// Looks at every row after `start`, and at these heads; every row is shown to `take`, also behind a break.
pub(super) async fn check(
    state: &State,
    start: Anchor,
    anchors: &[Anchor],
    mut take: impl FnMut(&Row) -> anyhow::Result<()>,
) -> anyhow::Result<Checked> {
    let mut found = Ok(Verified { rows: 0, head: start, anchors: 0 });
    for anchor in anchors.iter().filter(|anchor| anchor.seq <= start.seq && **anchor != Anchor::EMPTY) {
        if ledger_rows::hash(&state.database, anchor.seq).await? != Some(anchor.hash) {
            let why = Why::AnchorDiffers { expected: anchor.hash };
            found = Err(Break { seq: anchor.seq, why });
        }
    }
    state
        .each_batch_after(start.seq, |rows| {
            rows.iter().try_for_each(&mut take)?;
            let Ok(so_far) = found else { return Ok(()) };
            let last = rows.last().map_or(so_far.head.seq, |row| row.seq);
            let within: Vec<Anchor> = anchors.iter().copied().filter(|anchor| anchor.seq <= last).collect();
            found = ledger::verify(so_far.head, rows, &within).map(|part| Verified {
                rows: so_far.rows + part.rows,
                head: part.head,
                anchors: so_far.anchors + part.anchors,
            });
            Ok(())
        })
        .await?;
    // What lies behind the newest row was cut off.
    Ok(found.and_then(|all| ledger::verify(all.head, Vec::new(), anchors).map(|_| all)))
}
