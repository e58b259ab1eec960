//! What a game not yet played will bring.

use crate::compliance::Rule::Prediction;
use crate::compliance::pattern::{Written, written};

/// Winning a fight, a lane or a round that lies in the past is no prediction.
const FIGHT: &str = r"赢下?了?(?:这|那|一)?[^,。]{0,4}(?:团|波|对线|线权|单挑)|转化[成为]|\bwin(?: \w+){0,3} (?:fight|trade|lane|skirmish|teamfight|duel)";

/// Foreseeing what an opponent did is a skill.
const FORESIGHT: &str = concat!(
    r"预测(?:到|了|出)?[^,。]{0,6}(?:对面|对手|敌方|打野|位置|路线|技能|走位|闪现|gank|抓)",
    r"|predict(?:ed|ing|s)?(?: \w+){0,3} (?:gank|flash|roam|path|pathing|rotation|engage|dash|dodge|move|moves|movement|position|skillshot|ability|jungler)"
);

pub(super) fn patterns() -> Vec<Written> {
    let mut patterns = chinese();
    patterns.extend(english());
    patterns
}

fn chinese() -> Vec<Written> {
    vec![
        written(
            Prediction,
            concat!(
                r"(?:会|将|能|必|肯定|一定|稳|大概率|多半|八成|预计|有望|估计|准|铁定|保证|可以拿|可以赢|机会|概率|几率|可能|要|又)[^,。]{0,8}",
                r"(?:赢|获胜|胜利|取胜|连胜|胜|输(?:[^出]|$)|败|吃鸡|第<num>名?|第1|夺冠|登顶|上分|掉分|晋级|上段|翻盘|carry|前四|前三)"
            ),
        )
        .needs("<future>")
        .unless("转化[成为]"),
        written(Prediction, r"(?:晋级赛?|升段|上段|定位赛)[^,。]{0,4}(?:必|稳|会|能|没问题|一定)|(?:很快|马上|迟早|早晚|不久)(?:就|都|便)?(?:能|会|可以|要)?[^,。]{0,5}(?:上分|更高|升|赢|晋级|打上|掉分|输)"),
        written(
            Prediction,
            r"(?:胜利|赢|连胜|上分|吃鸡|第一|夺冠|冠军)[^,。]{0,6}(?:在望|可期|没问题|没跑|属于你|是你的|到手|在等你|手到擒来)",
        ),
        written(
            Prediction,
            concat!(
                r"(?:预计|预期|有望|大概率|十有八九|铁定|必定|必将|必然|肯定|一定|保证|保你|包你?|稳|准能|看好|百分百|注定|九成|八成)[^,。]{0,8}",
                r"(?:赢|获胜|胜利|取胜|连胜|输(?:[^出]|$)|败北|吃鸡|第一名?|夺冠|登顶|上分|掉分|晋级|上段|翻盘|前四)"
            ),
        )
        .unless(FIGHT),
        written(Prediction, r"(?:赢|输)定|翻车|稳输|必败|必然[^,。]{0,4}(?:赢|胜|输(?:[^出]|$)|败)|必胜|必赢|稳赢|包赢|稳吃鸡|稳上分|必上分|稳第一|必输|胜算|赢面|胜券"),
        written(Prediction, r"预测|预言|预判(?:你|结果|胜负|比赛|下)|y ?u ?ce\b|预ce|押[^,。]{0,3}(?:赢|胜)").unless(FORESIGHT),
        written(Prediction, r"(?:蓝|红|我|敌)方(?:会|将|能|要|必)[^,。]{0,2}(?:赢|胜|获胜|输(?:[^出]|$)|拿下(?:比赛|对局|胜利|本局))"),
        written(Prediction, r"你们?(?:会|将|要|必)(?:会)?(?:赢|胜|获胜|输掉?|连胜|连败|上分|掉分)").unless(FIGHT),
        written(Prediction, r"(?:就能?|便能?|即可|必|准|稳|直接)[^,。]{0,3}(?:赢|胜|第一|吃鸡|夺冠|上分)").needs("<aug>"),
        written(Prediction, r"(?:概率|几率|机率|可能性|机会|成功率)").needs("<future>").needs("赢|胜|第一|吃鸡|上分|输(?:[^出]|$)|前四"),
        written(Prediction, r"(?:下一?(?:局|把|场|盘)|接下来|明天)(?:的?(?:比赛|对局|结果))?[^,。]{0,6}(?:稳了|没问题|轻松|赢定|输定|赢|拿捏)"),
    ]
}

fn english() -> Vec<Written> {
    vec![
        written(
            Prediction,
            concat!(
                r"(?:\bwill\b|gonna|going to|'ll|’ll|\bshall\b|about to|can expect|expect(?:ed|s)? (?:to|a)|likely to|bound to|sure to|destined",
                r"|set to|guarantee[sd]?|certain to|poised to|should easily|sure[- ]?fire)(?: \w+){0,3} ",
                r"(?:win|wins|lose|climb|rank up|promote|victory|victories|top (?:four|4)|first(?: place)?|1st|first-place)\b"
            ),
        )
        .unless(FIGHT),
        written(Prediction, r"\b(?:will|gonna|going to|'ll|’ll)\b[^.]{0,24}\b(?:win|lose|climb|victory|first|carry|top)\b").needs("<future>"),
        written(
            Prediction,
            r"\b(?:chances?|odds|probability|likelihood|likeliness)(?: \w+){0,4} (?:win\w*|victory|los(?:ing|e)|first|top|climb\w*)\b",
        )
        .unless(r"\bha(?:d|s|ve) (?:a |the |good |real |no )*(?:chance|odds)|missed|to take|(?:fight|lane|trade|skirmish|duel)"),
        written(Prediction, r"\bwin(?:ning)?[- ]?(?:chances?|odds|probability|predict\w*|likelihood|forecast)|chance of victory"),
        written(Prediction, r"\b(?:predict(?:s|ed|ion|ions|ing)?|forecasts?|projected|projection|prophecy|foresee\w*|prognos\w+)\b")
            .unless(FORESIGHT),
        written(
            Prediction,
            r"\bexpect(?:s|ed|ing)? (?:you|your team|them|him|her|us|blue|red)(?: side| team)? to (?:\w+ )?(?:win|lose|climb|take|carry|finish)",
        ),
        written(
            Prediction,
            r"\b(?:another|easy|sure|free|guaranteed|certain|likely|inevitable) (?:win|victory|loss|first place|top four|top 4|dub|lp)\b",
        ),
        written(Prediction, r"\b(?:victory|the win|win|first place|promotion) is (?:yours|certain|assured|guaranteed|a matter)|next (?:game|match|round|one)(?: is| will be|'s|:)[^.]{0,16}\b(?:win|yours|victory|loss|easy|lost)\b"),
        written(Prediction, r"\bwould(?: \w+){0,2} (?:have )?w[io]n\b").needs("<aug>"),
    ]
}
