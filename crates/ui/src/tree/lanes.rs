//! Which column each turn of a tree stands in and which lines cross its row.

use std::collections::HashMap;

use super::TreeNode;

/// The shape of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Column of the node.
    pub lane: usize,
    /// Columns of other chains whose line goes through the whole row.
    pub passing: Vec<usize>,
    /// Whether the node's own line comes from above.
    pub up: bool,
    /// Whether it goes on below.
    pub down: bool,
    /// Column of the parent, when the node starts a chain of its own.
    pub from: Option<usize>,
    /// Whether column 0 is the path that is being read.
    pub lane_zero_is_path: bool,
}

/// Turns that follow each other in one column.
struct Chain {
    first: usize,
    /// The last row that needs its line: its last node, or the last chain that leaves it.
    reach: usize,
    lane: usize,
    is_path: bool,
}

/// Column 0 belongs to the current path; every other chain takes the leftmost column that is free for its length.
/// Costs rows times chains.
pub(super) fn lay_out(nodes: &[TreeNode<'_>]) -> Vec<Row> {
    let parents = parent_rows(nodes);
    let (mut chains, chain_of) = chains(nodes, &parents);
    let has_path = chains.iter().any(|chain| chain.is_path);
    for index in 0..chains.len() {
        let taken: Vec<usize> = chains[..index]
            .iter()
            .filter(|earlier| earlier.reach >= chains[index].first)
            .map(|earlier| earlier.lane)
            .collect();
        chains[index].lane = if chains[index].is_path {
            0
        } else {
            (usize::from(has_path)..).find(|lane| !taken.contains(lane)).unwrap_or(taken.len())
        };
    }
    (0..nodes.len())
        .map(|row| {
            let own = &chains[chain_of[row]];
            let starts = own.first == row;
            let passes = |chain: &&Chain| chain.first < row && row < chain.reach;
            let others = chains.iter().enumerate().filter(|(index, _)| *index != chain_of[row]);
            Row {
                lane: own.lane,
                passing: others.map(|(_, chain)| chain).filter(passes).map(|chain| chain.lane).collect(),
                up: !starts,
                down: row < own.reach,
                from: parents[row].filter(|_| starts).map(|parent| chains[chain_of[parent]].lane),
                lane_zero_is_path: has_path,
            }
        })
        .collect()
}

fn parent_rows(nodes: &[TreeNode<'_>]) -> Vec<Option<usize>> {
    let mut seen = HashMap::with_capacity(nodes.len());
    nodes
        .iter()
        .enumerate()
        .map(|(row, node)| {
            let parent = node.parent.and_then(|id| seen.get(id).copied());
            seen.insert(node.id, row);
            parent
        })
        .collect()
}

/// Cuts the tree into chains. The path goes on only with the path; another turn goes on with its first child.
fn chains(nodes: &[TreeNode<'_>], parents: &[Option<usize>]) -> (Vec<Chain>, Vec<usize>) {
    let mut chains: Vec<Chain> = Vec::new();
    let mut chain_of: Vec<usize> = Vec::with_capacity(nodes.len());
    let mut continued = vec![false; nodes.len()];
    for (row, node) in nodes.iter().enumerate() {
        let parent = parents[row];
        if let Some(parent) = parent {
            let chain = &mut chains[chain_of[parent]];
            chain.reach = chain.reach.max(row);
        }
        let goes_on = parent.filter(|&parent| nodes[parent].on_path == node.on_path && !continued[parent]);
        if let Some(parent) = goes_on {
            continued[parent] = true;
            chain_of.push(chain_of[parent]);
        } else {
            chain_of.push(chains.len());
            chains.push(Chain { first: row, reach: row, lane: 0, is_path: node.on_path });
        }
    }
    (chains, chain_of)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node<'a>(id: &'a str, parent: Option<&'a str>, on_path: bool) -> TreeNode<'a> {
        TreeNode { id, parent, on_path, ..TreeNode::default() }
    }

    fn lanes(nodes: &[TreeNode<'_>]) -> Vec<usize> {
        lay_out(nodes).iter().map(|row| row.lane).collect()
    }

    #[test]
    fn the_path_is_the_first_column() {
        let nodes = [
            node("1", None, true),
            node("2", Some("1"), false),
            node("3", Some("2"), false),
            node("4", Some("1"), true),
            node("5", Some("4"), false),
            node("6", Some("4"), true),
        ];
        assert_eq!(lanes(&nodes), [0, 1, 1, 0, 1, 0]);
        let rows = lay_out(&nodes);
        assert_eq!(rows[1].passing, [0]);
        assert_eq!(rows[1].from, Some(0));
        assert!(rows[2].up && !rows[2].down && rows[2].from.is_none());
        assert!(!rows[5].down);
    }

    #[test]
    fn turns_after_a_rollback_leave_the_path() {
        let nodes = [node("1", None, true), node("2", Some("1"), false), node("3", Some("2"), false)];
        assert_eq!(lanes(&nodes), [0, 1, 1]);
    }

    #[test]
    fn branches_side_by_side_do_not_share_a_column() {
        let nodes = [
            node("1", None, true),
            node("a", Some("1"), false),
            node("b", Some("1"), false),
            node("a2", Some("a"), false),
            node("b2", Some("b"), false),
            node("2", Some("1"), true),
        ];
        assert_eq!(lanes(&nodes), [0, 1, 2, 1, 2, 0]);
    }

    proptest! {
        #[test]
        fn lines_never_overlap(parents in proptest::collection::vec((0usize..60, any::<bool>()), 0..60)) {
            let ids: Vec<String> = (0..parents.len()).map(|id| id.to_string()).collect();
            let mut path_end = None;
            let nodes: Vec<TreeNode<'_>> = parents.iter().enumerate().map(|(row, (pick, extend))| {
                let on_path = row == 0 || *extend;
                let parent = if row == 0 { None } else if on_path { path_end } else { Some(pick % row) };
                if on_path { path_end = Some(row); }
                node(&ids[row], parent.map(|parent| ids[parent].as_str()), on_path)
            }).collect();
            for (row, shape) in lay_out(&nodes).iter().enumerate() {
                let mut columns = shape.passing.clone();
                columns.push(shape.lane);
                columns.sort_unstable();
                columns.dedup();
                prop_assert_eq!(columns.len(), shape.passing.len() + 1, "row {}", row);
                prop_assert_eq!(shape.lane == 0, nodes[row].on_path);
            }
        }
    }
}
