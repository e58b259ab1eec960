//! Holds each claim of a reading against the sheet.

use std::ops::Range;

use super::ClaimKind;
use super::cast;
use super::figures::{self, Figure, FigureKind};
use super::labels::{self, Label};
use super::reading::{Reading, Sentence};
use super::sides;
use super::when;
use crate::fact_sheet::{About, Amount, FactSheet, Metric, Moment, Scope, Written};
use crate::names::NameKind;
use crate::report::Side;

type Wrong = (Range<usize>, ClaimKind);

pub(super) fn unsupported(reading: &Reading, sheet: &FactSheet) -> Vec<Wrong> {
    let Some(figures) = figures::find(reading) else {
        return vec![(0..reading.text.len(), ClaimKind::Number)];
    };
    let mut wrong = Vec::new();
    for sentence in &reading.sentences {
        let own: Vec<&Figure> =
            figures.iter().filter(|figure| sentence.span.contains(&figure.span.start)).collect();
        Judge { reading, sheet, sentence, figures: own }.sentence(&mut wrong);
    }
    wrong
}

/// One sentence under judgement.
struct Judge<'a> {
    reading: &'a Reading,
    sheet: &'a FactSheet,
    sentence: &'a Sentence,
    figures: Vec<&'a Figure>,
}

impl<'a> Judge<'a> {
    fn sentence(&self, wrong: &mut Vec<Wrong>) {
        let moments = self.moments();
        let mut scoped: Vec<Range<usize>> = Vec::new();
        for (clause, span) in self.sentence.clauses.iter().enumerate() {
            for figure in self.figures_of(clause) {
                if let FigureKind::Clock(seconds) = figure.kind {
                    let scope = self.clock(figure, clause, seconds, wrong);
                    scoped.extend(scope);
                }
            }
            for figure in self.figures_of(clause) {
                self.figure(figure, clause, &moments, wrong);
            }
            wrong.extend(sides::wrong(self.reading, self.sheet, span, &moments));
            self.multi_kills(span, &moments, wrong);
        }
        for span in &self.sentence.clauses {
            for mention in self.reading.mentions_in(span) {
                let is_scoped = scoped.iter().any(|scope| scope.contains(&mention.span.start));
                let kind = cast::wrong(self.reading, self.sheet, mention, span, &moments, is_scoped);
                wrong.extend(kind.map(|kind| (mention.span.clone(), kind)));
            }
        }
    }

    fn figures_of(&self, clause: usize) -> impl Iterator<Item = &'a Figure> + '_ {
        let span = self.sentence.clauses[clause].clone();
        self.figures.iter().copied().filter(move |figure| span.contains(&figure.span.start))
    }

