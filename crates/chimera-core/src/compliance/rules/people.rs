//! Labels and blame on people, and who a hidden player is.

use crate::compliance::Rule::{NegativeLabel, Unmasking};
use crate::compliance::pattern::{Written, written};

/// A label that is denied right before it stands is no label.
const DENIED: &str = r"(?:^|[^是])(?:不是|不算|并非|并不|没有|没|不|绝非)(?:什么|一个|个|太|很|那么)?|\b(?:not|never|no|isn't|wasn't|aren't)(?: an?| the| so| at all| really)*(?: bad| such)? ?";

/// Someone: the reader, a role, a quoted name, a team mate.
const SOMEONE: &str = concat!(
    r"你|他|她|玩家|选手|队友|上单|打野|中单|下路|射手|adc|辅助|对面|对手|「|“|‘|《|表现|发挥|操作|意识|水平|技术",
    r"|\byou\b|\byour?\b|\bhe\b|\bshe\b|player|teammate|jungler|laner|support|\badc\b|\btop\b|\bmid\b|carry|performance|[\x22']"
);

/// What turns "you are simply …" into praise.
const PRAISE: &str = "mvp|天才|大腿|核心|功臣|关键|英雄|支柱|神|大哥|王牌|亮点|保障|最佳|榜样|定海|救星|发动机|节拍器|粘合剂|完美|优秀|出色|教科书|艺术";

pub(super) fn patterns() -> Vec<Written> {
    let mut patterns = chinese_labels();
    patterns.extend(english_labels());
    patterns.extend(unmasking());
    patterns
}

fn chinese_labels() -> Vec<Written> {
    let insults = concat!(
        r"垃圾|辣鸡|拉圾|la ?ji\b|fei ?wu\b|cai ?ji\b|废物|废柴|废人|废狗|坑货|坑比|坑逼|坑爹|坑王|坑队友|坑人|坑了|巨坑|太坑|真坑|很坑|最坑|有点坑|坑死",
        r"|演员|演得|在演|送人头|送头|送死|白送|送分|送给对面|提款机|白给|拖后腿|拖了后腿|拖累|混子|混分|躺狗|躺赢|躺分|毒瘤|猪队友|猪一样|弱智|脑残|智障|白痴",
        r"|傻|蠢|笨蛋|太笨|真笨|差劲|丢人|丢脸|耻辱|可耻|罪人|战犯|背锅|背大锅|甩锅|最大的锅|不配|辣眼|水货|太水|真水|混日子|拉胯|拉垮|拉了胯|下饭|犯病|可悲|可笑",
        r"|无能|无脑|没脑子|低能|没用|无用(?:[^大]|$)|毫无作用|毫无贡献|懦夫|胆小|怂|孤儿|祸害|累赘|小丑|弱鸡|弱爆|人渣|渣渣|战五渣|挂狗|代练|开挂|外挂|脚本狗|烂人|烂泥扶",
        r"|像人机|人机水平|跟人机|人机一样|不如人机|菜鸡|菜鸟|菜狗|菜逼|菜比|菜b|笑话|灾难|包袱|梦魇|噩梦|木头桩|漏洞百出|梦游|划水|摸鱼|坐牢|手残|眼瞎|瞎子|残废|脑瘫|垫底|倒数第|抱大腿|被带飞|老鼠屎|掉链子|漏勺|慈善家|活菩萨|软柿子|炮灰|罪魁祸首|元凶|罪魁|送分童子|一坨|稀烂|辱|巨婴|喷子|懒|摆烂|消极"
    );
    let mild = r"(?:太|真|很|最|好|极|巨|超|挺|又|非常|实在|特别|如此|这么|那么|有点)(?:菜|烂|差|弱|糟|坑|水|蠢|笨|废|糟糕|业余)";
    vec![
        written(NegativeLabel, insults).unless_before(DENIED),
        written(NegativeLabel, r"(?:你|他|她|玩家|队友|上单|打野|中单|射手|辅助|」)(?:这局|这把)?(?:就是个?|简直是?个?|纯属|纯纯的?|真是个?)")
            .unless(PRAISE),
        written(NegativeLabel, mild).needs(SOMEONE).unless_before(DENIED).unless(r"经济很差|视野很差"),
        written(NegativeLabel, r"[^蔬白上做饭点酸泡素荤炒]菜(?:[^单谱刀]|$)").unless_before(DENIED),
        written(NegativeLabel, r"(?:全队|全场|队里|队内|队伍里?|本局|本场|这局|场上|两边|十人)[^,。]{0,3}最(?:差|烂|菜|弱|坑|拉|糟)"),
        written(NegativeLabel, r"最(?:差|烂|菜|弱|坑|拉)的(?:玩家|选手|队友|人|位置|一个|一位|一环|那个|上单|打野|中单|射手|辅助|表现|发挥)"),
        written(NegativeLabel, r"(?:都?怪|全怪|只怪|归咎于|责任(?:全)?在|锅(?:全)?在|是因为)[^,。]{0,8}(?:送|输|坑|害|你|他|她|打野|辅助|中单|上单|射手)")
            .needs("怪|归咎|责任|锅|坑|害|送人头"),
        written(NegativeLabel, r"害得?(?:全|大家|队|你们|我们|整)|害(?:队友|死|惨)|葬送|毁了(?:这|比赛|本|整|全)|(?:输|败)(?:全)?(?:在|赖|怪)(?:你|他|她|打野|辅助|中单|上单|射手)"),
        written(NegativeLabel, r"(?:^|[^a-z])(?:fw|lj|sb|nc|cnm|nmsl|rz|zz|lese)(?:[^a-z]|$)"),
        written(NegativeLabel, r"不会玩|(?:根本|完全|压根)(?:不会|不懂)|不懂(?:怎么|如何)?(?:玩|打)|不会打团|别玩了|删游戏|卸载(?:吧|游戏)|(?:没有?|毫无|缺乏|零)(?:任何)?(?:意识|操作|大局观|脑子|水平|技术|实力|作用|贡献)|(?:全队|队伍|团队)的?短板|(?:输|失败|落败)的?(?:主要)?(?:原因|责任)(?:就?是|在|全在)(?:你|他|她|「|打野|中单|上单|辅助|射手)"),
    ]
}

