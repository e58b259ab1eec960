//! Win rates and ranks of augments and items.

use crate::compliance::Rule::{TierRank, WinRate};
use crate::compliance::pattern::{Written, written};

/// A percentage that belongs to something harmless in the same breath.
const HARMLESS_SHARE: &str = concat!(
    r"(?:参团|参与|占比|占全队|份额|转化|命中|击杀参与|队伍|全队|团队伤害|伤害|经济|承伤|血量|生命)[^,。]{0,8}<pct>",
    r"|<pct>的?(?:参团|参与|占比|份额|转化|命中|伤害|经济|承伤|团战|血量|生命|输出)",
    r"|(?:participation|share|conversion|\bkp\b|accuracy)[^,.]{0,12}<pct>",
    r"|<pct>(?: \w+){0,3} (?:participation|share|conversion|damage|gold|health|hp)"
);

pub(super) fn patterns() -> Vec<Written> {
    let mut patterns = win_rates();
    patterns.extend(shares_of_wins());
    patterns.extend(ranks());
    patterns
}

fn win_rates() -> Vec<Written> {
    let rate =
        r"胜率|赢率|胜场率|获胜率|胜出率|取胜率|胜律|胜绿|胜lv|月生率|胜rate|win的?(?:率|概率)|winning率";
    let english = concat!(
        r"\bwin[-_ ./]*rat(?:e|es|io)\b|winrate|\bwin ?(?:%|pct|percent\w*|ratio)|winning (?:percentage|rate|ratio|pct)",
        r"|victory (?:rate|percentage)|\bw ?[./]? ?r\b(?:[. :=,]|$)|win[- ]?(?:to[- ]?)?loss|wins? to loss(?:es)?|s ?heng ?(?:lv|lu)\b|success rate"
    );
    let placed = concat!(
        r"(?:吃鸡|登顶|夺冠|第一|头名|前[一二三四1234]名?)率|top ?[- ]?(?:[1-4]|one|two|four)s?[- ](?:finish )?(?:rate|percentage)",
        r"|first[- ]place (?:rate|percentage)|(?:吃鸡|登顶|夺冠)的?(?:概率|几率)"
    );
    let average = r"(?:平均|场均|均)(?:名次|排名|顺位)|(?:average|avg\.?|mean) (?:placement|finish|place)\b";
    vec![
        written(WinRate, rate).unless_before("回合|对局内回合|回合的"),
        written(WinRate, r"回合的?(?:胜率|获胜率)").needs("<aug>"),
        written(WinRate, english).unless_before(r"rounds?[- ]?"),
        written(WinRate, r"rounds?[- ]?win[- ]?rate").needs("<aug>"),
        written(WinRate, placed),
        written(WinRate, average).unless(r"(?:你|your)的?(?:平均|场均| average| avg)"),
        written(WinRate, average).needs("<aug>"),
        written(
            WinRate,
            r"(?:获胜|取胜|赢|胜利|胜出|吃鸡|夺冠|拿?第一名?|前四)的?(?:概率|几率|机率|可能性?|比例|占比|百分比|比率|频率)",
        )
        .unless("<future>"),
    ]
}

fn shares_of_wins() -> Vec<Written> {
    let en_win = r"\b(?:wins?|won|winning|victor(?:y|ies)|first(?: place)?|top (?:four|4|two|2)|finish(?:es)? (?:first|top))\b";
    vec![
        written(WinRate, r"<pct>[^。]{0,16}(?:赢|获胜|胜利|胜出|取胜|夺冠|吃鸡|登顶|第一|前四|头名)")
            .needs("<crowd>")
            .unless(HARMLESS_SHARE),
        written(WinRate, r"(?:赢|获胜|胜利|胜出|取胜|夺冠|吃鸡|登顶|第一|前四|头名)[^。]{0,12}<pct>")
            .needs("<crowd>")
            .unless(HARMLESS_SHARE),
        written(WinRate, r"<pct>的?(?:玩家|人|对局|比赛|局|场次?|把|时候|时间)[^。]{0,10}(?:赢|获胜|胜利|胜出|第一|前四|吃鸡)"),
        written(WinRate, en_win).needs("<pct>").needs("<crowd>").unless(HARMLESS_SHARE),
        written(
            WinRate,
            r"\b(?:wins?|won|winning|victories)\b[^.]{0,24}<pct> of (?:all |the |its |their |them|those|arena )*(?:games|matches|time|them|those|rounds)?",
        )
        .unless(HARMLESS_SHARE),
        written(WinRate, r"<pct> of (?:all |the |its |their |arena )*(?:games|matches|time|them)[^.]{0,30}\b(?:wins?|won)\b")
            .unless(HARMLESS_SHARE),
        written(WinRate, r"<num>(?:局|把|场|盘|次)[^。]{0,8}(?:赢|胜|第一|吃鸡)[^。]{0,4}<num>(?:局|把|场|盘|次)").unless("<future>|回合"),
        written(WinRate, r"<num>(?: times| wins| games)? (?:out of|of|in) (?:every |\w+ )?<num>\b")
            .needs(r"\b(?:wins?|won|victor|first|places?|placed|top|finish)")
            .needs("<aug>"),
        written(WinRate, r"<num>(?:局|把|场|盘|次|个|人|名)[^。]{0,10}<num>(?:局|把|场|盘|次|个|人|名)?(?:都|能|会|可以)?(?:进|拿|是)?(?:吃鸡|前四|第一|赢|胜|夺冠)")
            .needs("<crowd>"),
        written(WinRate, r"<pct>的?(?:把握|机会|可能性?|概率|几率|机率)[^,。]{0,6}(?:赢|胜|拿下|第一|吃鸡|夺冠|前四)").unless("<future>"),
        written(WinRate, r"(?:更容易|更能|容易|提高|提升|增加)[^,。]{0,6}(?:获胜|赢|胜率|吃鸡|第一)").needs("<aug>"),
        written(WinRate, r"wins? (?:more|most|fewer|less) (?:often|games)|(?:more|less) likely to win|more often than it loses").needs("<aug>"),
    ]
}

