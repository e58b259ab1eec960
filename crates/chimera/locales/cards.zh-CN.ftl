# 一条点评里显示的内容。

outcome-win = 胜利
outcome-loss = 失败
outcome-remake = 重开
outcome-placement = 第 { $place } 名
outcome-unknown = 已结束

main-role = （主玩{ $role }）
habits-mean = 近 { $count } 场平均 **{ $mean }** 分，本场 { $ahead }

mode-rift = 召唤师峡谷
mode-aram = 极地大乱斗
mode-arena = 斗魂竞技场
mode-rotating = 轮换模式
mode-other = 特殊模式

role-top = 上单
role-jungle = 打野
role-mid = 中单
role-bot = 下路
role-support = 辅助
role-fill = 补位
role-none = 未设置

score-line = **{ $score }** / 100 · 评级 **{ $tier }**
no-score = 本场没有评分。
summary-line = { $mode } · { $duration } · { $role }
summary-line-no-role = { $mode } · { $duration }

field-strengths = 核心优势（与同场相比）
field-improvements = 重点补强（与同场相比）
field-strengths-team = 核心优势
field-improvements-team = 重点补强
field-timeline = 时间线增强
field-build = 出装 & 符文
field-snapshot = 个人快照
field-habits = 与以往比赛相比
field-evidence = 证据时刻
field-fight = 关键团战
field-charts = 数据图表
field-partial = 本次点评缺少的内容
field-degraded = 关于文字部分
field-record = 战绩
field-lineup = 团队阵容
field-enemies = 对方阵容
field-match = 比赛信息
charts-link = 打开图表
charts-link-of = 打开图表：{ $alt }

dimension-combat = 战斗
dimension-economy = 经济
dimension-objective = 资源控制
dimension-vision = 视野
dimension-teamplay = 团队配合
dimension-growth = 发育
dimension-tankiness = 承伤
dimension-damage_composition = 伤害构成
dimension-survivability = 生存
dimension-crowd_control = 控制
dimension-damage = 输出
dimension-support = 支援
dimension-placement = 名次

timeline-gold = 10 分钟对线经济差：**{ $value }**
timeline-xp = 10 分钟对线经验差：**{ $value }**
timeline-gold-team = 10 分钟双方经济差：**{ $value }**
timeline-xp-team = 10 分钟双方经验差：**{ $value }**
timeline-conversion = 击杀转化为目标：**{ $value }**（{ $count } 次）
timeline-wards = 每分钟插眼：**{ $value }**
timeline-objectives = 小龙 { $dragons } · 大龙 { $barons } · 先锋 { $heralds } · 虚空巢虫 { $voidgrubs } · 防御塔 { $towers }

build-items = 装备：{ $names }
build-runes = 主系符文：{ $names }
build-secondary = 副系符文：{ $names }
build-spells = 召唤师技能：{ $names }
build-augments = 强化符文：{ $names }

snapshot-kda = K/D/A **{ $kills }/{ $deaths }/{ $assists }**（KDA { $kda }）
snapshot-participation = 参团率 { $share }
snapshot-cs = 补刀 **{ $cs }**（{ $rate }/分）
snapshot-gold = 金币 { $gold }
snapshot-vision = 视野得分 { $vision }
snapshot-dealt = 对英雄伤害 **{ $damage }**
snapshot-share = 占全队 { $share }
snapshot-taken = 承受伤害 { $damage }
snapshot-level = 等级 { $level }
snapshot-cc = 控制 { $seconds } 秒

record-high = 击杀与助攻都很出色。
record-good = 击杀与助攻多于阵亡。
record-even = 击杀、助攻与阵亡大致持平。
record-remake = 比赛刚开始就结束了，没有什么可评的。
record-low = 这场打得不容易。

evidence-first_blood = 拿下一血，击杀 { $who }
evidence-first_blood_victim = 一血被 { $who } 拿走
evidence-solo_kill = 单杀 { $who }
evidence-solo_death = 单挑不敌 { $who }
evidence-multi_kill = { $count ->
    [2] 双杀
    [3] 三杀
    [4] 四杀
    [5] 五杀
   *[other] { $count } 连杀
 }