    /// The moments that the sentence points at.
    fn moments(&self) -> Vec<&'a Moment> {
        let clocks = self.figures.iter().filter_map(|figure| match figure.kind {
            FigureKind::Clock(seconds) => Some(seconds),
            _ => None,
        });
        clocks.flat_map(|seconds| when::at_second(self.sheet, seconds)).collect()
    }

    /// Judges a time; gives the stretch that speaks of it where there is a moment.
    fn clock(
        &self,
        figure: &Figure,
        clause: usize,
        seconds: u64,
        wrong: &mut Vec<Wrong>,
    ) -> Option<Range<usize>> {
        let moments = when::at_second(self.sheet, seconds);
        if moments.is_empty() {
            if !when::is_length(self.sheet, seconds) {
                wrong.push((figure.span.clone(), ClaimKind::Time));
            }
            return None;
        }
        let has_time =
            |clause: usize| self.figures_of(clause).any(|figure| matches!(figure.kind, FigureKind::Clock(_)));
        let scope = when::scope(self.reading, self.sentence, clause, &has_time);
        let (nothing_fits, strangers) = when::contradictions(self.reading, self.sheet, &scope, &moments);
        if nothing_fits && !when::is_length(self.sheet, seconds) {
            wrong.push((figure.span.clone(), ClaimKind::Event));
        }
        wrong.extend(strangers.into_iter().map(|span| (span, ClaimKind::Champion)));
        Some(scope)
    }

    fn figure(&self, figure: &Figure, clause: usize, moments: &[&Moment], wrong: &mut Vec<Wrong>) {
        let holds = match &figure.kind {
            FigureKind::Clock(_) => true,
            FigureKind::Minutes(minutes) => self.minutes_hold(*minutes, clause),
            FigureKind::Kda(parts) => self.kda_holds(figure, clause, *parts),
            FigureKind::Pair(one, other) => self.pair_holds(*one, *other, clause, moments, figure),
            FigureKind::Id(id) => {
                let cast = self.sheet.cast.iter().any(|member| member.champion_id == *id);
                cast || self.sheet.items.contains(id) || self.sheet.augments.contains(id)
            }
            FigureKind::Number { written, is_word, is_ordinal } => {
                self.number_holds(figure, clause, *written, *is_word, *is_ordinal, moments)
            }
        };
        if !holds {
            let is_time = matches!(figure.kind, FigureKind::Minutes(_));
            wrong.push((figure.span.clone(), if is_time { ClaimKind::Time } else { ClaimKind::Number }));
        }
    }

    /// Minutes name the length of the match, a moment within that minute, or one of the two marks of the timeline.
    fn minutes_hold(&self, minutes: f64, clause: usize) -> bool {
        let ms = minutes * 60_000.0;
        let near = |at: u64| {
            let at = at as f64;
            (ms..ms + 60_000.0).contains(&at) || (at - ms).abs() <= 30_000.0
        };
        let has = |metrics: [Metric; 3]| self.sheet.facts.iter().any(|fact| metrics.contains(&fact.metric));
        let mark = if (minutes - 10.0).abs() < 1e-9 {
            has([Metric::GoldDiff10, Metric::XpDiff10, Metric::CsAt10])
        } else if (minutes - 15.0).abs() < 1e-9 {
            has([Metric::GoldDiff15, Metric::XpDiff15, Metric::CsAt15])
        } else {
            false
        };
        // A comparison or a count at some minute is one of the timeline's marks.
        let speaks_of_lane = |clause: usize| {
            let span = &self.sentence.clauses[clause];
            let timed = [Metric::GoldDiff10, Metric::CsAt10, Metric::XpDiff10];
            let is_timed =
                |label: &Label| !label.is_weak && label.metrics.iter().any(|metric| timed.contains(metric));
            self.direction(clause).is_some()
                || (!near(self.sheet.duration_ms)
                    && labels::find(&self.reading.lower, span).iter().any(is_timed))
        };
        let says_nothing = labels::find(&self.reading.lower, &self.sentence.clauses[clause]).is_empty();
        let next = Some(clause + 1).filter(|next| says_nothing && *next < self.sentence.clauses.len());
        if speaks_of_lane(clause) || next.is_some_and(speaks_of_lane) {
            return mark;
        }
        let moment =
            self.sheet.moments.iter().any(|moment| near(moment.from_ms) && self.tells_of(moment, clause));
        mark || near(self.sheet.duration_ms) || moment
    }

    /// Whether a clause can be about a moment.
    fn tells_of(&self, moment: &Moment, clause: usize) -> bool {
        let span = &self.sentence.clauses[clause];
        let (nothing_fits, strangers) = when::contradictions(self.reading, self.sheet, span, &[moment]);
        !nothing_fits && strangers.is_empty()
    }

    fn kda_holds(&self, figure: &Figure, clause: usize, parts: [f64; 3]) -> bool {
        let abouts = self.abouts(figure, clause);
        abouts.iter().any(|about| {
            let metrics = [Metric::Kills, Metric::Deaths, Metric::Assists];
            metrics.iter().zip(parts).all(|(metric, part)| self.sheet.number(*about, *metric) == Some(part))
        })
    }

    fn pair_holds(&self, one: f64, other: f64, clause: usize, moments: &[&Moment], figure: &Figure) -> bool {
        let turned = sides::has(
            &self.reading.lower[self.sentence.clauses[clause].start..figure.span.start],
            "对面|敌方|the enemy|enemy",
        );
        let fits = |moment: &Moment| {
            when::kills(moment).is_some_and(|(own, enemy)| {
                (own, enemy) == (one, other) && !turned || (enemy, own) == (one, other) && turned
            })
        };
        if moments.is_empty() {
            self.sheet.moments.iter().any(fits)
        } else {
            moments.iter().any(|moment| fits(moment))
        }
    }

    fn number_holds(
        &self,
        figure: &Figure,
        clause: usize,
        written: Written,
        is_word: bool,
        is_ordinal: bool,
        moments: &[&Moment],
    ) -> bool {
        let metrics = match self.label(figure, clause, is_word) {
            Some(metrics) => metrics,
            None if is_word => return true,
            None => Vec::new(),
        };
        if is_word && is_ordinal && !metrics.contains(&Metric::Place) {
            return true;
        }
        let metrics = if is_ordinal { ordinals(&metrics) } else { metrics };
        let metrics = self.in_seconds(figure, metrics);
        let wants = |metric: &Metric| metrics.is_empty() || metrics.contains(metric);
        let of_moments: Vec<f64> = moments
            .iter()
            .flat_map(|moment| when::numbers(moment))
            .filter(|(metric, _)| wants(metric))
            .map(|(_, value)| value)
            .collect();
        if of_moments.iter().any(|value| Amount::Decimal(*value).accepts(written)) {
            return true;
        }
        if !of_moments.is_empty() && !metrics.is_empty() {
            return false;
        }
        let abouts = self.abouts(figure, clause);
        let direction = self.direction(clause);
        self.sheet.facts.iter().any(|fact| {
            let turned_right = match (direction, fact.amount) {
                (Some(ahead), Amount::Difference(value)) => ahead == (value >= 0.0) || value.abs() < 0.5,
                (Some(_), _) => !matches!(fact.metric, Metric::Gold | Metric::GoldPerMinute),
                _ => true,
            };
            wants(&fact.metric)
                && abouts.contains(&fact.about)
                && turned_right
                && fact.amount.accepts(written)
        })
    }

    /// A number of seconds measures time, whatever else the word beside it can mean.
    fn in_seconds(&self, figure: &Figure, mut metrics: Vec<Metric>) -> Vec<Metric> {
        let after = self.reading.lower[figure.span.end..].trim_start();
        let times = [Metric::ControlSeconds, Metric::DeadSeconds, Metric::Duration];
        if (after.starts_with('秒') || after.starts_with("sec"))
            && metrics.iter().any(|metric| times.contains(metric))
        {
            metrics.retain(|metric| times.contains(metric));
        }
        metrics
    }

    /// Whether the clause speaks of being ahead or behind.
    fn direction(&self, clause: usize) -> Option<bool> {
        let text = &self.reading.lower[self.sentence.clauses[clause].clone()];
        let ahead = sides::has(text, "领先|高出|高于|多出|ahead|lead|above|up");
        let behind = sides::has(text, "落后|低于|少了|behind|below|deficit|down");
        (ahead != behind).then_some(ahead)
    }

    /// What the words beside a number say that it measures.
    fn label(&self, figure: &Figure, clause: usize, is_word: bool) -> Option<Vec<Metric>> {
        let span = &self.sentence.clauses[clause];
        let found = labels::find(&self.reading.lower, span);
        let is_time = |figure: &&Figure| matches!(figure.kind, FigureKind::Clock(_) | FigureKind::Minutes(_));
        let figures: Vec<&Figure> = self.figures_of(clause).filter(|figure| !is_time(figure)).collect();
        let label_first = found
            .first()
            .is_some_and(|label| figures.first().is_none_or(|first| label.span.start < first.span.start));
        let mut best: Option<(usize, &Label)> = None;
        let is_percent = matches!(figure.kind, FigureKind::Number { written, .. } if written.is_percent);
        for label in found.iter().filter(|label| !is_percent || label.metrics.iter().any(is_share)) {
            let between = if label.span.end <= figure.span.start {
                label.span.end..figure.span.start
            } else {
                figure.span.end..label.span.start.max(figure.span.end)
            };
            let is_before = label.span.end <= figure.span.start;
            // Another number in between has the better claim.
            let blocked = figures.iter().any(|other| between.contains(&other.span.start));
            let cost = gap(&self.reading.lower[between]) * 4
                + usize::from(blocked) * 60
                + usize::from(label.is_weak) * 14
                + usize::from(is_before != label_first);
            // Of equals the nearer one counts: the later before a number, the earlier after it.
            if best.is_none_or(|(known, _)| cost < known || (cost == known && is_before)) {
                best = Some((cost, label));
            }
        }
        if let Some((cost, label)) = best {
            if is_word && cost > 14 {
                return None;
            }
            let mut metrics = label.metrics.to_vec();
            if label.is_weak {
                // "Score" alone says little: the thing it is a score of stands elsewhere in the clause.
                metrics.extend(found.iter().filter(|other| !other.is_weak).flat_map(|other| other.metrics));
            }
            metrics.extend(widened(&self.reading.lower[span.clone()], &found, label));
            return Some(metrics);
        }
        if is_word {
            return None;
        }
        if is_percent {
            return Some(vec![Metric::KillParticipation, Metric::DamageShare, Metric::ConversionRate]);
        }
        // The subject of the sentence may have been named in an earlier clause.
        let earlier = labels::find(&self.reading.lower, &(self.sentence.span.start..span.start));
        earlier.last().map(|label| label.metrics.to_vec())
    }

    /// Whose numbers a clause can be about.
    fn abouts(&self, figure: &Figure, clause: usize) -> Vec<About> {
        let span = &self.sentence.clauses[clause];
        let before = &self.reading.lower[span.start..figure.span.start];
        let named = self
            .reading
            .mentions_in(&(self.sentence.span.start..figure.span.start))
            .filter(|mention| {
                mention.kind == NameKind::Champion
                    && (self.sheet.scope == Scope::Team || span.contains(&mention.span.start))
            })
            .last();
        let own: Vec<About> =
            self.sheet.player().map(|member| About::Member(member.id)).into_iter().collect();
        let shared = [About::OwnSide, About::OtherSide, About::Match];
        let Some(named) = named else {
            let speaks_of_opponent =
                sides::has(before, "对位|对线|lane opponent|your opponent") && !speaks_to_player(before);
            let opponent = self.sheet.lane_opponent().filter(|_| speaks_of_opponent);
            return opponent
                .map(|member| About::Member(member.id))
                .into_iter()
                .chain(own)
                .chain(shared)
                .collect();
        };
        let members = self.sheet.cast.iter().filter(|member| named.ids.contains(&member.champion_id));
        let members: Vec<About> = members.map(|member| About::Member(member.id)).collect();
        let is_own = self
            .sheet
            .cast
            .iter()
            .any(|member| member.side == Side::Player && named.ids.contains(&member.champion_id));
        let after_name = &self.reading.lower[named.span.end..figure.span.start];
        if is_own || speaks_to_player(before) || speaks_to_player(after_name) {
            own.into_iter().chain(shared).collect()
        } else {
            members.into_iter().chain(shared).collect()
        }
    }

    /// Double kills and more must have happened.
    fn multi_kills(&self, span: &Range<usize>, moments: &[&Moment], wrong: &mut Vec<Wrong>) {
        for (hit, category) in when::categories(&self.reading.lower[span.clone()]) {
            let when::Category::Multi(count) = category else { continue };
            if moments.is_empty() {
                let about = |fact: &&crate::fact_sheet::Fact| fact.metric == Metric::MultiKill;
                let known =
                    self.sheet.facts.iter().filter(about).any(|fact| fact.amount.value() >= f64::from(count));
                if !known {
                    wrong.push((hit.start + span.start..hit.end + span.start, ClaimKind::Event));
                }
            }
        }
    }
}

