title = Now
nav-now = Now
health = Health
metrics = Metrics
calm = Nothing needs anybody
ledger-broken = The ledger does not hold
plan-refused = A changed plan is refused; the one before is carried out
lacking = Not carried out by this keeper: tasks of the plans that it lacks a part for
overdue = Overdue work of people
not-done = Not done
looked = last looked
tasks = Tasks
ledger-rows = Rows of the ledger
open = Under way
under-way = Under way
for-people = for people
runs = running
next = Next
next-none = Nothing is due
next-none-text = No task of the plans has a time to come.
will-be-skipped = skipped: needs { $part }
last = Last runs
last-none = Nothing has run yet
last-none-text = Outcomes appear here as soon as a task is due.
backups = Backups
when = When
task = Task
what = What
since = Since
state = State
outcome = Outcome
took = Took
why = Why
outcome-ran = done
outcome-caught-up = caught up
outcome-failed = failed
outcome-skipped = skipped
outcome-missed = missed
outcome-interrupted = interrupted
problem = This page cannot be shown.
problem-next = Check the address, or try again in a moment.
nav-tasks = Tasks
nav-runs = Runs
backups-none = No backups
backups-none-text = The plans back nothing up.
backups-red = Backups that cannot be relied on
in-store = in { $store }
owner = Owner
backup = Backup
store = Store
newest-proved = Newest proved
newest = Newest
count = Kept
restored-in = restored in { $took }
size-added = { $size }, { $added } added
kind-local = on this machine
kind-cloud = in the cloud
kind-off-site = at another site
kind-git = git repository
verdict-green = proved
verdict-amber = attention
verdict-red = not to be relied on
reason-never-taken = None was taken yet.
reason-never-proved = None was proved yet.
reason-newest-not-proved = The newest one, taken { $when }, is not proved yet.
reason-failing = { $times ->
    [one] One try failed, { $since }: { $cause }. It may be down for { $tolerance }.
   *[other] { $times } tries failed, the first { $since }: { $cause }. It may be down for { $tolerance }.
}
reason-failing-too-long = { $times ->
    [one] One try failed, { $since }: { $cause }. That is longer than { $tolerance }.
   *[other] { $times } tries failed, the first { $since }: { $cause }. That is longer than { $tolerance }.
}
reason-older-is-bad = The one taken { $when } is bad; newer ones are good. { $finding }
reason-proof-failed = The proof of the one taken { $when } failed: { $finding }
reason-stale = The newest proved one was taken { $when }; at most { $limit } is allowed.
reason-unproved = None was proved for more than { $limit }; the wait began { $when }.
reason-damaged = The source was damaged when it was taken, { $when }: { $damage }
period-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
period-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
period-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
period-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
runs-title = Runs
containing = Text
plan = Plan
sorted = Order
show = Show
show-all = Show all
all = All
order-ended-down = Newest first
order-ended-up = Oldest first
order-task-up = Task, A to Z
order-task-down = Task, Z to A
order-took-down = Longest first
order-took-up = Shortest first
order-next-up = Due soonest
order-next-down = Due latest
rows-shown = { $from } to { $to }
tasks-found = { $found } of { $all } tasks
found-none = Nothing is like that
found-none-text = Choose less, or show all.
schedule = Schedule
next-due = Next due
last-outcome = Last outcome
outcome-never = never run
all-tasks = All tasks
all-runs = All runs