const TOWER_OR_BOOTS: &str = r"tower|turret|boots|塔|鞋|战队|俱乐部";

fn ranks() -> Vec<Written> {
    vec![
        written(TierRank, r"第?[一二三]档|[顶头]档|顶级|顶尖|头部|末流|下水道|必备|神级|断档").needs("<aug>"),
        written(TierRank, r"\b(?:rating|grade|score|rank|tier|ranking)\b[: ]*(?:of |is )*[sabcdf][+-]?(?:[^a-z]|$)").needs("<aug>"),
        written(TierRank, r"\b(?:top|bottom|head|first|last) (?:of|in|on) (?:the |every |all |any |its )*(?:\w+ ){0,3}(?:ranking|list|chart|table)"),
        written(TierRank, r"(?:^|[^a-z0-9])t[- ]?[0-9零一二三](?:$|[^a-z0-9%:.])").unless(TOWER_OR_BOOTS),
        written(TierRank, r"\btier[- ]?(?:[0-9]|zero|one|two|three)\b").unless(TOWER_OR_BOOTS),
        written(TierRank, r"\btier[- :]*(?:s|a|b|c|d)\b").unless("<score>"),
        written(TierRank, r"(?:^|[^a-z0-9])(?:s{1,3}|[abcdf]|ss)[+-]? ?[- ]?(?:级|档|tier)").needs("<aug>"),
        written(TierRank, r"(?:^|[^a-z0-9])(?:s{1,3}|[abcdf]|ss)[+-]? ?[- ]?(?:级|档|tier)").unless("<score>"),
        written(TierRank, r"\btiers?\b").needs("<aug>").unless(r"(?:gold|silver|prismatic)[- ]tier|tier[- ]?[23]? ?(?:boots|tower|turret)"),
        written(TierRank, r"\brank(?:s|ed|ing|ings)?\b").needs("<aug>").unless(r"\bteam\b|\byour rank|ranked (?:solo|flex|game|queue)"),
        written(TierRank, r"\b(?:god|top|highest|lowest|bottom|trash)[- ]tier"),
        written(TierRank, r"第[一二三四五12345]梯队|[一二三]线(?:强化|海克斯|装备)|tier[- ]?list|tierlist|梯度(?:表|榜)"),
        written(TierRank, r"(?:强化|海克斯|装备|符文|道具)(?:[^,。]{0,4})(?:排行|榜|强度榜|强度排名|天梯|梯队)"),
        written(TierRank, r"(?:排行榜?|榜单?|强度榜|排名)[^,。]{0,6}(?:第<num>|前<num>|榜首|<num>名)").needs("<aug>"),
        written(TierRank, r"(?:版本|目前|当前|全游戏|游戏里|游戏中|赛季)[^,。]{0,5}(?:最强|最好|最佳|最op|答案|之子|最弱|最差)")
            .unless(r"本局|这局"),
        written(TierRank, r"最强|最好的|最佳|天花板|必[拿选出]|无脑[拿选出]|闭眼[拿选出]|最弱|最差|最烂|首选|超模|强度(?:第|排|最)")
            .needs("<aug>"),
        written(
            TierRank,
            concat!(
                r"\b(?:the |most )?(?:best|strongest|most powerful|weakest|worst|most broken|overpowered|op|broken|meta",
                r"|must[- ](?:pick|take|have|buy)|auto[- ]?(?:pick|include)|never be passed)\b"
            ),
        )
        .needs("<aug>")
        .unless_before(r"\byour ?"),
        written(TierRank, r"评级[:是为]?[sabcdf][+-]?|(?:强度|排名)[:是为]?[sabcdf][+-]?(?:[^a-z]|$)").needs("<aug>"),
        written(TierRank, r"\b(?:rated|graded|ranked|tiered|ranks?|rates?|grades?)[: ]+(?:as |an? |at )*(?:[sabcdf][+-]?|#?\d+|first|second|third|(?:number |no\. ?)\w+)(?:\W|$)")
            .needs("<aug>"),
        written(TierRank, r"\bis (?:an? )?(?:[abcdf][+-]|s[+-]?)(?:[^a-z+'-]|$)").unless("<score>"),
        written(TierRank, r"(?:number one|no\. ?1|#1|top) (?:augment|item|prismatic|pick)|(?:augment|item) rank"),
    ]
}
