"""The way from leads to proposals: what counts as new, how well it fits, what the bandit learns, how varied the few
are."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.evaluation import bandit_simulation
from spotify_ai_pipeline.music.discovery import affinity, bandit, diversify
from spotify_ai_pipeline.music.discovery.affinity import Profile
from spotify_ai_pipeline.music.discovery.dedupe import Refused, new_songs
from spotify_ai_pipeline.music.discovery.leads import Lead, gather
from spotify_ai_pipeline.music.discovery.seeds import draw
from spotify_ai_pipeline.music.discovery.trial import Heard, next_step
from spotify_ai_pipeline.music.identity.matching import song_id, song_key
from spotify_ai_pipeline.music.tables import LEADS
from spotify_ai_pipeline.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def leads(*told: tuple[str, Lead]) -> pl.DataFrame:
    return pl.DataFrame([{**vars(lead), "source": source, "found_at": NOW} for source, lead in told], schema=LEADS)


def library(*names: tuple[str, str]) -> pl.DataFrame:
    rows = [
        {
            "song_id": song_id(song_key(artist, title)),
            "artist": artist,
            "artists": [artist],
            "title": title,
            "track_ids": [f"t-{title}"],
            "keys": [song_key(artist, title)],
        }
        for artist, title in names
    ]
    kinds = {"artists": pl.List(pl.String), "track_ids": pl.List(pl.String), "keys": pl.List(pl.String)}
    return pl.DataFrame(rows, schema={**dict.fromkeys(("song_id", "artist", "title"), pl.String), **kinds})


def test_what_several_sources_say_of_one_song_is_one_row_with_all_reasons() -> None:
    found = gather(
        leads(
            ("lastfm_similar", Lead("Owl", "Low Tide", 0.5, "Heron", seed="s1")),
            ("lastfm_similar", Lead("OWL", "Low tide", 0.2, "Egret", seed="s2")),
            ("lastfm_friends", Lead("Owl", "Low Tide", 0.4, "ann")),
            ("lastfm_friends", Lead("Owl", "Low Tide", 0.4, "ben")),
            ("reccobeats", Lead("Owl", "Low Tide - 2011 Remaster", 0.1, "Heron", track_id="t9")),
        )
    )
    (row,) = found.to_dicts()
    assert row["reason"] == "fans of Heron and Egret; two friends this week; sounds like Heron"
    assert row["strength"] == pytest.approx(1 - 0.5 * 0.6 * 0.9), "each source is one witness"
    assert (row["source"], row["track_id"], row["seeds"]) == ("lastfm_similar", "t9", ["s1", "s2"])
    assert row["song_id"] == song_id(song_key("Owl", "Low Tide")), "the id that it will have once it is heard"


@pytest.mark.parametrize(
    ("lead", "why"),
    [
        (Lead("Heron", "Known", 0.5), "known or refused"),
        (Lead("heron", "Known - 2011 Remaster", 0.5), "known or refused"),
        (Lead("Heron", "Other Name", 0.5, track_id="t-Known"), "known or refused"),
        (Lead("Heron", "Known (Live at the Pond)", 0.5), "a recording of a known song"),
        (Lead("Owl", "Unknown (Acoustic)", 0.5), "live, remix or the like"),
        (Lead("Owl", "Never - Live", 0.5), "a recording of a refused song"),
        (Lead("Heron", "Wanderring Feathers", 0.5), "another spelling of a known song"),
    ],
)
def test_what_is_known_or_refused_in_any_form_is_not_new(lead: Lead, why: str) -> None:
    songs = library(("Heron", "Known"), ("Heron", "Wandering Feathers"))
    fresh, counts = new_songs(
        gather(leads(("reccobeats", lead), ("reccobeats", Lead("Owl", "Fresh", 0.5)))),
        songs,
        [Refused("x", "tx", "Owl", "Never", "reject")],
    )
    assert fresh["title"].to_list() == ["Fresh"]
    assert counts == {why: 1}


def test_a_wrong_version_leaves_the_others_open() -> None:
    wrong = Refused(song_id(song_key("Owl", "Song (Live)")), "tx", "Owl", "Song (Live)", "wrong_version")
    fresh, _ = new_songs(gather(leads(("reccobeats", Lead("Owl", "Song", 0.5)))), library(), [wrong])
    assert fresh.height == 1


def test_a_song_of_a_loved_artist_and_tag_fits_better_and_unknown_tags_are_neither_near_nor_far() -> None:
    liking = pl.DataFrame({"song_id": ["1", "2"], "artist_key": ["heron", "owl"], "weight": [5.0, 0.1]})
    profile = Profile.of(liking, pl.DataFrame({"song_id": ["1", "2"], "tag": ["folk", "metal"], "weight": [1.0, 1.0]}))
    folk, metal = [{"tag": "folk", "weight": 1.0}], [{"tag": "metal", "weight": 1.0}]
    songs = pl.DataFrame(
        {
            "artist_key": ["heron", "heron", "new", "new", "new"],
            "tags": [folk, metal, folk, None, metal],
            "strength": [0.5] * 5,
        }
    )
    chances = affinity.chance(songs, profile)
    assert (np.diff(chances[[0, 2, 3, 4]]) < 0).all()
    assert chances[0] > chances[1] and ((chances > 0) & (chances < 1)).all()
    seeded = songs.with_columns(seeds=pl.Series([["1"], [], [], [], []], dtype=pl.List(pl.String)))
    assert affinity.regions(seeded, profile, None, liking) == ["folk", "metal", "folk", "", "metal"]
    clusters = pl.DataFrame({"song_id": ["1"], "cluster_id": [7]})
    assert affinity.regions(seeded, profile, clusters, liking) == ["cluster 7", "cluster 7", "folk", "", "metal"]


def test_the_same_listener_has_the_same_profile_to_the_last_bit() -> None:
    draws, songs = np.random.default_rng(1), [str(number) for number in range(500)]
    artists = [f"artist {number}" for number in draws.integers(20, size=500)]
    liking = pl.DataFrame({"song_id": songs, "artist_key": artists, "weight": draws.random(500)})
    tag = [f"tag {number}" for number in draws.integers(20, size=2_000)]
    tags = pl.DataFrame({"song_id": draws.choice(songs, 2_000), "tag": tag, "weight": draws.random(2_000)})
    profiles = [Profile.of(liking, tags) for _ in range(40)]
    assert len({(*profile.artists.items(), *profile.tags.items()) for profile in profiles}) == 1


def outcomes(rows: list[tuple[str, str, float]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["source", "region", "reward"], orient="row").select(
        "source",
        "region",
        artist_key=pl.lit(""),
        chance=pl.lit(0.5),
        reward="reward",
        weight=pl.lit(1.0),
        days=pl.lit(0.0),
    )


def arms(*sources: str) -> pl.DataFrame:
    return pl.DataFrame({"source": list(sources)}).with_columns(
        region=pl.lit("r"), artist_key=pl.lit(""), chance=pl.lit(0.5)
    )


def test_the_bandit_learns_who_delivers_and_keeps_the_prior_of_those_it_never_heard() -> None:
    said = outcomes([("good", "r", 1.0)] * 15 + [("bad", "r", 0.0)] * 15)
    belief = bandit.learn(said)
    good, bad, new = (belief.of(name) for name in ("good", "bad", "new"))
    assert good[0] > 0.5 and bad[0] < -0.5
    assert new == (pytest.approx(0, abs=1e-9), pytest.approx(bandit.PRIOR_DEVIATION))
    assert good[1] < new[1], "answers make sure"
    likely = bandit.expected(belief, arms("good", "bad"))
    assert likely[0] > 0.7 > 0.3 > likely[1]


def test_old_answers_weigh_less() -> None:
    said = outcomes([("a", "r", 0.0)] * 10 + [("b", "r", 1.0)] * 10)
    then = said.with_columns(days=pl.lit(3 * bandit.HALF_LIFE_DAYS))
    assert 0 > bandit.learn(then).of("a")[0] > bandit.learn(said).of("a")[0]


def test_a_source_without_candidates_costs_no_slot() -> None:
    said = outcomes([("dead", "r", 1.0)] * 20)
    offered = arms(*["alive"] * 5)
    rng = np.random.default_rng(1)
    draws = bandit.draws(bandit.learn(said), offered, rng, "thompson", 0.1)
    names = [f"artist {n}" for n in range(5)]
    assert len(diversify.pick(draws, np.zeros((5, 1)), names, 5, 1)) == 5


def test_thompson_sampling_loses_less_than_epsilon_greedy() -> None:
    lost = {
        policy: np.array([bandit_simulation.regret(policy, 0.1, 200, seed)[-1] for seed in range(12)])
        for policy in bandit_simulation.POLICIES
    }
    _, low, _ = bandit_simulation.interval(lost["epsilon_greedy"] - lost["thompson"])
    assert low > 0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1, max_size=30),
    st.integers(0, 10),
    st.integers(1, 3),
)
def test_no_artist_comes_more_often_than_may_be(songs: list[tuple[float, int]], count: int, most: int) -> None:
    values, artists = np.array([value for value, _ in songs]), [f"artist {n}" for _, n in songs]
    picked = diversify.pick(lambda: values, np.zeros((len(songs), 1)), artists, count, most)
    taken = [artists[n] for n in picked]
    assert len(set(picked)) == len(picked) <= count
    assert all(taken.count(artist) <= most for artist in taken)
    room = sum(min(artists.count(artist), most) for artist in set(artists))
    assert len(picked) == min(count, room), "as many as the cap leaves"


def test_of_two_alike_the_second_waits() -> None:
    tags = [[{"tag": "folk", "weight": 1.0}], [{"tag": "folk", "weight": 1.0}], [{"tag": "jazz", "weight": 1.0}], None]
    vectors = diversify.unit_vectors(tags)
    value = np.array([0.9, 0.89, 0.6, 0.2])
    assert diversify.pick(lambda: value, vectors, ["a", "b", "c", "d"], 2, 1) == [0, 2]


def test_seeds_are_drawn_by_weight_one_an_artist_first() -> None:
    liking = pl.DataFrame(
        {
            "song_id": ["a", "b", "c", "d"],
            "artist_key": ["x", "x", "y", "z"],
            "weight": [50.0, 40.0, 1.0, 0.0],
        }
    )
    firsts = [draw(liking, np.random.default_rng(seed))["song_id"].to_list() for seed in range(50)]
    assert all(len(drawn) == 3 and {drawn[0], drawn[1]} & {"c"} for drawn in firsts), (
        "both artists before the second song"
    )
    assert sum(drawn[0] in "ab" for drawn in firsts) > 40


@pytest.mark.parametrize(
    ("heard", "step"),
    [
        (Heard(0, 0, 1), None),
        (Heard(2, 0, 5), None),
        (Heard(3, 0, 5), "asked"),
        (Heard(4, 1, 5), "asked"),
        (Heard(3, 1, 5), None),
        (Heard(2, 2, 1), "expired"),
        (Heard(3, 2, 1), "expired"),
        (Heard(5, 2, 1), "asked"),
        (Heard(1, 0, 30), "asked"),
        (Heard(1, 1, 30), "expired"),
        (Heard(0, 0, 30), "expired"),
    ],
)
def test_a_trial_comes_to_its_point(defaults: Settings, heard: Heard, step: str | None) -> None:
    found = next_step(heard, defaults.discovery)
    assert (found and found[0]) == step