fn english_labels() -> Vec<Written> {
    let insults = concat!(
        r"\b(?:trash|garbage|noobs?|newbs?|nub|feeders?|feeding|inting|inted|inter|troll(?:s|ed|ing)?|useless|worthless|pathetic|terrible|terribly|awful|awfully",
        r"|horrible|horribly|horrendous|abysmal|atrocious|dreadful|dead ?weight|deadweight|boosted|clowns?|losers?|idiots?|idiotic|stupid|dumb|moron\w*|imbecile|retard\w*",
        r"|embarrass\w+|disgrace\w*|shameful|disgusting|sucks?|sucked|hard ?stuck|hardstuck|griefers?|griefing|incompetent|incompetence|lazy|cowards?|cowardly|hopeless",
        r"|brain ?dead|clueless|laughable|laughing ?stock|lousy|crap|crappy|liability|weak link|scrubs?|bronzie|smurf\w*|scripter|cheater|hacker|elo ?hell|dogwater|dog ?shit|shit\w*",
        r"|fail(?:ure|ed (?:his|her|their|your) team)|critical weakness|washed|throwers?|bottom ?feeder|ungifted|talentless|mediocre|disaster|catastroph\w+|nightmare|potato|monkey|baggage|ballast|pitiful|miserable|foolish|ignorant|unskilled|inept|pushover|weakling|cancer|moronic|subpar|underperform\w*|disappoint\w*|disgraceful|free kills?|reason (?:you|we|they|your team) lost|no (?:game sense|mechanics|skill|brain|idea|clue|awareness)|dead last|waste of|choker|choked|walking atm|amateurish|ego(?:tistical|istic)|toxic)\b"
    );
    vec![
        written(NegativeLabel, insults).unless_before(DENIED),
        written(
            NegativeLabel,
            r"\bworst (?:player|performer|teammate|member|one|jungler|laner|support|adc|carry|top|mid|on|in|of (?:the|your) (?:team|game|lobby|five|ten)|performance|score of)",
        ),
        written(NegativeLabel, r"\b(?:the|your|was|were|is|are|clearly|easily) (?:the )?worst\b").needs(SOMEONE).unless("moment|dimension|phase"),
        written(NegativeLabel, r"\bweakest (?:player|link|member|teammate|performer|laner|on (?:the|your) team|of (?:the|your) team)"),
        written(NegativeLabel, r"\b(?:bad|poor|weak|sloppy|inept) (?:player|performance|teammate|jungler|laner|support|adc|showing|performer)|\b(?:play(?:s|ed|ing)?|perform(?:s|ed)?) (?:so |very |really |too )*(?:bad|badly|poorly)"),
        written(NegativeLabel, r"\b(?:is|are|was|were|you're|so|too) (?:so |very |really |just |simply |pretty |plain )*(?:bad|a joke|a bot|bots|trash|a burden|a waste|an anchor)\b")
            .unless_before(DENIED)
            .unless(r"(?:trade|timing|idea|luck|position)\w* (?:is|was|were)"),
        written(NegativeLabel, r"\blike (?:a|an|total|complete|utter) ?(?:bot|noob|beginner|joke|amateur|newbie|child|monkey)s?\b"),
        written(NegativeLabel, r"\b(?:fed|feed|feeds) (?:the )?(?:enemy|enemies|opponent|other team|them)|\b(?:you|he|she|they|jungler|laner|support) (?:just )?(?:fed|ints?|feeds?)\b"),
        written(NegativeLabel, r"\b(?:threw|throws?|throwing|cost|costs|ruin\w*|blew|griefed|sabotaged|lost)(?: \w+){0,2} (?:the|this|a|your|our|their|won) (?:whole |entire |won )?(?:game|match)\b")
            .unless(r"\b(?:you|your team|they|blue|red|team|side|we) lost the (?:game|match)"),
        written(NegativeLabel, r"\b(?:fault|to blame|blame (?:the|your|his|her|yourself|him|it)|blamed|responsible for (?:the|this|your) (?:loss|defeat))\b").unless_before(DENIED),
        written(NegativeLabel, r"\b(?:got|was|were|being|getting|been) (?:hard )?carried\b|\bdragg(?:ed|ing) (?:the |your |his |her |their )?(?:whole )?team|\bdragg(?:ed|ing) (?:\w+ )?(?:team )?down|\bhold(?:s|ing)? (?:the |your )?team back|\bheld (?:the |your )?team back"),
        written(NegativeLabel, r"\blet(?:s|ting)? (?:the|your|his|her|their|our) (?:whole )?team down|\b(?:never|not|n't) (?:should )?(?:have )?(?:be |been )?(?:queued?|playing|allowed)|\bshould(?:n't| not| never) (?:have )?(?:queued?|play(?:ed)?|pick(?:ed)?)"),
        written(NegativeLabel, r"\b(?:can't|cannot|doesn't know how to|don't know how to|no idea how to) play\b|\buninstall\b|\bshould (?:quit|uninstall|stop playing)\b|\bgit gud\b|\bskill issue\b|\bl2p\b"),
    ]
}

