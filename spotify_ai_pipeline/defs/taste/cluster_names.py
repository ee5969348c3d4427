"""Names of clusters: by Claude where it may be asked, by distinctive tags where not; kept while the cluster is the same."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
import numpy as np
import polars as pl

from spotify_ai_pipeline.app.prompts import prompt
from spotify_ai_pipeline.clients.claude import Claude
from spotify_ai_pipeline.clients.claude_permission import CLUSTER_NAMES, who_answers, why_not
from spotify_ai_pipeline.defs.groups import TASTE
from spotify_ai_pipeline.defs.io_manager import frame_of
from spotify_ai_pipeline.defs.registered_asset import registered_asset
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.errors import ExpectedError
from spotify_ai_pipeline.music.clustering import describe, naming
from spotify_ai_pipeline.music.clustering.naming import Card
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.workspace import Workspace

FAMILY, CLUSTER = "family", "cluster"
TAGS = "tags"
SAMPLE = 12
A_QUESTION = 10
"""Clusters a question: a cut answer loses no more than these."""
TOKENS_A_CLUSTER = 250


@registered_asset(group_name=TASTE, kinds={"anthropic", "parquet"})
def cluster_names(
    context: dg.AssetExecutionContext,
    workspace: WorkspaceResource,
    clusters: pl.DataFrame,
    song_embeddings: pl.DataFrame,
    songs: pl.DataFrame,
    tags: pl.DataFrame,
) -> dg.MaterializeResult:
    """A name and a sentence for each cluster and each family of clusters.

    A name stays while at least half of the songs are those that it was given for; ``named_songs`` holds them. Claude is told
    distinctive tags and a few artists and titles; what it answers counts only where it rests on those tags.
    """
    cards = _cards(clusters, song_embeddings, songs, tags)
    last = frame_of(workspace.lake, datasets.CLUSTER_NAMES)
    table = cards.join(last.select(*NAMED), on="cluster_id", how="left", maintain_order="left")
    same = [naming.unchanged(row["named_songs"] or [], row["members"]) for row in table.iter_rows(named=True)]
    table = table.with_columns(
        pl.when(pl.Series(same, dtype=pl.Boolean)).then(pl.col(column)).alias(column)
        for column in NAMED
        if column != "cluster_id"
    )
    reason, by = why_not(workspace.workspace, CLUSTER_NAMES), who_answers(workspace.workspace)
    by_claude: dict[int, tuple[str, str]] = {}
    if reason is None:
        wanting = table.filter(pl.col("named_by").fill_null(TAGS) == TAGS)
        kept = set(table.filter(pl.col("named_by") != TAGS)["name"].to_list())
        try:
            for named in _ask(workspace.workspace, [_card(row) for row in wanting.iter_rows(named=True)], kept):
                by_claude |= named
        except ExpectedError as error:  # over budget, refused, out of reach: tags always work
            reason = str(error)
            context.log.warning(f"{error}; the other clusters are named by their tags")
    taken = {name for name, _ in by_claude.values()} | set(
        table.filter(~pl.col("cluster_id").is_in(list(by_claude)))["name"].drop_nulls().to_list()
    )
    now = datetime.fromtimestamp(workspace.now(), UTC)
    rows: list[dict[str, object]] = []
    for row in table.iter_rows(named=True):
        cluster = row["cluster_id"]
        if cluster in by_claude:
            name, description = by_claude[cluster]
            row |= _new(name, description, by, now, row)
        elif row["name"] is None:
            name, description = describe.name_by_tags(row["tags"], row["artists"], taken)
            taken.add(name)
            row |= _new(name, description, TAGS, now, row)
        rows.append({column: row[column] for column in datasets.CLUSTER_NAMES.schema})
    named = pl.DataFrame(rows, schema=datasets.CLUSTER_NAMES.schema)
    return dg.MaterializeResult(
        value=named,
        metadata={
            **{
                f"named by {who}": number
                for who, number in named.group_by("named_by").len().sort("named_by").iter_rows()
            },
            "names kept": int((named["named_at"] < now).sum()),
            "why by tags": reason or "",
            "names": dg.MetadataValue.md(_listing(named)),
        },
    )


NAMED = ["cluster_id", "name", "description", "named_by", "named_at", "named_songs"]


@dg.asset_check(asset=cluster_names, description="Every cluster and family has a name and a sentence, no name twice.")
def names_are_whole(cluster_names: pl.DataFrame) -> dg.AssetCheckResult:
    missing = cluster_names.filter(
        (pl.col("name").fill_null("") == "") | (pl.col("description").fill_null("") == "")
    ).height
    doubled = cluster_names.height - cluster_names["name"].n_unique()
    return dg.AssetCheckResult(passed=not missing and not doubled, metadata={"without": missing, "doubled": doubled})


def _cards(clusters: pl.DataFrame, embeddings: pl.DataFrame, songs: pl.DataFrame, tags: pl.DataFrame) -> pl.DataFrame:
    """A row a family and a cluster, families first: size, distinctive tags, typical songs, artists and members."""
    wide = clusters.join(embeddings.select("song_id", "vector"), on="song_id", maintain_order="left").join(
        songs.select("song_id", "artist", "title"), on="song_id", how="left", maintain_order="left"
    )
    words = tags.explode("tags").unnest("tags").drop_nulls("tag").select("song_id", "tag", "weight")
    vectors, artists = wide["vector"].to_numpy(), wide["artist"].fill_null("").to_list()
    lines = wide.select(line=pl.format("{} — {}", "artist", "title").fill_null(""))["line"].to_list()
    parent_of = dict(wide.select("cluster_id", "parent_cluster_id").iter_rows())
    frames: list[dict[str, object]] = []
    for level, column in ((FAMILY, "parent_cluster_id"), (CLUSTER, "cluster_id")):
        member = wide.select("song_id", cluster_id=column)
        said = dict(describe.distinctive_tags(words, member).iter_rows())
        ids = member["cluster_id"].to_numpy()
        for group in np.unique(ids).tolist():
            rows = describe.typical(vectors, ids, artists, group, SAMPLE)
            frames.append(
                {
                    "cluster_id": group,
                    "parent_cluster_id": parent_of.get(group) if level == CLUSTER else None,
                    "level": level,
                    "songs": int((ids == group).sum()),
                    "tags": said.get(group, []),
                    "sample": [lines[row] for row in rows],
                    "artists": list(dict.fromkeys(artists[row] for row in rows if artists[row])),
                    "members": member.filter(cluster_id=group)["song_id"].to_list(),
                }
            )
    listed = pl.List(pl.String)
    kinds = {
        column: datasets.CLUSTER_NAMES.schema[column]
        for column in ("cluster_id", "parent_cluster_id", "level", "songs", "tags", "sample")
    }
    return pl.DataFrame(frames, schema=kinds | {"artists": listed, "members": listed})


def _card(row: dict[str, object]) -> Card:
    return Card(row["cluster_id"], row["songs"], row["tags"], row["sample"])  # pyright: ignore[reportArgumentType]


def _ask(workspace: Workspace, cards: Sequence[Card], taken: set[str]) -> Iterator[dict[int, tuple[str, str]]]:
    """Names that can be believed, some clusters a question; clusters without tags give nothing to check a name by."""
    cards = [card for card in cards if card.tags]
    if not cards:
        return
    client = Claude.of(workspace)
    system = prompt("cluster_names")
    for start in range(0, len(cards), A_QUESTION):
        batch = cards[start : start + A_QUESTION]
        asked = naming.question(batch, taken)
        answer = client.ask(naming.ClusterNames, system, asked, "cluster names", TOKENS_A_CLUSTER * len(batch))
        named = naming.grounded(answer, batch, taken)
        taken |= {name for name, _ in named.values()}
        yield named


def _new(name: str, description: str, by: str, now: datetime, row: dict[str, object]) -> dict[str, object]:
    return {"name": name, "description": description, "named_by": by, "named_at": now, "named_songs": row["members"]}


def _listing(named: pl.DataFrame) -> str:
    lines = ["| | songs | name | |", "|---|---|---|---|"]
    for row in named.sort("level", "songs", descending=True).iter_rows(named=True):
        cells = [row["level"], f"{row['songs']:,}", row["name"], row["description"]]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)
