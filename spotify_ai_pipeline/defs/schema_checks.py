"""A blocking check for every asset: the columns that it made are those that the register says."""

from collections.abc import Iterable

import dagster as dg

from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset

NAME = "columns_are_registered"


def schema_checks(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """One check an asset. Raises ``KeyError`` for an asset that the register lacks."""
    return [_schema_check(key, datasets.REGISTER[key.path[-1]]) for asset in assets for key in asset.keys]


def _schema_check(key: dg.AssetKey, dataset: Dataset) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=key, name=NAME, blocking=True, description=f"The columns are those of the register. {dataset.about}"
    )
    def check(workspace: WorkspaceResource) -> dg.AssetCheckResult:
        wrong = dataset.differences(workspace.lake.scan(dataset).collect_schema())  # reads the footers, not the rows
        return dg.AssetCheckResult(passed=not wrong, metadata={"wrong": ", ".join(wrong) or "nothing"})

    return check
