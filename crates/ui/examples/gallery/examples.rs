//! The pages of the gallery: README examples in the shell, and one page with every component function.

use maud::{Markup, PreEscaped, html};
use ui::components::{
    Column, Confirmation, Icon, State, Tab, badge, confirm, dialog, drawer, empty_state, error_box, field,
    icon, notice, open_button, pager, progress, share_bar, stacked_bar, stat, table, tabs,
};
use ui::time::relative_time;
use ui::tree::{TreeNode, branch_tree};
use ui::{CONTENT_SECURITY_POLICY, Language, NavItem, PageShell, ProblemText, Viewer, problem_page};

const README: &str = include_str!("../../README.md");

const PAGES: [(&str, &str, &str); 7] = [
    ("components", "组件", ""),
    ("play", "故事", "play"),
    ("sessions", "会话", "narrow"),
    ("canon", "设定", "panes"),
    ("explain", "解释", ""),
    ("performance", "性能", ""),
    ("form", "表单", "narrow"),
];

/// The page of that name; any other name is the page for an error.
pub(crate) fn page(name: &str, viewer: &Viewer) -> Markup {
    let nav = PAGES
        .iter()
        .map(|(page, label, _)| NavItem::new(&format!("/{page}"), *label, *page == name))
        .collect();
    let Some((_, title, main_class)) = PAGES.iter().find(|(page, ..)| *page == name) else {
        return problem_page("loom", viewer, nav, &MISSING);
    };
    let body = if name == "components" { components(viewer.language) } else { from_readme(name) };
    let after = (name == "play").then(|| from_readme("drawer"));
    let document = PageShell { nav, main_class, after, ..PageShell::new("loom", *title, viewer, body) }
        .render()
        .into_string();
    // The policy as an element, because the gallery has no HTTP shell around it.
    let policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'; ", "");
    let policy = html! { meta http-equiv="Content-Security-Policy" content=(policy); }.into_string();
    PreEscaped(document.replacen("<meta charset=\"utf-8\">", &format!("<meta charset=\"utf-8\">{policy}"), 1))
}

const MISSING: ProblemText<'_> = ProblemText {
    status: 404,
    code: "session_not_found",
    happened: "没有编号为 01JD3X 的会话，可能已经被删除。",
    kept: None,
    next: "回到会话列表，或检查地址。",
    request_id: "01JD3XV7Q2M8",
};

/// The block that opens with "```html NAME", icons and tree filled in.
fn from_readme(name: &str) -> Markup {
    let opening = format!("```html {name}\n");
    let block =
        README.split_once(&opening).and_then(|(_, rest)| rest.split_once("\n```")).map(|(block, _)| block);
    let mut text = block.unwrap_or_default().replace("{tree}", &tree().into_string());
    for picture in Icon::ALL {
        text = text.replace(&format!("{{icon:{picture:?}}}"), &icon(picture).into_string());
    }
    PreEscaped(text)
}

fn tree() -> Markup {
    let node = |id, parent, note, label, on_path| TreeNode {
        id,
        parent,
        note,
        label,
        on_path,
        href: "#",
        ..TreeNode::default()
    };
    let nodes = [
        node("1", None, "1", "雾从傍晚就没有散过", true),
        node("2", Some("1"), "2", "我绕到灯塔背面", false),
        node("3", Some("2"), "3", "推开地窖的门，里面有光", false),
        TreeNode { branch: Some("地窖"), ..node("4", Some("3"), "4", "我往下走", false) },
        node("5", Some("1"), "2", "我敲门，然后退后一步", true),
        node("6", Some("5"), "3", "“带来了。”", false),
        TreeNode {
            degraded: true, ..node("7", Some("5"), "3", "我把信塞进去一半，捏住另一半", true)
        },
        TreeNode {
            branch: Some("追溯：她没有小指"), ..node("8", Some("6"), "4", "她笑了", false)
        },
        node("9", Some("7"), "4", "我松开手。", true),
        TreeNode {
            current: true, branch: Some("主线"), ..node("10", Some("9"), "5", "门开了一指宽", true)
        },
    ];
    branch_tree(Language::ZhCn, &nodes)
}

