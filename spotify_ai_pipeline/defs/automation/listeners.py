"""Several listeners on one instance: each code location holds the same graph under names that tell them apart.

Assets get the listener's name before their key (``NAME/mix``), jobs a tag with it (``jobs.jobs``), and who writes a
playlist waits for the writers of the same listener alone. A listener who is alone keeps the plain names.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from spotify_ai_pipeline.storage.workspace import Workspace


@dataclass(frozen=True)
class Graph:
    assets: Sequence[dg.AssetsDefinition]
    checks: Sequence[dg.AssetChecksDefinition]


def of_listener(graph: Graph, workspace: Workspace) -> Graph:
    """``graph`` as that of ``workspace``'s listener."""
    if not workspace.shared_as:
        return graph
    names = {key: key.with_prefix(workspace.shared_as) for asset in graph.assets for key in asset.keys}
    assets = [asset.with_attributes(asset_key_replacements=names) for asset in graph.assets]
    checks = [check.with_attributes(asset_key_replacements=names) for check in graph.checks]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # of execution_type, which is copied and not chosen
        return Graph(assets, [dg.AssetChecksDefinition(**check.get_attributes_dict()) for check in checks])
