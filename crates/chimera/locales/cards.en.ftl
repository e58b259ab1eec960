# What a review shows.

outcome-win = Victory
outcome-loss = Defeat
outcome-remake = Remake
outcome-placement = Place { $place }
outcome-unknown = Finished

main-role = {" "}(main role: { $role })
habits-mean = Your mean is **{ $mean }** over { $count } matches; this one: { $ahead }

mode-rift = Summoner's Rift
mode-aram = ARAM
mode-arena = Arena
mode-rotating = Rotating mode
mode-other = Special mode

role-top = Top
role-jungle = Jungle
role-mid = Mid
role-bot = Bot
role-support = Support
role-fill = Fill
role-none = not set

score-line = **{ $score }** / 100 · tier **{ $tier }**
no-score = No score for this match.
summary-line = { $mode } · { $duration } · { $role }
summary-line-no-role = { $mode } · { $duration }

field-strengths = Strengths (compared within the match)
field-improvements = Points to work on (compared within the match)
field-strengths-team = Strengths
field-improvements-team = Points to work on
field-timeline = Timeline
field-build = Build & runes
field-snapshot = Snapshot
field-habits = Beside your earlier matches
field-evidence = Evidence
field-fight = Key team fight
field-charts = Charts
field-partial = What this review lacks
field-degraded = About the text
field-record = Record
field-lineup = Your team
field-enemies = Other side
field-match = Match
charts-link = Open the charts
charts-link-of = Open the charts: { $alt }

dimension-combat = Combat
dimension-economy = Economy
dimension-objective = Objectives
dimension-vision = Vision
dimension-teamplay = Teamplay
dimension-growth = Growth
dimension-tankiness = Tankiness
dimension-damage_composition = Damage mix
dimension-survivability = Survivability
dimension-crowd_control = Crowd control
dimension-damage = Damage
dimension-support = Support
dimension-placement = Placement

timeline-gold = Gold vs lane at 10: **{ $value }**
timeline-xp = XP vs lane at 10: **{ $value }**
timeline-gold-team = Gold vs other side at 10: **{ $value }**
timeline-xp-team = XP vs other side at 10: **{ $value }**
timeline-conversion = Kills turned into objectives: **{ $value }** ({ $count })
timeline-wards = Wards per minute: **{ $value }**
timeline-objectives = Dragons { $dragons } · Barons { $barons } · Heralds { $heralds } · Voidgrubs { $voidgrubs } · Towers { $towers }

build-items = Items: { $names }
build-runes = Runes: { $names }
build-secondary = Secondary: { $names }
build-spells = Spells: { $names }
build-augments = Augments: { $names }

snapshot-kda = K/D/A **{ $kills }/{ $deaths }/{ $assists }** (KDA { $kda })
snapshot-participation = kill participation { $share }
snapshot-cs = CS **{ $cs }** ({ $rate }/min)
snapshot-gold = gold { $gold }
snapshot-vision = vision { $vision }
snapshot-dealt = Damage **{ $damage }**
snapshot-share = { $share } of the team
snapshot-taken = taken { $damage }
snapshot-level = Level { $level }
snapshot-cc = crowd control { $seconds } s

record-high = A strong line of kills and assists.
record-good = More kills and assists than deaths.
record-even = Kills, assists and deaths in balance.
record-remake = The match ended before it began; there is nothing to judge.
record-low = A hard-fought match.

evidence-first_blood = First blood on { $who }
evidence-first_blood_victim = First blood went to { $who }
evidence-solo_kill = Solo kill on { $who }
evidence-solo_death = Lost a duel to { $who }
evidence-multi_kill = { $count ->
    [2] Double kill
    [3] Triple kill
    [4] Quadra kill
    [5] Penta kill
   *[other] { $count } kills in a row
 }
