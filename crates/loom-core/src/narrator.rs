//! The offline narrator: continues a story from canon and memory by grammar, the same for the same seed.
//!
//! It stands in where no model answers, and never claims to be one. It quotes the canon and puts the player's facts,
//! tone and deeds into sentences prepared in both languages; it understands nothing.

use fastrand::Rng;

use crate::canon::{Canon, Language};
use crate::memory::WorldState;
use crate::prompt::Directions;
use crate::session::PastTurn;

mod action;
mod cast;
mod pen;
mod scene;
mod voice;

use action::Action;
use pen::{Pen, length};
use scene::Scene;
use voice::{Voice, voice};

/// How often a tone the player asked for gets a sentence of its own.
const MOOD_PERCENT: u8 = 70;

/// All that a passage is made of.
#[derive(Clone, Copy)]
pub struct NarratorInput<'a> {
    /// The world.
    pub canon: &'a Canon,
    /// What the story remembers, this turn's changes included; its tone is followed.
    pub state: &'a WorldState,
    /// The newest past turns, oldest first; sentences of theirs are not used again.
    pub history: &'a [PastTurn],
    /// This turn's number.
    pub number: u64,
    /// The player's words without brackets.
    pub story: &'a str,
    /// Intents are taken into account; notes and questions are not narrated.
    pub directions: &'a Directions,
    /// Another seed gives another passage: that is what regenerating does.
    pub seed: u64,
    /// The language to write in.
    pub language: Language,
}

