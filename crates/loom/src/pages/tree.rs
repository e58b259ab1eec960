//! The tree of a session: in the play page's drawer, and as a page of its own for those without a script.

use std::collections::{HashMap, HashSet};

use axum::{Extension, extract::State};
use chassis::{
    http::{Path, Query},
    problem::Problem,
};
use maud::{Markup, html};
use ui::{
    PageShell, Viewer,
    tree::{TreeNode, branch_tree},
};

use super::{Place, shell, text, turn::encode};
use crate::{
    app::App,
    auth::Caller,
    ids::{SessionId, TurnId},
    routes::{
        branches::{self, NodeView, TreeQuery, TreeView},
        sessions as owning,
    },
    store::{branches::Branch, sessions::Session},
};

/// `GET /sessions/{id}/tree`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(id): Path<SessionId>,
    Query(query): Query<TreeQuery>,
) -> Result<Markup, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let branch = branches::named(&app, &session, &session.active_branch).await?;
    let tree = branches::read_tree(&app, &session, &query).await?;
    let older = (tree.from > 1).then(|| {
        let to = tree.from - 1;
        format!("/sessions/{id}/tree?from={}&to={to}", (to - 399).max(1))
    });
    let body = html! {
        div.page-head {
            div {
                p.kicker { a href=(format!("/sessions/{id}")) { (session.name) } }
                h1 { (text(viewer.language, "branches")) }
            }
        }
        (drawing(&viewer, &session, &branch, &tree))
        @if let Some(older) = older { p { a.btn-quiet href=(older) { (text(viewer.language, "read-older")) } } }
    };
    Ok(PageShell {
        main_class: "narrow",
        ..shell(&viewer, &caller, Place::Sessions, session.name.clone(), body)
    }
    .render())
}

/// The drawing: the branch that is read is one straight line.
pub(super) fn drawing(viewer: &Viewer, session: &Session, branch: &Branch, tree: &TreeView) -> Markup {
    if tree.nodes.is_empty() {
        return html! { p.soft { (text(viewer.language, "tree-empty")) } };
    }
    let path = path_of(branch, &tree.nodes);
    let heads: HashMap<&TurnId, &str> =
        tree.branches.iter().filter_map(|it| Some((it.head.as_ref()?, it.name.as_str()))).collect();
    let addresses: Vec<(String, String)> =
        tree.nodes.iter().map(|node| address(session, node, &heads)).collect();
    let nodes: Vec<TreeNode<'_>> = tree
        .nodes
        .iter()
        .zip(&addresses)
        .map(|(node, (href, note))| TreeNode {
            id: node.id.as_str(),
            parent: node.parent_id.as_ref().map(TurnId::as_str),
            href,
            label: &node.snippet,
            note,
            on_path: path.contains(&node.id),
            current: branch.head.as_ref() == Some(&node.id),
            degraded: node.degraded,
            branch: heads.get(&node.id).copied(),
        })
        .collect();
    html! {
        (branch_tree(viewer.language, &nodes))
        @if tree.cut { p.soft { (text(viewer.language, "tree-cut")) } }
    }
}

/// A head leads to its branch; any other turn to its own page, from where one may go on.
fn address(session: &Session, node: &NodeView, heads: &HashMap<&TurnId, &str>) -> (String, String) {
    let href = match heads.get(&node.id) {
        Some(branch) => format!("/sessions/{}?branch={}#turn-{}", session.id, encode(branch), node.number),
        None => format!("/sessions/{}/turns/{}/explain", session.id, node.id),
    };
    (href, node.number.to_string())
}

fn path_of(branch: &Branch, nodes: &[NodeView]) -> HashSet<TurnId> {
    let parents: HashMap<&TurnId, Option<&TurnId>> =
        nodes.iter().map(|node| (&node.id, node.parent_id.as_ref())).collect();
    let mut path = HashSet::new();
    let mut next = branch.head.as_ref();
    while let Some(id) = next {
        path.insert(id.clone());
        next = parents.get(id).copied().flatten();
    }
    path
}
