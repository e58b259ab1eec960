//! A review and a team review by hand: small, with everything that a card can show.

use chimera_core::{
    match_record::{ParticipantId, Role, TeamId},
    mode::Mode,
    names::{ChampionName, Language, NameTables, Names},
    report::{
        Actor, Build, Delta, Evidence, EvidenceKind, FightObjective, Highlight, Member, Objective, Outcome,
        PlayerFacts, REPORT_FORMAT, Region, Review, Runes, Side, TeamKills, TeamReview, TeamTimeline,
        Teamfight, TimelineLine,
    },
    score::{Dimension, DimensionScore, Input, Partial, PlayerScore, SCORE_VERSION, Term, Tier},
};

pub(crate) const MATCH_ID: &str = "EUW1_7684569678";

pub(crate) fn names(language: Language) -> Names {
    let pick = |chinese: &str, english: &str| match language {
        Language::ZhCn => chinese.to_owned(),
        Language::En => english.to_owned(),
    };
    let champion = |key: &str, chinese: &str, english: &str| ChampionName {
        key: key.to_owned(),
        name: pick(chinese, english),
        title: String::new(),
    };
    let tables = NameTables {
        champions: [
            (103, champion("Ahri", "阿狸", "Ahri")),
            (238, champion("Zed", "劫", "Zed")),
            (64, champion("LeeSin", "李青", "Lee Sin")),
        ]
        .into(),
        items: [
            (6655, pick("卢登的伙伴", "Luden's Companion")),
            (3020, pick("法师之靴", "Sorcerer's Shoes")),
        ]
        .into(),
        runes: [(8112, pick("电刑", "Electrocute")), (8226, pick("法力流系带", "Manaflow Band"))].into(),
        spells: [(4, pick("闪现", "Flash")), (14, pick("引燃", "Ignite"))].into(),
        augments: [(1, pick("升级：中娅", "Upgrade Zhonya's"))].into(),
    };
    Names::new(language, tables, &[])
}

pub(crate) fn player(number: u32, name: &str, champion_id: u32) -> PlayerFacts {
    PlayerFacts {
        participant_id: ParticipantId(number),
        puuid: format!("puuid-{number}"),
        riot_id: Some(name.to_owned()),
        is_hidden: false,
        is_bot: false,
        champion_id,
        champion_key: "Ahri".to_owned(),
        champion_level: 16,
        team: if number <= 5 { TeamId::BLUE } else { TeamId::RED },
        role: Role::Middle,
        result: Outcome::Win,
        total: Some(81.96),
        kills: 8,
        deaths: 2,
        assists: 10,
        kda: 9.0,
        kill_participation: Some(0.72),
        cs: 212,
        cs_per_minute: 7.13,
        gold: 12_940,
        gold_per_minute: 435.0,
        damage_to_champions: 24_090,
        physical_damage: 1_200,
        magic_damage: 21_000,
        true_damage: 1_890,
        damage_per_minute: 810.0,
        damage_share: Some(0.281),
        damage_taken: 17_904,
        damage_mitigated: 9_000,
        damage_to_objectives: 6_000,
        damage_to_turrets: 2_500,
        healing_given: 0,
        shielding_given: 0,
        vision_score: 32,
        wards_placed: 14,
        wards_killed: 4,
        control_wards: 3,
        cc_seconds: 31,
        largest_multi_kill: 2,
        largest_killing_spree: 5,
        dead_seconds: 48,
        first_blood: true,
    }
}

pub(crate) fn score(number: u32, total: f64) -> PlayerScore {
    let dimension = |dimension, value: f64| DimensionScore {
        dimension,
        weight: 0.25,
        value,
        terms: vec![Term {
            name: "kill_participation".into(),
            weight: 1.0,
            value: value / 100.0,
            inputs: vec![
                Input { name: "takedowns".into(), value: 18.0 },
                Input { name: "team_kills".into(), value: 25.0 },
            ],
        }],
    };
    PlayerScore {
        participant_id: ParticipantId(number),
        puuid: format!("puuid-{number}"),
        team: TeamId::BLUE,
        total: Some(total),
        tier: Some(Tier::of(Mode::Rift, total)),
        dimensions: vec![
            dimension(Dimension::Combat, 91.2),
            dimension(Dimension::Economy, 84.0),
            dimension(Dimension::Vision, 47.5),
            dimension(Dimension::DamageComposition, 62.0),
        ],
    }
}

fn actor(number: u32, champion_id: u32, side: Side) -> Actor {
    Actor { participant_id: ParticipantId(number), champion_id, champion_key: "Zed".to_owned(), side }
}

fn moment(at_ms: u64, what: EvidenceKind) -> Evidence {
    Evidence {
        at_ms,
        what,
        actors: vec![actor(3, 103, Side::Player), actor(8, 238, Side::Enemy)],
        dimension: Some(Dimension::Combat),
    }
}