evidence-shutdown = 终结 { $who }（+{ $gold } 金币）
evidence-bounty_lost = 自己的赏金被 { $who } 拿走（{ $gold } 金币）
evidence-death_before_objective = 阵亡后 { $seconds } 秒，对方拿下{ $objective }
evidence-objective = 参与拿下{ $objective }
evidence-objective_last_hit = 最后一击拿下{ $objective }
evidence-conversion = 击杀后 { $seconds } 秒拿下{ $objective }
evidence-wards_cleared = 两分钟内排掉 { $count } 个眼
evidence-item_finished = 合成 { $item }
evidence-level_lead = 先于对位 { $seconds } 秒到达 { $level } 级
evidence-death_streak = 四分钟内阵亡 { $count } 次
evidence-fight = 团战：击杀 { $won } 比 { $lost }
evidence-takedowns = 一回合内参与击倒 { $count } 名对手
evidence-other = 值得留意的时刻
evidence-nobody = 敌方

objective-plate = 塔皮
objective-tower = 防御塔
objective-inhibitor = 水晶
objective-voidgrub = 虚空巢虫
objective-herald = 峡谷先锋
objective-dragon = 小龙
objective-elder_dragon = 远古巨龙
objective-atakhan = 厄塔汗
objective-baron = 大龙
objective-monster = 大型野怪
objective-other = 目标

region-baron_pit = 大龙坑附近
region-dragon_pit = 小龙坑附近
region-top_lane = 上路
region-mid_lane = 中路
region-bot_lane = 下路
region-blue_jungle = 蓝色方野区
region-red_jungle = 红色方野区
region-river = 河道
region-blue_base = 蓝色方高地
region-red_base = 红色方高地
region-elsewhere = 战场
region-other = 战场
fight-line = `{ $from }–{ $to }` { $region } · 击杀 { $kills }
fight-objective = 随后拿下{ $objective }

partial-no_timeline = Riot 没有这场的时间线：需要它的内容已略去。
partial-empty_timeline = 时间线是空的：需要它的内容已略去。
partial-timeline_gap = 时间线在 { $from } 到 { $to } 之间缺失，其间的数字不给出。
partial-foreign_timeline = 收到的时间线属于另一场比赛，没有使用。
partial-missing_fields = Riot 的记录缺少计分字段：{ $fields }。
partial-remake = 本场为重开：没有评分。
partial-aborted = 本场被服务器中断：没有评分。
partial-placement_unknown = Riot 没有给出名次：没有评分。
partial-unscored_mode = 这个模式没有评分标准：只列出战绩。
partial-borrowed_yardstick = 这个模式有自己的规则，这里按召唤师峡谷的标准衡量。
partial-hidden_players = 有 { $count } 名玩家被游戏隐藏，不显示名字。
partial-bots = 有 { $count } 名电脑玩家参加。
partial-other = 部分数据缺失。
partial-augments = Riot 给出的强化符文列表可能不完整。

degraded-model_unavailable = 语言模型暂时无法使用，文字由模板生成。
degraded-model_slow = 语言模型响应过慢，文字由模板生成。
degraded-over_budget = 语言模型的预算已用完，文字由模板生成。
degraded-unsupported_claims = 模型写了比赛里没有的内容，已改用模板文字。
degraded-compliance = 模型的文字不符合 Riot 的规定，已改用模板文字。
degraded-malformed = 模型的回答无法使用，文字由模板生成。
degraded-switched_off = 语言模型已关闭，文字由模板生成。
degraded-other = 文字由模板生成。

highlight-team = { $dimension } { $value } · 比队伍均值 { $team }
highlight-lane = ，比对位 { $lane }
lineup-head = #|英雄|玩家|评分|K/D/A|伤害|视野
player-hidden = 隐藏
player-bot = 电脑
duo-line = 搭档 { $who }：{ $score }
rank-line = 队内第 { $rank } / { $size } 名 · 队伍均值 { $mean }

button-up = 有帮助
button-down = 没帮助
button-star = 非常棒
button-explain = 评分说明

footer-version = 评分 { $version }
footer-stage = { $name } { $ms } ms
footer-task = 任务 { $id }
stage-resolve = 查找
stage-fetch = 获取
stage-score = 评分
stage-save = 保存
stage-llm = 文字
stage-images = 图表
stage-webhook = 发送
stage-total = 总计
legal = Chimera 未获 Riot Games 认可，亦不代表 Riot Games 或任何正式参与制作、管理 Riot Games 资产之人士的观点或意见。Riot Games 及所有相关资产均为 Riot Games, Inc. 的商标或注册商标。

explain-title = 评分是怎样得出的 · { $champion }
explain-head = 评分 { $version }：**{ $score }** = 各维度“得分 × 权重”之和。
explain-dimension = { $name } { $value } × { $weight }
explain-none = 本场没有评分，因此没有可说明的内容。
