//! What the player does, read from the first verb that is known.

use crate::canon::Language;
use crate::tokens::is_cjk;

/// A kind of deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Look,
    Go,
    Ask,
    Say,
    Take,
    Give,
    Open,
    Read,
    Wait,
    Fight,
    Hide,
    Listen,
    Follow,
    Rest,
    Use,
    Other,
    Nothing,
}

/// The deed, and what it is done to where that can be told without parsing the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) action: Action,
    pub(super) thing: Option<String>,
}

/// Reads a player's line. Both languages are looked for whatever the story's own: players mix them.
pub(super) fn read(story: &str, language: Language) -> Deed {
    let story = story.trim();
    if story.is_empty() {
        return Deed { action: Action::Nothing, thing: None };
    }
    if story.starts_with(['“', '"', '「', '『']) {
        let action = if story.contains(['?', '？']) { Action::Ask } else { Action::Say };
        return Deed { action, thing: None };
    }
    let found = match language {
        Language::ZhCn => chinese(story).or_else(|| english(story)),
        Language::En => english(story).or_else(|| chinese(story)),
    };
    let is_handled = |action| matches!(action, Action::Take | Action::Open | Action::Read | Action::Use);
    match found {
        Some(deed) => Deed { thing: deed.thing.filter(|_| is_handled(deed.action)), ..deed },
        None if story.ends_with(['?', '？']) => Deed { action: Action::Ask, thing: None },
        None => Deed { action: Action::Other, thing: None },
    }
}

/// The earliest verb wins, the longer one of two that begin together.
fn chinese(story: &str) -> Option<Deed> {
    let verbs = ZH_VERBS.iter().flat_map(|(action, verbs)| verbs.iter().map(move |verb| (*action, *verb)));
    let found = verbs.filter_map(|(action, verb)| story.find(verb).map(|at| (at, verb, action)));
    let (at, verb, action) =
        found.min_by(|left, right| left.0.cmp(&right.0).then(right.1.len().cmp(&left.1.len())))?;
    Some(Deed { action, thing: chinese_thing(&story[at + verb.len()..]) })
}

/// What follows the verb up to the next mark, when it is short and holds no word that would make it more than a name.
fn chinese_thing(after: &str) -> Option<String> {
    let after = ["一下", "起来", "起", "下", "了", "走", "开", "着"]
        .iter()
        .fold(after, |rest, particle| rest.strip_prefix(particle).unwrap_or(rest));
    let end = after.find(|character: char| !is_cjk(character) || !character.is_alphanumeric());
    let thing = &after[..end.unwrap_or(after.len())];
    let length = thing.chars().count();
    let plain = !thing.contains(|character| {
        "我你他她它们了着去来和跟在给对就然后并再到里上中向把一吗呢吧看问".contains(character)
    });
    ((1..=7).contains(&length) && plain).then(|| thing.to_owned())
}

fn english(story: &str) -> Option<Deed> {
    let lower = story.to_lowercase();
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_alphabetic() && character != '\'').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let (position, action) = words
        .iter()
        .enumerate()
        .find_map(|(position, word)| english_action(word).map(|action| (position, action)))?;
    let verb = words[position];
    let after = lower.find(verb).map_or("", |at| &lower[at + verb.len()..]);
    Some(Deed { action, thing: english_thing(after) })
}

fn english_action(word: &str) -> Option<Action> {
    let is_form = |verb: &str| {
        let stem = if verb.ends_with("ee") { verb } else { verb.strip_suffix('e').unwrap_or(verb) };
        verb == word
            || word.strip_prefix(stem).is_some_and(|ending| ["s", "es", "ed", "ing"].contains(&ending))
    };
    EN_VERBS.iter().find(|(_, verbs)| verbs.iter().any(|verb| is_form(verb))).map(|(action, _)| *action)
}

/// A determiner and one or two words up to a mark or a word that goes on to something else.
fn english_thing(after: &str) -> Option<String> {
    let clause = after.split([',', '.', ';', '!', '?', '"', '\n']).next()?;
    let mut words = clause.split_whitespace().skip_while(|word| ["up", "open", "down"].contains(word));
    let determiner = match words.next()? {
        "my" => "your",
        word @ ("the" | "a" | "an" | "your" | "this" | "that" | "his" | "her" | "their") => word,
        _ => return None,
    };
    let stops = [
        "and", "then", "to", "with", "from", "into", "in", "on", "at", "for", "while", "that", "which",
        "before", "after", "off", "out", "of", "by", "as", "again", "so",
    ];
    let name: Vec<&str> = words.by_ref().take_while(|word| !stops.contains(word)).collect();
    let determiner = if determiner == "a" || determiner == "an" { "the" } else { determiner };
    (1..=3).contains(&name.len()).then(|| format!("{determiner} {}", name.join(" ")))
}