/// What the rest of the clause makes of a label: a comparison turns it into a difference, a "score" beside a dimension
/// means that one, damage may be taken, and kills may be those that were converted.
fn widened(clause: &str, found: &[Label], label: &Label) -> Vec<Metric> {
    let compares = found.iter().any(|other| other.is_weak && other.metrics.contains(&Metric::GoldDiff10));
    let converts = found.iter().any(|other| other.metrics.contains(&Metric::Conversions));
    let clears = found.iter().any(|other| other.metrics.contains(&Metric::WardsKilled));
    let is_taken = sides::has(clause, "took|taken|taking|承受|吃了|吃下|扛了|挨了");
    let mut more = Vec::new();
    for metric in label.metrics {
        match metric {
            Metric::Dimension(dimension) => {
                more.push(Metric::DimensionRank(*dimension));
                if compares {
                    more.extend([Metric::VersusTeam(*dimension), Metric::VersusOpponent(*dimension)]);
                }
            }
            Metric::WardsPlaced if clears => more.push(Metric::WardsKilled),
            Metric::Kills if converts => more.push(Metric::Conversions),
            Metric::Damage if is_taken => more.push(Metric::DamageTaken),
            _ => {}
        }
    }
    more
}

/// Whether a metric is written as a percentage.
fn is_share(metric: &Metric) -> bool {
    matches!(metric, Metric::KillParticipation | Metric::DamageShare | Metric::ConversionRate)
}