fn build() -> Build {
    Build {
        items: vec![6655, 3020, 0, 999_999],
        trinket: None,
        runes: Some(Runes {
            primary_style: 8100,
            primary: vec![8112],
            secondary_style: 8200,
            secondary: vec![8226],
            shards: vec![5008, 5008, 5002],
        }),
        spells: [4, 14],
        augments: Vec::new(),
    }
}

fn fight() -> Teamfight {
    Teamfight {
        from_ms: 1_420_000,
        to_ms: 1_447_000,
        centre: (9_800.0, 4_400.0),
        region: Region::DragonPit,
        kills_by_team: vec![
            TeamKills { team: TeamId::BLUE, kills: 4 },
            TeamKills { team: TeamId::RED, kills: 1 },
        ],
        participants: vec![ParticipantId(3), ParticipantId(8)],
        objective: Some(FightObjective {
            objective: Objective::Dragon,
            team: TeamId::BLUE,
            at_ms: 1_460_000,
        }),
        importance: 6.5,
    }
}

pub(crate) fn review() -> Review {
    Review {
        format: REPORT_FORMAT,
        match_id: MATCH_ID.to_owned(),
        mode: Mode::Rift,
        queue_id: 420,
        game_version: "16.3.742.1234".to_owned(),
        duration_ms: 1_784_000,
        started_at_ms: 1_770_000_000_000,
        result: Outcome::Win,
        player: player(3, "Hide on bush#KR1", 103),
        score: score(3, 81.96),
        version: SCORE_VERSION.to_owned(),
        strengths: vec![Dimension::Combat, Dimension::Economy],
        improvements: vec![Dimension::Vision],
        timeline: Some(TimelineLine {
            gold_diff_10: Some(612.4),
            xp_diff_10: Some(-85.0),
            cs_10: Some(82.0),
            gold_diff_15: None,
            xp_diff_15: None,
            cs_15: None,
            conversion_rate: Some(0.44),
            conversions: 8,
            wards_per_minute: 0.47,
            gold_curve: vec![(60_000, 0.0), (120_000, 50.0)],
        }),
        build: build(),
        evidence: vec![
            moment(184_000, EvidenceKind::FirstBlood),
            moment(412_000, EvidenceKind::SoloKill),
            moment(700_000, EvidenceKind::ItemFinished { item_id: 6655 }),
            moment(915_000, EvidenceKind::Conversion { objective: Objective::Herald, after_ms: 41_000 }),
            moment(
                1_300_000,
                EvidenceKind::DeathBeforeObjective { objective: Objective::Baron, after_ms: 20_000 },
            ),
        ],
        teamfights: vec![fight()],
        partner: None,
        lane_opponent: Some(player(8, "Rival#EUW", 238)),
        deltas: Vec::new(),
        partial: vec![Partial::TimelineGap { from_ms: 1_080_384, to_ms: 1_200_000 }],
        others: vec![player(8, "Rival#EUW", 238)],
    }
}

pub(crate) fn team_review() -> TeamReview {
    let delta = |dimension, value: f64, team: f64, lane| Delta {
        dimension,
        value,
        vs_team_mean: team,
        vs_opponent: lane,
        rank: 1,
    };
    let member = |number: u32, name: &str, champion, total: f64, rank| Member {
        facts: player(number, name, champion),
        score: score(number, total),
        build: build(),
        rank: Some(rank),
        deltas: Vec::new(),
    };
    let highlight = |delta| Highlight { participant_id: ParticipantId(3), delta };
    let review = review();
    TeamReview {
        format: REPORT_FORMAT,
        match_id: MATCH_ID.to_owned(),
        mode: Mode::Rift,
        queue_id: 420,
        game_version: review.game_version,
        duration_ms: review.duration_ms,
        started_at_ms: review.started_at_ms,
        result: Outcome::Loss,
        version: SCORE_VERSION.to_owned(),
        team: TeamId::BLUE,
        requester: ParticipantId(3),
        mean_total: Some(66.1),
        members: vec![
            member(3, "Hide on bush#KR1", 103, 81.96, 1),
            member(2, "丛林法则#CN1", 64, 60.0, 2),
            member(4, "**x**`y`#TAG", 999, 56.3, 3),
        ],
        enemies: vec![member(8, "Rival#EUW", 238, 71.0, 1)],
        top: vec![highlight(delta(Dimension::Combat, 91.2, 18.4, Some(9.0)))],
        bottom: vec![highlight(delta(Dimension::Vision, 47.5, -6.2, None))],
        timeline: Some(TeamTimeline {
            gold_diff_10: Some(-1204.0),
            xp_diff_10: None,
            gold_diff_15: None,
            conversion_rate: Some(0.3),
            conversions: 6,
            wards_per_minute: 2.4,
            dragons: 2,
            barons: 0,
            heralds: 1,
            voidgrubs: 3,
            towers: 4,
            inhibitors: 0,
        }),
        best_fight: Some(fight()),
        partial: Vec::new(),
    }
}