const ZH_VERBS: &[(Action, &[&str])] = &[
    (
        Action::Look,
        &[
            "看", "观察", "打量", "环顾", "查看", "检查", "搜", "找", "张望", "盯", "望", "瞧", "巡视",
            "翻找", "端详", "寻找",
        ],
    ),
    (
        Action::Go,
        &[
            "走", "去", "前往", "进入", "来到", "回到", "爬", "上楼", "下楼", "跑", "登上", "穿过", "离开",
            "出发", "赶往", "返回", "靠近", "走向", "划船", "下山", "上山", "赶到",
        ],
    ),
    (Action::Ask, &["问", "打听", "询问", "请教", "质问", "追问"]),
    (
        Action::Say,
        &[
            "说",
            "告诉",
            "喊",
            "叫",
            "回答",
            "道歉",
            "答应",
            "解释",
            "承认",
            "劝",
            "打招呼",
            "聊",
            "谈",
            "坦白",
        ],
    ),
    (Action::Take, &["拿", "捡", "取", "拾", "收起", "抓起", "带上", "偷", "接过", "摘", "抱起"]),
    (Action::Give, &["递", "交给", "还给", "送给", "给"]),
    (Action::Open, &["打开", "推开", "拉开", "撬", "开门", "开锁", "掀开", "解开", "推门", "揭开"]),
    (Action::Read, &["读", "翻开", "翻看", "翻阅", "阅读", "辨认", "翻到"]),
    (Action::Wait, &["等", "守着", "不动", "停下", "留在", "静观"]),
    (
        Action::Fight,
        &["打", "攻击", "刺", "砍", "拔刀", "拔剑", "推倒", "踢", "扑", "挥", "射", "反抗", "搏斗", "揍"],
    ),
    (Action::Hide, &["躲", "藏", "潜", "溜"]),
    (Action::Listen, &["听", "倾听", "侧耳"]),
    (Action::Follow, &["跟上", "跟着", "跟踪", "尾随", "追"]),
    (Action::Rest, &["休息", "睡", "坐下", "歇", "喝", "吃", "烤火"]),
    (Action::Use, &["用", "点燃", "点亮", "修", "按", "拉", "转动", "敲", "摇", "点上", "吹灭"]),
    (Action::Other, &["希望", "看来", "看起来", "听说", "去年"]),
];

const EN_VERBS: &[(Action, &[&str])] = &[
    (
        Action::Look,
        &[
            "look", "examine", "inspect", "search", "searches", "study", "studies", "watch", "watches",
            "observe", "scan", "scanning", "peer", "stare", "check", "survey", "explore", "find", "glance",
            "see", "found", "saw",
        ],
    ),
    (
        Action::Go,
        &[
            "go", "goes", "going", "walk", "head", "climb", "enter", "leave", "run", "running", "return",
            "cross", "travel", "step", "stepping", "approach", "move", "descend", "ride", "sail", "went",
            "left", "ran", "hurry", "continue",
        ],
    ),
    (Action::Ask, &["ask", "question", "inquire", "enquire"]),
    (
        Action::Say,
        &[
            "say",
            "tell",
            "speak",
            "shout",
            "call",
            "whisper",
            "answer",
            "reply",
            "replies",
            "greet",
            "promise",
            "apologize",
            "apologise",
            "thank",
            "explain",
            "talk",
            "said",
            "told",
            "spoke",
            "admit",
            "warn",
        ],
    ),
    (
        Action::Take,
        &[
            "take", "grab", "grabbing", "pick", "steal", "collect", "pocket", "lift", "fetch", "took",
            "stole", "gather",
        ],
    ),
    (Action::Give, &["give", "hand", "offer", "pay", "gave", "share"]),
    (Action::Open, &["open", "unlock", "pry", "push", "pull"]),
    (Action::Read, &["read", "decipher"]),
    (Action::Wait, &["wait", "stay", "pause", "stand", "linger", "stood", "stop"]),
    (
        Action::Fight,
        &[
            "fight", "attack", "hit", "strike", "stab", "shoot", "punch", "draw", "kick", "swing", "fought",
            "struck", "throw",
        ],
    ),
    (Action::Hide, &["hide", "sneak", "crouch", "duck", "creep", "hid"]),
    (Action::Listen, &["listen", "hear", "heard"]),
    (Action::Follow, &["follow", "chase", "track", "pursue", "tail"]),
    (Action::Rest, &["rest", "sleep", "sit", "sitting", "drink", "eat", "sat", "slept", "ate", "drank"]),
    (
        Action::Use,
        &["use", "light", "press", "turn", "repair", "fix", "burn", "ring", "cut", "build", "knock", "try"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_deeds_in_both_languages() {
        let cases = [
            ("我走进灯塔，看看有没有人", Action::Go, None),
            ("打听潮汐钟的事", Action::Ask, None),
            ("打开铁门", Action::Open, Some("铁门")),
            ("拿起那本日志，翻开", Action::Take, Some("那本日志")),
            ("拿起桌上的灯笼", Action::Take, None),
            ("“你是谁？”", Action::Ask, None),
            ("“别动。”", Action::Say, None),
            ("希望他能来", Action::Other, None),
            ("嗯", Action::Other, None),
            ("", Action::Nothing, None),
            ("I pick up the brass key and go", Action::Take, Some("the brass key")),
            ("Open my letter.", Action::Open, Some("your letter")),
            ("She hides behind the wall", Action::Hide, None),
            ("I am going to the harbour", Action::Go, None),
            ("What is that?", Action::Ask, None),
            ("Dance", Action::Other, None),
            ("take everything I can carry", Action::Take, None),
        ];
        for (story, action, thing) in cases {
            let language = if story.is_ascii() { Language::En } else { Language::ZhCn };
            let expected = Deed { action, thing: thing.map(str::to_owned) };
            assert_eq!(read(story, language), expected, "{story}");
        }
    }
}
