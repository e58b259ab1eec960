//! The tree of a story's branches, one row a turn, drawn so that the current path is one straight line at the left.
//!
//! It draws what it is given: a caller with thousands of turns passes only forks, heads and the neighbourhood of the
//! reader, with the omitted stretch named in a node's note.

use maud::{Markup, html};

use crate::catalog::shell_catalog;
use crate::locale::Language;

mod lanes;

use lanes::{Row, lay_out};

/// Height of a row and distance of two lanes, in CSS pixels; the style sheet has the same height.
const ROW_HEIGHT: usize = 48;
const LANE_WIDTH: usize = 18;

/// A turn in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeNode<'a> {
    /// Unique in the tree.
    pub id: &'a str,
    /// The node this one follows; one that is not in the tree makes a root.
    pub parent: Option<&'a str>,
    /// Where the row leads.
    pub href: &'a str,
    /// First words of the turn; cut by the style sheet.
    pub label: &'a str,
    /// Small figure before it, for instance the turn's number.
    pub note: &'a str,
    /// Whether it belongs to the path that is being read.
    pub on_path: bool,
    /// Whether the reader is here.
    pub current: bool,
    /// Whether its text is degraded.
    pub degraded: bool,
    /// Name of the branch whose head it is.
    pub branch: Option<&'a str>,
}

/// The tree as a list of links with the lines drawn beside them. Parents must come before their children.
pub fn branch_tree(language: Language, nodes: &[TreeNode<'_>]) -> Markup {
    let rows = lay_out(nodes);
    let lanes =
        rows.iter().flat_map(|row| row.passing.iter().copied().chain([row.lane])).max().unwrap_or(0) + 1;
    let width = lanes * LANE_WIDTH;
    html! {
        ol.tree aria-label=(shell_catalog().text(language, "tree-label")) {
            @for (node, row) in nodes.iter().zip(&rows) {
                li.tree-row.on-path[node.on_path].current[node.current] {
                    (lines(node, row, width))
                    a.tree-link href=(node.href) aria-current=[node.current.then_some("true")] {
                        span.tree-note { (node.note) }
                        span.tree-label { (node.label) }
                        @if node.degraded {
                            span.tree-mark { (shell_catalog().text(language, "tree-degraded")) }
                        }
                        @if let Some(branch) = node.branch { span.tree-branch { (branch) } }
                        @if node.current {
                            span.visually-hidden { (shell_catalog().text(language, "tree-here")) }
                        }
                    }
                }
            }
        }
    }
}

fn lines(node: &TreeNode<'_>, row: &Row, width: usize) -> Markup {
    let (own, middle) = (x_of(row.lane), ROW_HEIGHT / 2);
    let class = |lane: usize| if lane == 0 && row.lane_zero_is_path { "line path" } else { "line" };
    html! {
        svg.tree-lines width=(width) height=(ROW_HEIGHT) viewBox=(format!("0 0 {width} {ROW_HEIGHT}"))
            aria-hidden="true" focusable="false" {
            @for lane in &row.passing {
                path class=(class(*lane)) d=(format!("M{0} 0V{ROW_HEIGHT}", x_of(*lane))) {}
            }
            @if row.up { path class=(class(row.lane)) d=(format!("M{own} 0V{middle}")) {} }
            @if row.down { path class=(class(row.lane)) d=(format!("M{own} {middle}V{ROW_HEIGHT}")) {} }
            @if let Some(from) = row.from {
                path.line d=(format!("M{0} 0C{0} 14 {own} 8 {own} {middle}", x_of(from))) {}
            }
            @if node.current { circle.halo cx=(own) cy=(middle) r="8" {} }
            circle.node.path[node.on_path].degraded[node.degraded] cx=(own) cy=(middle) r="4.5" {}
        }
    }
}

fn x_of(lane: usize) -> usize {
    lane * LANE_WIDTH + LANE_WIDTH / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_links_and_tells_its_state_in_words() {
        let nodes = [
            TreeNode {
                id: "a",
                href: "/t/a",
                label: "<b>雾</b>",
                note: "1",
                on_path: true,
                ..TreeNode::default()
            },
            TreeNode {
                id: "b",
                parent: Some("a"),
                href: "/t/b",
                label: "门",
                note: "2",
                current: true,
                on_path: true,
                degraded: true,
                branch: Some("main"),
            },
        ];
        let text = branch_tree(Language::ZhCn, &nodes).into_string();
        assert!(text.contains("&lt;b&gt;雾&lt;/b&gt;") && !text.contains("<b>"), "{text}");
        for word in ["当前位置", "降级文本", "main", "aria-current=\"true\""] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert_eq!(branch_tree(Language::En, &[]).into_string().matches("<li").count(), 0);
    }
}
