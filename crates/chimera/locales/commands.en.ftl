# Names and descriptions of the slash commands. Names: lower case letters, digits and - only.

command-bind = bind
    .description = Link a Riot account
option-force_rebind = force_rebind
    .description = Link another account although one is linked
command-unbind = unbind
    .description = Unlink your primary Riot account
command-profile = profile
    .description = Show what is stored about you
command-accounts = accounts
    .description = Manage your linked accounts
command-analyze = analyze
    .description = Review one of your finished matches
option-match_index = match_index
    .description = Which match: 1 is the latest
option-target = target
    .description = Empty for yourself, an account's number, Name#TAG, or a mention
command-team-analyze = team-analyze
    .description = Review a finished match for the whole team
option-riot_id = riot_id
    .description = Empty for yourself, or Name#TAG
command-settings = settings
    .description = Language, role, tone and length of your reviews
command-help = help
    .description = What this bot can do