fn unmasking() -> Vec<Written> {
    let hidden = r"隐藏(?:的|了)?(?:玩家|选手|身份|名字|id|账号|那位|对手|队友)|不显示的|未公开的?|匿名|主播模式|打码|hidden (?:player|opponent|teammate|name|account|identity)|anonymous|streamer[- ]?mode|masked|incognito";
    vec![
        written(Unmasking, r"真名(?:叫|是|为|就)|本名(?:叫|是|为)|真实姓名|真实身份(?:是|为|就)|real (?:name|identity) (?:is|was)|whose real"),
        written(
            Unmasking,
            concat!(
                r"其实(?:就?是|叫)|真实身份|真身|就是|真名|本名|大号|小号|揭[开晓露]|扒出|身份(?:是|为|:)|应该是|猜(?:测|到|是)?|实为|原来是|叫做?|账号(?:是|属于)",
                r"|real (?:name|identity|account)|actually|really is|is really|is in fact|turns out|uncover|unmask|reveal|identity (?:is|was)|cannot hide|can't hide|behind (?:it|the|that)|who (?:it|they|that|the)|found out|must be|probably|none other|known as|alias",
                r"|\bis [a-z0-9]+ ?#[a-z0-9]+|(?:account|smurf)\b"
            ),
        )
        .needs(hidden),
        written(Unmasking, r"(?:这|那)?(?:位|个)?(?:打野|中单|上单|射手|辅助|玩家|对手)[^,。]{0,4}(?:是|为)[^,。]{1,16}的(?:小号|大号|马甲)|马甲是|(?:smurf|alt|second|secret) account of"),
    ]
}
