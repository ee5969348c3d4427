"""`spotify-ai evaluate`: how well a part of the pipeline does where the truth is known."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import polars as pl
from rich.progress import track

from spotify_ai_pipeline.app import mood_requests
from spotify_ai_pipeline.encoders import phrases
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.evaluation import (
    bandit_simulation,
    catalogues,
    cold_start,
    discovery_simulation,
    foreign_sessions,
    histories,
    mood_shift,
    mood_words,
    next_session,
)
from spotify_ai_pipeline.evaluation import similarity as similarity_protocol
from spotify_ai_pipeline.evaluation.identity import IdentityScore, evaluate_identity
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json, table
from spotify_ai_pipeline.interfaces.cli.options import Group, history_option, json_option
from spotify_ai_pipeline.music.discovery.candidate_model import Content
from spotify_ai_pipeline.music.plays.play_counts import Plays
from spotify_ai_pipeline.music.taste.taste_model import artist_numbers
from spotify_ai_pipeline.storage.workspace import Workspace


@click.group(cls=Group)
def evaluate() -> None:
    """Measure a part of the pipeline, on your own history or on made-up listeners whose truth is known."""


@evaluate.command()
@click.option(
    "--listeners", default=100, show_default=True, type=click.IntRange(2), help="Number of made-up listeners."
)
@click.option("--verdicts", default=200, show_default=True, type=click.IntRange(1), help="Verdicts of each listener.")
@click.option("--seed", default=1, show_default=True, help="Seed of the listeners; both policies meet the same ones.")
@json_option
def bandit(listeners: int, verdicts: int, seed: int, as_json: bool) -> None:
    """Measure what Thompson sampling loses against always knowing the best source and region, beside epsilon-greedy."""
    epsilon = Workspace.open().settings.discovery.epsilon
    regret, saved = bandit_simulation.compare_policies(listeners, verdicts, epsilon, seed)
    if as_json:
        print_json({"listeners": listeners, "verdicts": verdicts, "regret": regret, "saved_by_thompson": saved})
        return
    title = f"{listeners} listeners, {verdicts} verdicts"
    shown = table("policy", "regret", "95 % interval", right=("regret",), title=title)
    for policy, (mean, low, high) in [*regret.items(), ("saved by thompson", saved)]:
        shown.add_row(policy, f"{mean:.1f}", f"{low:.1f} to {high:.1f}")
    console.print(shown)


@evaluate.command()
@click.option(
    "--listeners",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Number of made-up listeners, a year each.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the first listener's world.")
@json_option
def discovery(listeners: int, seed: int, as_json: bool) -> None:
    """Simulate a year of discovery for made-up listeners whose taste is known. Compare the share that they approve with that of
    random songs of the genres they love."""
    from spotify_ai_pipeline.evaluation.made_up_listeners import make_listener  # the sandbox, which is slow to import

    settings, started = Workspace.open().settings, time.perf_counter()
    years = list[tuple[discovery_simulation.Year, float]]()
    with console.status("living through the year"):
        for number in range(listeners):
            world, random_yes = make_listener(seed + number)
            years.append((discovery_simulation.live(world, settings, seed + number), random_yes))
    found = discovery_simulation.summarize_years(years) | {
        "cap_of_change": settings.playlist.max_change_per_refresh,
        "seconds": round(time.perf_counter() - started, 1),
    }
    if as_json:
        print_json(found)
        return
    shown = table("figure", "value", title=f"a year of {listeners} listeners")
    for name, value in found.items():
        shown.add_row(name.replace("_", " "), f"{value:.3g}" if isinstance(value, float) else str(value))
    console.print(shown)


@evaluate.command()
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of songs: title, artist, the nine audio features, genres (a|b) and tags (a, b).",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Parquet file of plays (ts or uts, artist, track[, ms_played]); may be given more than once.",
)
@click.option(
    "--songs", default=12_000, show_default=True, type=click.IntRange(100), help="Number of songs to draw for genres."
)
@click.option("--seed", default=1, show_default=True, help="Seed of the draws.")
@json_option
def similarity(catalogue: Path, history: tuple[Path, ...], songs: int, seed: int, as_json: bool) -> None:
    """Measure how well near songs share a genre that the vectors do not see, and a listening session.

    Beside each figure stand those of audio features alone, and of audio features with one-hot tags.
    """
    features = Workspace.open().settings.features
    known, sessions = catalogues.read_catalogue(catalogue), list[dict[str, object]]()
    with console.status("songs by genre"):
        genres = similarity_protocol.judge_genres(known, songs, seed, features)
    for file in history:
        with console.status(f"sessions of {file.name}"):
            sessions += similarity_protocol.judge_sessions(known, file, seed, features)
    if as_json:
        print_json({"genres": genres, "sessions": sessions})
        return
    _print_figures(genres, "same genre among the ten nearest")
    if sessions:
        _print_figures(sessions, "songs of one session nearer than random pairs (AUC)")


@evaluate.command()
@history_option
@json_option
def sessions(history: Path, as_json: bool) -> None:
    """Predict ten songs of each session over the second half of a history: NDCG@10 of simple rules and the learned ranker."""
    plays, songs = histories.read_plays(history)
    judged = next_session.predict_all(plays, artist_numbers(songs["artist_key"]), _middle(plays))
    rows = [row for rows in track(judged, "sessions", console=console, transient=True) for row in rows]
    if not rows:
        raise UserError(f"{history}: no session of ten songs in its second half")
    found = next_session.summary(pl.DataFrame(rows, infer_schema_length=None)).to_dicts()
    if as_json:
        print_json(found)
        return
    _print_figures(found, "next session")


@evaluate.command()
@history_option
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="Parquet file of songs: artist, title, the audio features, and genres or tags (a|b or a, b). Default: unknown.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the verdicts drawn and of the intervals.")
@json_option
def newcomers(history: Path, features: Path | None, seed: int, as_json: bool) -> None:
    """Predict which new songs of the second half of a history stay: AUC beside artist affinity alone, and how true the chances
    are."""
    plays, songs = histories.read_plays(history)
    if features is not None:
        songs = catalogues.add_features(songs, features, Workspace.open().settings.features)
    made = cold_start.judge_all(plays, Content.of(songs), _middle(plays), np.random.default_rng(seed))
    months = list(track(made, "four weeks each", console=console, transient=True))
    if not months:
        raise UserError(f"{history}: no song first heard in its second half has been known for 61 days")
    judged = pl.concat(months)
    found = cold_start.report(judged, seed)
    if as_json:
        print_json(found)
        return
    stayed = judged["stay"]
    _print_figures(found["rankers"], f"songs that were new: {len(stayed):,}, of which {stayed.mean():.1%} stayed")
    _print_figures(
        found["calibration"],
        f"chances given, by fifths (Brier {found['brier']:.4f}; the share that stayed, known beforehand: "
        f"{found['brier of the share that stayed']:.4f})",
    )


@evaluate.command()
@click.option(
    "--fit", type=click.Path(path_type=Path), help="Fit the encoder's anchors anew and write them to this file."
)
@click.option("--misses", is_flag=True, help="Show the phrases that are not right; those held back stay hidden.")
@json_option
def mood(fit: Path | None, misses: bool, as_json: bool) -> None:
    """Measure how well moods in words are understood: the words alone, the encoder alone (after `make words`), both together."""
    if fit:
        fit.write_bytes(mood_words.fit(phrases.vectors).as_bytes())
    with console.status("phrases"):
        judged = mood_words.judge_moods(mood_requests.meaning())
    found = mood_words.shares(judged)
    if as_json:
        print_json(found.to_dicts())
        return
    shown = table(
        "set", "layer", "phrases", "right", "opposite", "silent", right=("phrases", "right", "opposite", "silent")
    )
    for row in found.iter_rows(named=True):
        parts = (f"{row[one]:.0%}" for one in (mood_words.RIGHT, mood_words.OPPOSITE, mood_words.SILENT))
        shown.add_row(row["set"], row["layer"], str(row["phrases"]), *parts)
    console.print(shown)
    layer = found["layer"][-1]
    wrong = judged.filter((pl.col(layer) != mood_words.RIGHT) & (pl.col("set") == "tune"))
    for row in wrong.iter_rows(named=True) if misses else ():
        console.print(plain(f"{row[layer]:>8}  {row['phrase']}"))


@evaluate.command(name="mood-shift")
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    required=True,
    help="Parquet file of songs with audio features and tags, as for `evaluate similarity`.",
)
@history_option
@click.option(
    "--shuffles",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of histories without a change.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the shuffles.")
@json_option
def mood_shift_(catalogue: Path, history: Path, shuffles: int, seed: int, as_json: bool) -> None:
    """Measure the watch over moods: alarms on a history, and on the same sessions in random order, where each alarm is false."""
    settings = Workspace.open().settings
    with console.status("sessions in random order"):
        found = mood_shift.judge_mood_shift(catalogue, history, settings, shuffles, np.random.default_rng(seed))
    if as_json:
        print_json(found)
        return
    console.print(
        f"{found['sessions']:,} sessions in {found['weeks']:,.0f} weeks; asked for: a false alarm in "
        f"{found['asked for']:.1%} of sessions\n"
        f"where nothing changes (the sessions in random order, {shuffles} times): "
        f"{found['false alarms a session']:.2%} of sessions, {found['false alarms a week']:.2f} a week\n"
        f"on the history as it was: {found['alarms a week']:.2f} alarms a week"
    )


@evaluate.command(name="not-me")
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Parquet file of plays (ts or uts, artist, track[, ms_played][, listener]): several, or one with a listener each row.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the foreign sessions.")
@json_option
def not_me_(history: tuple[Path, ...], seed: int, as_json: bool) -> None:
    """Measure the proposals of "not me": how many a month come on histories as they are (false, as far as anybody knows), and
    how many sessions of another listener are found that were put into one."""
    rows = list[dict[str, object]]()
    rng = np.random.default_rng(seed)
    groups = [one for file in history for one in [histories.read_listeners(file)]]
    named = {f"{file.stem}": found[""] for file, found in zip(history, groups, strict=True) if "" in found}
    pools = [(named, True), *((found, False) for found in groups if "" not in found)]
    for pool, real in pools:
        for name in track(list(pool), "histories", console=console, transient=True) if len(pool) > 1 else ():
            others = [frame for other, frame in pool.items() if other != name]
            rows.append({"history": name, **foreign_sessions.judge_history(pool[name], others, real, rng)})
    if not rows:
        raise UserError("two histories or more are needed: the sessions of one are put into another")
    if as_json:
        print_json(rows)
        return
    found = pl.DataFrame(rows)
    _print_figures(rows, "not me")
    months, put = pl.col("months") / pl.col("months").sum(), pl.col("put in") / pl.col("put in").sum()
    false, hit = found.select((pl.col("proposals a month") * months).sum(), (pl.col("found") * put).sum()).row(0)
    console.print(f"all: {false:.2f} proposals a month on histories as they are; {hit:.0%} of foreign sessions found")


@evaluate.command()
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    required=True,
    help=f"Parquet file of plays with the columns {', '.join(histories.SPELLINGS)}.",
)
@click.option("--pairs", default=200_000, show_default=True, type=click.IntRange(1), help="Random pairs to draw.")
@click.option("--seed", default=1, show_default=True, help="Seed of the random pairs.")
@click.option("--examples", default=0, type=click.IntRange(0), help="Show this many misses and merges.")
@json_option
def identity(history: Path, pairs: int, seed: int, examples: int, as_json: bool) -> None:
    """Measure how well misspelled names find their song, and how often different songs are taken for one."""
    names, started = histories.read_spellings(history), time.perf_counter()
    score = evaluate_identity(names, pairs, np.random.default_rng(seed))
    seconds = time.perf_counter() - started
    if as_json:
        plain_figures = {name: value for name, value in vars(score).items() if not isinstance(value, pl.DataFrame)}
        print_json(plain_figures | {"seconds": round(seconds, 2)})
        return
    console.print(
        f"{score.names:,} names; {score.plays:,} plays were corrected ({score.pairs:,} distinct pairs); {seconds:.1f} s\n"
        f"an uncorrected name finds the song of its corrected name: {_percent(score.recall_plays)} of plays, "
        f"{_percent(score.recall_pairs)} of distinct pairs\n"
        f"random pairs of different titles of one artist that are taken for one song: {_percent(score.merged, 3)}, and "
        f"{_percent(score.merged_contained, 3)} where one title holds the other (of {score.random_pairs:,})"
    )
    if examples:
        _print_examples(score, examples)


def _print_examples(score: IdentityScore, examples: int) -> None:
    missed = table("plays", "scrobbled", "corrected", title="not found", right=("plays",))
    for row in score.missed.head(examples).iter_rows(named=True):
        missed.add_row(
            str(row["plays"]),
            plain(f"{row['artist_uncorrected']} — {row['title_uncorrected']}"),
            plain(f"{row['artist']} — {row['title']}"),
        )
    merged = table("artist", "title", "and", title="taken for one song")
    for row in score.merged_pairs.head(examples).iter_rows():
        merged.add_row(*map(plain, row))
    console.print(missed)
    console.print(merged)


def _print_figures(rows: Sequence[Mapping[str, object]], title: str) -> None:
    """Prints a table with a column for each key."""
    shown = table(*rows[0], title=title, right=tuple(rows[0])[1:])
    for row in rows:
        shown.add_row(*(f"{value:.3f}" if isinstance(value, float) else plain(value) for value in row.values()))
    console.print(shown)


def _middle(plays: Plays) -> float:
    return float(plays.at[len(plays.at) // 2])


def _percent(share: float | None, digits: int = 1) -> str:
    return "unknown" if share is None else f"{share:.{digits}%}"
