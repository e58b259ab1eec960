# 斜杠命令的名称和说明。名称只能用小写字母、汉字、数字和 -。

command-bind = 绑定
    .description = 绑定 Riot 账号
option-force_rebind = 重新绑定
    .description = 已有绑定时再绑定一个账号
command-unbind = 解绑
    .description = 解除主账号的绑定
command-profile = 资料
    .description = 查看保存了哪些关于你的内容
command-accounts = 账号
    .description = 管理已绑定的账号
command-analyze = 点评
    .description = 点评一场已结束的比赛
option-match_index = 场次
    .description = 第几场：1 表示最近一场
option-target = 对象
    .description = 留空为自己，或账号编号、名字#标签、提及某人
command-team-analyze = 团队点评
    .description = 点评整个团队的一场比赛
option-riot_id = 玩家
    .description = 留空为自己，或填 名字#标签
command-settings = 设置
    .description = 点评的语言、位置、语气和篇幅
command-help = 帮助
    .description = 这个机器人能做什么
