# Shell
shell-skip = Skip to the content
shell-nav = Pages
shell-language = Language
shell-theme = Theme
shell-theme-auto = As the device
shell-theme-light = Light
shell-theme-dark = Dark
shell-dismiss = Dismiss

# States
state-ok = Fine
state-info = Note
state-warning = Attention
state-error = Failed
state-working = In progress
state-quiet = Idle

# Times
time-now = just now
time-minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
time-hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
time-days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
time-months-ago = { $count ->
    [one] { $count } month ago
   *[other] { $count } months ago
}
time-years-ago = { $count ->
    [one] { $count } year ago
   *[other] { $count } years ago
}
time-minutes-in = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
}
time-hours-in = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
}
time-days-in = { $count ->
    [one] in { $count } day
   *[other] in { $count } days
}
time-months-in = { $count ->
    [one] in { $count } month
   *[other] in { $count } months
}
time-years-in = { $count ->
    [one] in { $count } year
   *[other] in { $count } years
}

# Components
dialog-close = Close
pager-label = Other pages of this list
pager-newer = Newer
pager-older = Older
progress-figure = { $done } of { $total } { $unit }
confirm-type = Type “{ $word }” to confirm
confirm-mismatch = This must read exactly “{ $word }”.
tree-label = Branches of the story
tree-here = you are here
tree-degraded = degraded

# Problems
problem-400 = The request could not be understood
problem-401 = Please sign in first
problem-403 = You may not do this
problem-404 = There is nothing here
problem-409 = Someone was faster
problem-413 = That is too large
problem-422 = Something in the input is not right
problem-429 = Too many requests at once
problem-500 = Something went wrong on our side
problem-503 = Not available just now
problem-504 = That took too long
problem-other = This did not work
problem-kept-nothing-changed = Nothing was changed and nothing was lost.
problem-kept-saved = Everything that was saved before is still there.
problem-kept-label = What was lost
problem-next-label = What to do
problem-request-id = Request
problem-code = Code
problem-home = Back to the start page
