//! English: what comes of what the player does.

use crate::narrator::action::Action;
use crate::narrator::voice::Pool;

pub(super) fn deed(action: Action) -> Pool {
    match action {
        Action::Look => LOOK,
        Action::Go => GO,
        Action::Ask => ASK,
        Action::Say => SAY,
        Action::Take => TAKE,
        Action::Give => GIVE,
        Action::Open => OPEN,
        Action::Read => READ,
        Action::Wait => WAIT,
        Action::Fight => FIGHT,
        Action::Hide => HIDE,
        Action::Listen => LISTEN,
        Action::Follow => FOLLOW,
        Action::Rest => REST,
        Action::Use => USE,
        Action::Other => OTHER,
        Action::Nothing => NOTHING,
    }
}

pub(super) fn deed_with_thing(action: Action) -> Pool {
    match action {
        Action::Take => TAKE_THING,
        Action::Open => OPEN_THING,
        Action::Read => READ_THING,
        Action::Use => USE_THING,
        _ => &[],
    }
}

const LOOK: Pool = &[
    "You look slowly, slowly enough to tell what is old here from what was moved an hour ago.",
    "Your eye goes to the brightest thing first, then backs into the dark, where there turns out to be more.",
    "At first there is nothing, and then there is one patch of dust that is far too clean.",
    "You search left to right and then right to left, and the thing that matters only shows itself the second time.",
    "The scratches on the ground are not random; they all lean the same way.",
    "What you want is not in plain sight, but the mark it left is.",
    "Someone has tidied here, in a hurry, and forgotten half a footprint.",
    "You watch the edge of a shadow until it moves, and then until it pretends that it did not.",
    "One detail refuses to keep company with the rest: everything is worn, and it is new.",
    "You list what you see, and stop at the fifth thing, because it should not be here.",
    "The hiding place is at eye level, where nobody ever thinks to hide anything.",
    "From another angle the stain becomes an arrow.",
];
const GO: Pool = &[
    "Behind you something closes softly, like a sentence given up halfway.",
    "The way is shorter than you remember, and darker.",
    "The ground changes its sound three times under you, and the last sound is almost none.",
    "You do not hurry, and still nobody has time to call you back.",
    "There are only your own steps, and now and then half a step too many.",
    "Past the last bend the smell changes first, and then the light.",
    "The place you left goes quiet at once, like water closing over a stone.",
    "Twice you want to turn around, and twice there is only the way you came.",
    "Halfway there it occurs to you that someone has cleared the path.",
    "You take the short way, and so, not long ago, did somebody else.",
    "Voices keep you company for a while and then stop, all together, at some line you cannot see.",
];
const ASK: Pool = &[
    "The question hangs there, and for a moment the silence answers on everyone's behalf.",
    "Your question lands on the ground between you, and nobody is in a hurry to pick it up.",
    "It is not a hard question; what is hard is that everyone who hears it looks away.",
    "Somebody draws breath to answer and turns it into a cough.",
    "You ask it quietly, and it is heard by everyone who should not have heard it.",
    "It is plainly not the first time this has been asked, nor the first time it has waited for an answer.",
    "You let the silence run until it makes a mistake.",
    "You asked about one thing, and were heard asking about another.",
    "Before your last word has faded, someone at a distance stops working.",
    "You can see that the question has touched an old bruise.",
];
const SAY: Pool = &[
    "Your words are over sooner than their echo.",
    "Somewhere in the middle of it, somebody forgets to breathe.",
    "It is not much of a speech, but it has weight, and things grow quiet around it.",
    "There is no taking it back, so you watch it begin to work.",
    "Your voice carries, and what comes back is not the answer you were waiting for.",
    "Nobody contradicts you, which is an answer of a kind.",
    "You keep your voice level, so level that what lies under it can be heard.",
    "There may have been a nod at the end of it, or only a shift of the light.",
    "The words do more than you expected, and will cost more too.",
];
const TAKE: Pool = &[
    "It is heavier than it looks, and the underside still holds somebody's warmth.",
    "You put it away, and the gap it leaves is very easy to see.",
    "As it comes free, something, somewhere, gives a small click.",
    "Only in your hand does it show a missing corner, and the break is fresh.",
    "Nobody stops you, which gives you something to think about.",
    "There is writing on the back, the second half of a sentence: \"not before I am gone.\"",
    "It is faintly warm, as though it had only just been put down.",
];
const TAKE_THING: Pool = &[
    "You find {thing} heavier than it looks, and warm underneath, where somebody's hand was.",
    "You have {thing} now, and the gap left behind is very easy to see.",
    "As you lift {thing}, something, somewhere, gives a small click.",
    "You turn {thing} over and find three lines scored there with a fingernail.",
    "You put {thing} away, and a pair of eyes makes a note of it.",
    "The cold of {thing} goes straight to the bone.",
];
const GIVE: Pool = &[
    "It disappears quickly, and what you get for it is a look that cannot make up its mind.",
    "Your hand stays out a little longer than is comfortable before it is emptied.",
    "The favour is taken without thanks and put away close to the skin.",
    "The thing changes owners, and the mood changes with it.",
    "It is not much to give, but it has clearly been waited for.",
];
const OPEN: Pool = &[
    "It was never locked; it is only that nobody had tried in years.",
    "It complains as it moves, and the air on the other side is older than yours.",
    "It sticks halfway, but the gap is wide enough to see by.",
    "You use more strength than you need, for it seems to have been waiting.",
    "It is not empty, and it does not hold what you thought it would.",
    "A breath of cold comes out that has been kept in there a long time.",
    "It opens, and at the far end of things you hear something else open too.",
];
const OPEN_THING: Pool = &[
    "You try {thing}, and find it was never locked, only untouched for years.",
    "You get {thing} halfway open before it sticks, and halfway is enough to see by.",
    "You open {thing}, and inside is neither nothing nor what you expected.",
    "It takes almost no effort to open {thing}, as if someone had meant you to.",
    "Behind {thing} the dark is a shade deeper than the dark elsewhere.",
];
const READ: Pool = &[
    "It is in two hands, and the second has struck out half of what the first had to say.",
    "At the third line you stop, because the date is wrong.",
    "The ink changes; the writer left in the middle, and came back with a shaking hand.",
    "One name comes up again and again, never spelled the same way twice.",
    "The last page has been torn out, with great care.",
    "There is a water stain at the edge, in the shape of a map that someone did not finish.",
    "The text is dull, and everything that matters is written very small in the margins.",
];
const READ_THING: Pool = &[
    "You find two hands in {thing}, the second striking out what the first had to say.",
    "Three lines into {thing} you stop, because the date is wrong.",
    "The last page of {thing} has been torn out, with great care.",
    "You close {thing}, but one sentence of it does not close with the rest.",
];
const WAIT: Pool = &[
    "You wait, and what comes first is the cold, then patience, then a small noise.",
    "Time goes by; what should come does not, and what should not gives itself away.",
    "Nothing happens, or nothing in the first hundred heartbeats.",
    "You keep still, and so something else decides that no one is here.",
    "Waiting strains out the sounds one by one, until a single one is left that belongs to nothing.",
    "You keep watch long enough to see where the gap is.",
    "At first it is you who is waiting, and later you are not so sure that you are the only one.",
    "In the lull you hear your own thoughts change direction.",
];
const FIGHT: Pool = &[
    "The first blow goes wide, and the second does not.",
    "You have the better of the start, at the price of a shoulder gone numb.",
    "It is as short as a shout behind a hand, and when it breaks off both sides are counting again.",
    "The strength goes where it should, and what stood in your way stands two steps further back.",
    "You have not won, but you have not moved aside either.",
    "It makes too much noise, and far away a light comes on because of it.",
    "You strike harder than you meant to, and the fear comes only afterwards.",
];
const HIDE: Pool = &[
    "You step back into the dark, which already smells of someone else's tobacco.",
    "Steps come near, stop, and go on, and in all that time you do not take a breath.",
    "There is room here for exactly one, and you are the one.",
    "Seen from here the world is a crack, but what passes through it is uncommonly clear.",
    "Nobody finds you, except for the thing that has not made a sound all along.",
    "You make yourself small enough to hear what people say when they think they are alone.",
];
const LISTEN: Pool = &[
    "You hold your breath while the noises draw back layer by layer, and the last of them keeps time.",
    "Behind something solid there is talking, and only the tone comes through, the tone of counting.",
    "You take it for the wind, until it stops and waits for you.",
    "Far off there are two voices, one persuading and one refusing.",
    "The sound breaks off on the one word that mattered.",
    "You hear three sounds, and can put a name to two.",
    "When it is quiet, even the silence has a near side and a far one.",
];
const FOLLOW: Pool = &[
    "You keep your distance, and the shape ahead never turns, but waits a little at every fork.",
    "The trail gives out once and takes up again a dozen steps on, like something left for you.",
    "At the second corner you understand that you are being followed too.",
    "Whoever is ahead knows the way well enough to miss every board that creaks.",
    "You lose the trail once, and find it again by nothing more than a trace of warmth.",
];
const REST: Pool = &[
    "You sit down, and that is when the tiredness catches up with you.",
    "You close your eyes for hardly any time, and when you open them something beside you has moved an inch.",
    "Warmth comes back into your fingers, and your thoughts clear along with them.",
    "You get your breath back and go through what you know: there is one thing fewer, and one too many.",
    "As your body lets go, your hearing sharpens.",
];
const USE: Pool = &[
    "For a while it does nothing, and just as you give up, it moves.",
    "It does as you wish, so readily that you begin to wonder.",
    "It works, though a good deal louder than you had hoped.",
    "It takes effect at the end you were not watching.",
    "You try twice, and the second time it feels as though it were trying you.",
];
const USE_THING: Pool = &[
    "For a while {thing} does nothing, and just as you give up, it answers.",
    "You put {thing} to use, and it is a good deal louder than you had hoped.",
    "It is surprising how readily {thing} does as you wish.",
];
const OTHER: Pool = &[
    "You do as you said, and the world hesitates, as if making up its mind whether to play along.",
    "Things move the way you pushed them, only a little, but they move.",
    "When it is done you find that someone has been watching, and sees no reason to stop.",
    "It comes out much as you thought it would, and the part that does not is the part that worries you.",
    "Nobody hinders you and nobody helps, and in that way the thing gets half done.",
    "It has its effect, though somewhere else.",
    "You make short work of it, but the consequences are in no hurry to appear.",
    "With that step, a thread that had been slack goes tight.",
    "After that, several people who had been idle are idle no longer.",
    "Once somebody has made a start, there is no more pretending that nobody knew.",
];
const NOTHING: Pool = &[
    "You do nothing, and the story declines to stand still.",
    "In the pause, everything around you edges half a step forward.",
    "Your silence is taken for a position.",
    "The moment goes unclaimed, and so it leaves by itself.",
    "Events do not wait for you; they only slow down a little.",
    "You stay where you are, yet somehow everyone else has changed places.",
];