/// An ordinal is a place or a rank.
fn ordinals(metrics: &[Metric]) -> Vec<Metric> {
    let mut found = vec![Metric::Place, Metric::Rank];
    found.extend(metrics.iter().copied().filter(|metric| matches!(metric, Metric::DimensionRank(_))));
    found
}

fn speaks_to_player(text: &str) -> bool {
    let mut text = text.to_owned();
    for other in [
        "你的对位",
        "你对位",
        "你的对手",
        "你的搭档",
        "你的队友",
        "你们",
        "your lane opponent",
        "your opponent",
        "your partner",
        "your team",
    ] {
        text = text.replace(other, "");
    }
    sides::has(&text, "你|you|your")
}

/// How far a word is from a number, in letters that matter: fillers and measure words count nothing.
fn gap(between: &str) -> usize {
    const FILLERS: &[&str] = &[
        "次", "个", "名", "条", "座", "层", "只", "点", "的", "了", "是", "为", "有", "达到", "达", "共",
        "约", "高达", "仅", "累计", "总计", "人", "到", "秒", "分", "均", "一共", "差", "你", "就", "也",
        "在", "by ", "of ", "was ", "is ", "at ", "a ", "the ", "just ", "only ", "with ", "total ",
        "about ", "in ", "to ", "your ", "worth ", "for ",
    ];
    let mut rest = between.to_owned();
    for filler in FILLERS {
        rest = rest.replace(filler, "");
    }
    rest.chars()
        .map(|character| match character {
            ' ' | '/' | ':' | '=' | '\'' | '"' | '「' | '」' => 0,
            '(' | ')' => 2,
            '、' | ',' => 4,
            other if other.is_ascii() => 1,
            _ => 2,
        })
        .sum()
}
