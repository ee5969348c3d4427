"""Several listeners on one instance: each code location holds the same graph under names that tell them apart.

Assets get the listener's name before their key (``NAME/mix``), jobs a tag with it, and who writes a playlist waits for the
writers of the same listener alone. A listener who is alone keeps the plain names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster_shared.record import replace

from spotify_ai_pipeline.defs.groups import PLAYLIST_WRITER
from spotify_ai_pipeline.storage.workspace import Workspace

Job = dg.JobDefinition | UnresolvedAssetJobDefinition


@dataclass(frozen=True)
class Graph:
    assets: Sequence[dg.AssetsDefinition]
    checks: Sequence[dg.AssetChecksDefinition]
    jobs: Sequence[Job]


def of_listener(graph: Graph, workspace: Workspace) -> Graph:
    """``graph`` as that of ``workspace``'s listener."""
    if not workspace.shared_as:
        return graph
    names = {key: key.with_prefix(workspace.shared_as) for asset in graph.assets for key in asset.keys}

    def named(asset: dg.AssetsDefinition) -> dg.AssetsDefinition:
        return asset.with_attributes(asset_key_replacements=names)

    jobs = [
        _named_job(job, graph.assets, names, workspace) if isinstance(job, UnresolvedAssetJobDefinition) else job
        for job in graph.jobs
    ]
    checks = [named(check) for check in graph.checks]
    return Graph([named(asset) for asset in graph.assets], checks, jobs)  # pyright: ignore[reportArgumentType]


def _named_job(
    job: UnresolvedAssetJobDefinition,
    assets: Sequence[dg.AssetsDefinition],
    names: Mapping[dg.AssetKey, dg.AssetKey],
    workspace: Workspace,
) -> UnresolvedAssetJobDefinition:
    tags = dict(job.tags or {})
    writer = dict.fromkeys(PLAYLIST_WRITER, workspace.shared_as) if PLAYLIST_WRITER.items() <= tags.items() else {}
    chosen = (names[key] for key in job.selection.resolve(assets))
    return replace(job, selection=dg.AssetSelection.assets(*chosen), tags=tags | writer | workspace.run_tags)