evidence-shutdown = Shutdown on { $who } (+{ $gold } gold)
evidence-bounty_lost = Own bounty went to { $who } ({ $gold } gold)
evidence-death_before_objective = Death, { $seconds } s before the other side took { $objective }
evidence-objective = Part in taking { $objective }
evidence-objective_last_hit = Last hit on { $objective }
evidence-conversion = Kill, then { $objective } { $seconds } s later
evidence-wards_cleared = { $count } wards destroyed within two minutes
evidence-item_finished = Finished { $item }
evidence-level_lead = Level { $level }, { $seconds } s before the lane opponent
evidence-death_streak = { $count } deaths within four minutes
evidence-fight = Team fight: { $won } to { $lost } kills
evidence-takedowns = { $count } enemies brought down in one round
evidence-other = Notable moment
evidence-nobody = an enemy

objective-plate = a tower plate
objective-tower = a tower
objective-inhibitor = an inhibitor
objective-voidgrub = a voidgrub
objective-herald = the Rift Herald
objective-dragon = a dragon
objective-elder_dragon = the Elder Dragon
objective-atakhan = Atakhan
objective-baron = Baron Nashor
objective-monster = a large monster
objective-other = an objective

region-baron_pit = Baron pit
region-dragon_pit = dragon pit
region-top_lane = top lane
region-mid_lane = mid lane
region-bot_lane = bot lane
region-blue_jungle = blue jungle
region-red_jungle = red jungle
region-river = river
region-blue_base = blue base
region-red_base = red base
region-elsewhere = battlefield
region-other = battlefield
fight-line = `{ $from }–{ $to }` { $region } · kills { $kills }
fight-objective = then { $objective }

partial-no_timeline = Riot has no timeline: what needs one was left out.
partial-empty_timeline = The timeline is empty: what needs one was left out.
partial-timeline_gap = The timeline has a gap from { $from } to { $to }; numbers in it are not given.
partial-foreign_timeline = The timeline belonged to another match and was not used.
partial-missing_fields = Riot's record lacks fields that count: { $fields }.
partial-remake = The match was a remake: no score.
partial-aborted = The match was cut off by the servers: no score.
partial-placement_unknown = Riot did not state the places: no score.
partial-unscored_mode = This mode has no yardstick of ours: a plain record.
partial-borrowed_yardstick = This mode has its own rules; it is measured by Summoner's Rift.
partial-hidden_players = { $count ->
    [one] One player is hidden by the game and not named.
   *[other] { $count } players are hidden by the game and not named.
 }
partial-bots = { $count ->
    [one] One computer player took part.
   *[other] { $count } computer players took part.
 }
partial-other = Some data is missing.
partial-augments = Riot's list of augments may be incomplete.

degraded-model_unavailable = The language model could not be reached; this text comes from the template.
degraded-model_slow = The language model took too long; this text comes from the template.
degraded-over_budget = The budget for the language model is used up; this text comes from the template.
degraded-unsupported_claims = The model's text claimed what the match does not show; the template's is shown instead.
degraded-compliance = The model's text broke Riot's rules for such texts; the template's is shown instead.
degraded-malformed = The model's answer could not be used; this text comes from the template.
degraded-switched_off = The language model is switched off; this text comes from the template.
degraded-other = This text comes from the template.

highlight-team = { $dimension } { $value } · { $team } vs team mean
highlight-lane = , { $lane } vs lane
lineup-head = #|Champion|Player|Score|K/D/A|Dmg|Vis
player-hidden = hidden
player-bot = computer
duo-line = With { $who }: { $score }
rank-line = Number { $rank } of { $size } in the team · team mean { $mean }

button-up = Helpful
button-down = Not helpful
button-star = Outstanding
button-explain = Explain the score

footer-version = Score { $version }
footer-stage = { $name } { $ms } ms
footer-task = task { $id }
stage-resolve = look-up
stage-fetch = fetch
stage-score = score
stage-save = save
stage-llm = text
stage-images = charts
stage-webhook = send
stage-total = total
legal = Chimera isn't endorsed by Riot Games and doesn't reflect the views or opinions of Riot Games or anyone officially involved in producing or managing Riot Games properties. Riot Games, and all associated properties are trademarks or registered trademarks of Riot Games, Inc.

explain-title = How the score was made · { $champion }
explain-head = Score { $version }: **{ $score }** = the sum of value × weight of each dimension.
explain-dimension = { $name } { $value } × { $weight }
explain-none = This match has no score, so there is nothing to explain.