fn components(language: Language) -> Markup {
    html! {
        div.page-head { div { p.kicker { "ui" } h1 { "组件 Components" } } }
        (buttons(language))
        (states(language))
        (lists(language))
        (figures(language))
        (dialog(language, "hello", "标题 Title", &html! { p { "内容 Content" } }))
        (drawer(language, "side", "分支", &tree()))
    }
}

fn buttons(language: Language) -> Markup {
    html! {
        section.stack {
            h2 { "按钮 Buttons" }
            div.row {
                button.btn.btn-primary { (icon(Icon::Send)) "Primary" }
                button.btn { "Button" }
                button.btn-quiet { (icon(Icon::Retry)) "Quiet" }
                button.btn.btn-danger { "Danger" }
                button.btn disabled { "Disabled" }
                button.btn-icon title="Search" { (icon(Icon::Search)) }
                (open_button("hello", "#", "btn", &html! { "Dialog" }))
                (open_button("side", "#", "btn", &html! { "Drawer" }))
            }
            div.row { @for picture in Icon::ALL { (icon(picture)) } }
            (confirm(language, &Confirmation {
                id: "confirm-word",
                summary: "删除会话…",
                plan: html! { p { "将删除 214 个回合、3 个分支和它们的费用记录。无法撤销。" } },
                action: "#",
                hidden: &[],
                word: "雾港",
                button: "删除 214 个回合",
            }))
            (field("example", "名称 Name", &html! { input.input id="example" type="text"; }, Some("Hint"), Some("Error")))
        }
    }
}

fn states(language: Language) -> Markup {
    let all = [State::Ok, State::Info, State::Warning, State::Error, State::Working, State::Quiet];
    html! {
        section.stack {
            h2 { "状态 States" }
            div.row { @for state in all { (badge(state, &state.word(language))) } }
            @for state in all { (notice(state, &state.word(language), &html! { p { "一句话说明。 One sentence." } })) }
            (error_box(language, &ProblemText { status: 409, ..MISSING }))
            @for state in [State::Ok, State::Error] { (ui::components::toast(state, "已保存 Saved")) }
        }
    }
}

fn lists(language: Language) -> Markup {
    let tab = |label: &str, current| Tab {
        href: "#".to_owned(),
        label: label.to_owned(),
        count: Some(12),
        current,
    };
    let columns = [Column::text("名称 Name"), Column::figures("Tokens"), Column::text("状态 State")];
    let row = |name: &str, tokens: &str| {
        vec![html! { (name) }, html! { (tokens) }, badge(State::Ok, &State::Ok.word(language))]
    };
    html! {
        section.stack {
            h2 { "列表 Lists" }
            (tabs("Views", &[tab("全部 All", true), tab("归档 Archived", false)]))
            (table("Example", &columns, &[row("雾港灯塔", "1,204"), row("Ashfall", "98")]))
            (pager(language, Some("#"), Some("#"), "51–100 / 10,000"))
            (empty_state("还没有会话 No sessions yet", "选一个世界，写下第一句话。", Some(("#", "开始 Begin"))))
        }
    }
}

fn figures(language: Language) -> Markup {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let shares = [(300, 1, "a".to_owned()), (200, 2, "b".to_owned()), (90, 3, "c".to_owned())];
    html! {
        section.stack {
            h2 { "数字 Figures" }
            dl.stats { (stat("回合 Turns", "214", "", None)) (stat("费用 Cost", "1.32", "USD", Some(&html! { "预算 20 USD" }))) }
            (progress(language, "导入 Import", 340, Some(1200), "回合"))
            (progress(language, "导入 Import", 340, None, "回合"))
            (share_bar(420, 1000, 4, "42 %"))
            (stacked_bar(&shares, 1000, "shares"))
            p { (relative_time(language, at, at)) }
            (tree())
        }
    }
}
