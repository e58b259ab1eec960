# 页面外壳
shell-skip = 跳到正文
shell-nav = 页面
shell-language = 语言
shell-theme = 主题
shell-theme-auto = 跟随设备
shell-theme-light = 浅色
shell-theme-dark = 深色
shell-dismiss = 关闭提示

# 状态
state-ok = 正常
state-info = 说明
state-warning = 注意
state-error = 失败
state-working = 进行中
state-quiet = 空闲

# 时间
time-now = 刚刚
time-minutes-ago = { $count } 分钟前
time-hours-ago = { $count } 小时前
time-days-ago = { $count } 天前
time-months-ago = { $count } 个月前
time-years-ago = { $count } 年前
time-minutes-in = { $count } 分钟后
time-hours-in = { $count } 小时后
time-days-in = { $count } 天后
time-months-in = { $count } 个月后
time-years-in = { $count } 年后

# 组件
dialog-close = 关闭
pager-label = 列表的其他页
pager-newer = 较新
pager-older = 较早
progress-figure = { $done } / { $total } { $unit }
confirm-type = 输入“{ $word }”以确认
confirm-mismatch = 必须与“{ $word }”完全一致。
tree-label = 故事的分支
tree-here = 当前位置
tree-degraded = 降级文本

# 出错
problem-400 = 无法理解这个请求
problem-401 = 请先登录
problem-403 = 你没有权限这样做
problem-404 = 这里什么也没有
problem-409 = 有人抢先了一步
problem-413 = 内容太大了
problem-422 = 输入的内容有误
problem-429 = 请求过于频繁
problem-500 = 服务出了问题
problem-503 = 暂时无法使用
problem-504 = 等待超时
problem-other = 操作没有成功
problem-kept-nothing-changed = 没有任何改动，也没有任何丢失。
problem-kept-saved = 此前保存的内容都还在。
problem-kept-label = 是否有丢失
problem-next-label = 接下来怎么做
problem-request-id = 请求编号
problem-code = 代码
problem-home = 回到首页
