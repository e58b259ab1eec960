nav-sessions = Stories
nav-canon = Worlds
nav-performance = Performance
nav-users = Users
log-out = Log out
more = More
save = Save
cancel = Cancel
send = Send
archive = Archive
unarchive = Take out of the archive
archived = archived
archived-title = This story is archived

sessions-title = Stories
sessions-none = No stories yet
sessions-none-text = Choose a world and write your first line. Every turn you play is kept.
sessions-with-archived = Show archived ones too
sessions-without-archived = Hide archived ones
session-new = Begin a story
session-begin = Begin
session-world = World
session-name = Name
session-name-hint = Leave it empty for the world's own name; it can be changed later.
session-model = Model
session-provider = Provider
session-provider-default = As the server is set
session-model-name = Model name
session-model-hint = Leave it empty for the provider's own.
session-temperature = Temperature (0 to 2)
session-settings = Settings
session-delete = Delete this story…
session-delete-plan =
    { $count ->
        [one] This deletes its one turn and all branches. There is no way back but a backup.
       *[other] This deletes all { $count } turns and all branches. There is no way back but a backup.
    }
session-delete-button =
    { $count ->
        [one] Delete 1 turn
       *[other] Delete { $count } turns
    }
session-cost = this story ${ $cost }
canon-none = There is no world to play yet
canon-none-text = Put a world into the canon folder; it appears here within a second.
turns-count =
    { $count ->
        [one] 1 turn
       *[other] { $count } turns
    }

branches = Branches
memory = Memory
play-where = { $branch } · turn { $number }
read-older = Earlier turns
read-end = Back to the end of the story
to-end = Back to the end
tree-empty = No turns yet.
tree-cut = There are too many turns in these levels to draw them all.

turn-again = Tell it again
turn-more = This turn
turn-explain = Why it was told so
turn-back-here = Go back to here
turn-branch-here = Open a branch here
turn-cut-short = The telling was cut short at its limit.
tokens-exact = { $input } + { $output } tokens
tokens-estimated = about { $input } + { $output } tokens (estimated)
sibling-before = Earlier telling
sibling-after = Later telling
answer-quoted = the narrator did not answer; quoted from the canon
answer-silence = the canon does not say
retcon-opened = The past is changed; the story goes on from turn { $turn } on the branch { $branch }.
retcon-affected =
    { $count ->
        [0] No later turn of the branch that was left leans on it.
        [one] One later turn of the branch that was left leans on it:
       *[other] { $count } later turns of the branch that was left lean on it:
    }
retcon-left = See { $branch } as it was

degraded-title = Told offline
degraded-no_provider = No language model is set, so the offline narrator went on from the canon.
degraded-provider_unavailable = The model cannot be reached, so the offline narrator went on.
degraded-rate_limited = The model has too many requests, so the offline narrator went on.
degraded-timeout = The model did not answer in time, so the offline narrator went on.
degraded-invalid_reply = The model's answer could not be read, so the offline narrator went on.
degraded-reply_too_large = The model's answer was too long, so the offline narrator went on.
degraded-unauthorized = The model refused the key, so the offline narrator went on.
degraded-rejected = The model refused the request, so the offline narrator went on.
degraded-content_filtered = The model's content filter held its answer back, so the offline narrator went on.
degraded-endpoint_refused = Your model's address cannot be used, so the offline narrator went on.
degraded-other = The model gave no answer, so the offline narrator went on.

composer-label = What do you do?
interventions = Interventions
recall = last line
intervention-ooc = Speak to the narrator
intervention-ooc-help = stays out of the story
intervention-edit = Set a fact
intervention-edit-help = every later turn keeps to it
intervention-retcon = Change the past
intervention-retcon-help = opens a branch at that turn; #3 names a turn
intervention-tone = Change the tone
intervention-tone-help = from this turn on, until changed again
intervention-intent = Declare an intent
intervention-intent-help = for this turn only
intervention-query = Ask a question
intervention-query-help = answered beside the story
intervention-needs = needs the role { $role }
intervention-denied = “{ $kind }” was not done: this world asks for the role { $role }.
role-nobody = nobody
role-player = player
role-builder = builder
role-operator = operator

script-telling = Being told
script-told = Told
script-discarded = That telling broke off; it is being told anew.
script-dropped = The connection was lost. The turn is not: sending again gives the same turn.
script-retry = Send again
script-moved = The story has moved on
script-read-newer = Read the newer turns
script-request = Request
script-kept = What you wrote is still in the box below.