/// The next passage of the story: two or three short paragraphs, the last of them something to act on.
pub fn narrate(input: &NarratorInput<'_>) -> String {
    let voice = voice(input.language);
    let mut rng = Rng::with_seed(input.seed ^ input.number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let scene = scene::read(input, voice, &mut rng);
    let mut pen = Pen::new(rng, input.language, input.history);
    set_slots(&mut pen, &scene);

    let mut draft = Draft { language: input.language, paragraphs: Default::default() };
    what_the_deed_does(&mut draft, &mut pen, &scene, voice);
    what_others_do(&mut draft, &mut pen, &scene, voice);
    draft.add(Draft::END, pen.pick(voice.hook));
    fill_up(&mut draft, &mut pen, &scene, voice);
    draft.text()
}

fn set_slots(pen: &mut Pen, scene: &Scene) {
    let name = |figure: &Option<cast::Figure>| figure.as_ref().map(|figure| figure.name.clone());
    pen.set("name", name(&scene.company).as_deref());
    pen.set("other", name(&scene.other).as_deref());
    pen.set("place", name(&scene.place).as_deref());
    pen.set("elsewhere", name(&scene.elsewhere).as_deref());
    pen.set("thing", scene.deed.thing.as_deref());
    pen.set("fact", scene.fact.as_deref());
}

/// The first paragraph: the outcome, the place, the hour, and a fact that is due.
fn what_the_deed_does(draft: &mut Draft, pen: &mut Pen, scene: &Scene, voice: &Voice) {
    let action = scene.deed.action;
    let with_thing = if pen.chance(75) { pen.pick((voice.deed_with_thing)(action)) } else { None };
    let outcome = with_thing.or_else(|| pen.pick((voice.deed)(action)));
    draft.add(Draft::START, outcome.or_else(|| pen.pick((voice.deed)(Action::Other))));

    let descriptions = scene.place.iter().flat_map(|place| &place.told);
    if scene.arrived {
        draft.add(Draft::START, pen.pick(voice.arrive));
        draft.add(Draft::START, pen.quote(descriptions));
    } else if pen.chance(45) {
        let described = pen.quote(descriptions);
        draft.add(Draft::START, described.or_else(|| pen.pick(voice.remain)));
    }
    if let Some(hour) = scene.hour {
        draft.add(Draft::START, pen.pick(hour));
    } else if pen.chance(40) {
        draft.add(Draft::START, pen.pick(&scene.weather));
    }
    if let Some(fact) = &scene.fact {
        let said = pen.pick(voice.fact).unwrap_or_else(|| plainly(fact, draft.language));
        draft.add(Draft::START, Some(said));
    }
}

fn plainly(fact: &str, language: Language) -> String {
    match language {
        Language::ZhCn => format!("{fact}。"),
        Language::En => format!("Still: {fact}."),
    }
}

/// The second paragraph: somebody, or something, answers; and the mood it happens in.
fn what_others_do(draft: &mut Draft, pen: &mut Pen, scene: &Scene, voice: &Voice) {
    match &scene.company {
        Some(figure) => {
            if scene.is_new {
                let enters = if scene.is_addressed { voice.addressed } else { voice.newcomer };
                draft.add(Draft::MIDDLE, pen.pick(enters));
                draft.add(Draft::MIDDLE, pen.quote(&figure.told));
            } else {
                draft.add(Draft::MIDDLE, pen.pick(voice.gesture));
            }
            draft.add(Draft::MIDDLE, speech(pen, scene, voice));
        }
        None => draft.add(Draft::MIDDLE, pen.pick(voice.event)),
    }
    if let Some(mood) = scene.mood
        && pen.chance(MOOD_PERCENT)
    {
        let colour = pen.pick(mood);
        draft.add_if_room(Draft::MIDDLE, colour);
    }
}

/// A question gets what the canon tells of its subject, or is evaded; anything else gets a remark.
fn speech(pen: &mut Pen, scene: &Scene, voice: &Voice) -> Option<String> {
    if scene.deed.action != Action::Ask {
        return pen.pick(voice.line);
    }
    let told = scene.topic.as_ref().and_then(|topic| {
        let description = topic.told.iter().find(|sentence| pen.is_fresh(sentence))?;
        let quoted = description.replace(['“', '”'], "'").replace('"', "'");
        let remembered = scene.other.as_ref().map(|other| other.name.clone());
        pen.set("other", Some(&topic.name));
        pen.set("desc", Some(&quoted));
        pen.set("said", quoted.strip_suffix('.').map(|body| format!("{body},")).as_deref());
        let answer = pen.pick(voice.reply_about);
        pen.set("other", remembered.as_deref());
        answer
    });
    told.or_else(|| pen.pick(voice.reply))
}

/// Events and surroundings, until there is enough to read.
fn fill_up(draft: &mut Draft, pen: &mut Pen, scene: &Scene, voice: &Voice) {
    for round in 0..6 {
        if draft.length() >= draft.wanted() {
            return;
        }
        if round % 2 == 0 {
            draft.add_if_room(Draft::MIDDLE, pen.pick(voice.event));
        } else {
            draft.add_if_room(Draft::START, pen.pick(&scene.weather));
        }
    }
}

/// A passage in the making.
struct Draft {
    language: Language,
    paragraphs: [Vec<String>; 3],
}

impl Draft {
    const START: usize = 0;
    const MIDDLE: usize = 1;
    const END: usize = 2;

    fn add(&mut self, paragraph: usize, sentence: Option<String>) {
        self.paragraphs[paragraph].extend(sentence);
    }

    fn add_if_room(&mut self, paragraph: usize, sentence: Option<String>) {
        let most = match self.language {
            Language::ZhCn => 200,
            Language::En => 140,
        };
        let sentence = sentence.filter(|sentence| self.length() + length(sentence, self.language) <= most);
        self.add(paragraph, sentence);
    }

    fn wanted(&self) -> usize {
        match self.language {
            Language::ZhCn => 110,
            Language::En => 75,
        }
    }

    fn length(&self) -> usize {
        self.paragraphs.iter().flatten().map(|sentence| length(sentence, self.language)).sum()
    }

    fn text(&self) -> String {
        let joint = match self.language {
            Language::ZhCn => "",
            Language::En => " ",
        };
        let paragraphs: Vec<String> = self.paragraphs.iter().map(|sentences| sentences.join(joint)).collect();
        paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}
