"""The way between Dagster and the lake: an asset's return value becomes a version, an argument is the current one.

The register says in which layer of the lake an asset lies. Every version carries row count, schema, a sample and the
versions it was made from into the Dagster UI.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import polars as pl
from pydantic import PrivateAttr

from spotify_ai_pipeline.defs.plots import bar_chart
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset, Lake
from spotify_ai_pipeline.storage.lake_versions import Version

READERS_GET, READERS_SEE = "spotify_ai/readers_get", "spotify_ai/readers_see"
"""Metadata of an asset that keeps more than its readers want: the column that says which rows they get, and which columns."""

SAMPLE_ROWS = 5
SAMPLE_WIDTH = 60


Metadata = dict[str, dg.MetadataValue[Any] | dg.TableSchema | int | str | dict[str, str]]


@dataclass(frozen=True)
class WithBlobs:
    """A frame with files to publish beside it, such as an index."""

    frame: pl.DataFrame
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True)
class Parts:
    """(partition, frame) pairs, each kept as soon as it comes: a run that is cut keeps what it had. ``metadata`` is looked at
    when all have come."""

    frames: Iterable[tuple[str, pl.DataFrame]]
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Pieces:
    """Frames that are one version together, each in memory alone. ``metadata`` is looked at when all have come."""

    frames: Iterable[pl.DataFrame]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


DERIVATION = "derivation"
DATA_VERSION = "data version"
"""Under this name a version keeps what it was derived from, as one string (see ``registered_asset``)."""


@dataclass(frozen=True)
class Made:
    """A thing that an asset made, and what its version shall say of it beside its inputs (``DERIVATION``,
    ``DATA_VERSION``)."""

    value: Any
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Unchanged:
    """The current version stays: what it is made from is the same."""

    version: Version


class LakeIOManager(dg.ConfigurableIOManager):
    """Keeps and reads frames in the home's lake. An argument of the type ``LazyFrame`` is not read before it is collected."""

    workspace: dg.ResourceDependency[WorkspaceResource]
    _inputs: defaultdict[str, dict[str, str]] = PrivateAttr(default_factory=lambda: defaultdict(dict))

    def handle_output(
        self, context: dg.OutputContext, obj: pl.DataFrame | WithBlobs | Parts | Pieces | Made | Unchanged
    ) -> None:
        inputs = self._inputs.pop(context.step_key, {})
        if isinstance(obj, Unchanged):
            context.add_output_metadata(_still(datasets.REGISTER[context.asset_key.path[-1]], obj.version))
        elif isinstance(obj, Made):
            self._publish(context, obj.value, {**inputs, **obj.marks})
        else:
            self._publish(context, obj, inputs)

    def _publish(
        self, context: dg.OutputContext, obj: pl.DataFrame | WithBlobs | Parts | Pieces, inputs: Mapping[str, str]
    ) -> None:
        lake, dataset = self.workspace.lake, datasets.REGISTER[context.asset_key.path[-1]]
        code_version = context.asset_spec.code_version or "1"
        if isinstance(obj, Parts):
            rows: dict[str, int] = {}
            frame = pl.DataFrame()
            for partition, frame in obj.frames:
                lake.write(frame, dataset, partition, code_version=code_version, inputs=inputs)
                rows[partition] = frame.height
            kept = lake.partition_rows(dataset)
            shown = frame if frame.height else lake.read_part(dataset, max(kept, key=lambda name: kept[name]))
            chart = bar_chart(list(kept), list(kept.values()), "rows by partition")
            more = {
                "dagster/row_count": sum(kept.values()),
                "rows by partition": chart,
                "partitions written": len(rows),
            }
            context.add_output_metadata(describe(dataset, shown) | more | dict(obj.metadata))
            return
        if isinstance(obj, Pieces):
            version = lake.write(obj.frames, dataset, code_version=code_version, inputs=inputs)
            shown = describe(dataset, lake.scan(dataset).head(SAMPLE_ROWS).collect(), version)
            context.add_output_metadata(shown | {"dagster/row_count": version.rows} | dict(obj.metadata))
            return
        whole = obj if isinstance(obj, WithBlobs) else WithBlobs(obj)
        version = lake.write(whole.frame, dataset, code_version=code_version, inputs=inputs, blobs=whole.blobs)
        context.add_output_metadata(describe(dataset, whole.frame, version))

    def load_input(self, context: dg.InputContext) -> pl.DataFrame | pl.LazyFrame:
        dataset = datasets.REGISTER[context.asset_key.path[-1]]
        frame = self.workspace.lake.scan(dataset)
        if context.step_context is not None:
            self._inputs[context.step_context.step.key][dataset.name] = self.workspace.lake.version_of(dataset)
        spec = context.upstream_output.asset_spec if context.upstream_output else None
        if spec and READERS_GET in spec.metadata:
            frame = frame.filter(spec.metadata[READERS_GET]).select(spec.metadata[READERS_SEE])
        return frame if context.dagster_type.typing_type is pl.LazyFrame else frame.collect()


def describe(dataset: Dataset, frame: pl.DataFrame, version: Version | None = None) -> Metadata:
    """A frame in the UI: row count, schema, sample, version and its inputs."""
    said = datasets.described(dataset)
    shown: Metadata = {
        "dagster/row_count": frame.height,
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(name, str(kind), said.get(name)) for name, kind in frame.schema.items()]
        ),
        "sample": sample(frame),
    }
    if version is not None:
        made_from = {name: said for name, said in version.inputs.items() if name != DERIVATION}
        shown |= {"version": version.version, "made from": made_from}
    return shown


def _still(dataset: Dataset, version: Version) -> Metadata:
    """A version that stays, in the UI."""
    columns = [dg.TableColumn(name, str(kind)) for name, kind in dataset.schema.items()]
    return {
        "dagster/row_count": version.rows,
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "version": version.version,
        "unchanged": f"what it is made from is the same as on {version.created_at[:16]}",
    }


def sample(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """The first rows, cells as short text."""
    rows = [
        {name: _short(value) for name, value in row.items()} for row in frame.head(SAMPLE_ROWS).iter_rows(named=True)
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in frame.columns])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=schema)


def _short(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], float):
        return f"{len(value)} numbers"
    text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    return text if len(text) <= SAMPLE_WIDTH else text[: SAMPLE_WIDTH - 1] + "…"


def frame_of(lake: Lake, dataset: Dataset) -> pl.DataFrame:
    """An asset's own last version, for assets that add to what they know; empty where there is none of the right form."""
    known = lake.read_or_none(dataset)
    return dataset.empty() if known is None or dataset.differences(known.schema) else known
