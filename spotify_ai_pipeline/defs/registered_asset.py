"""``dg.asset`` for a dataset of the register: a blocking check holds what is made to the columns of the register.

The check runs inside the asset's own step. A step of its own costs 64 ms a check, which is a third of a refresh.

An asset that says what it is ``Derived`` from is not made anew while all of that is the same: the versions of its inputs in the
lake, what else it reads, and the code. This is the one place that decides it.
"""

import hashlib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.io_manager import DATA_VERSION, DERIVATION, Made, Parts, Pieces, Unchanged, WithBlobs
from spotify_ai_pipeline.defs.resources import WorkspaceResource
from spotify_ai_pipeline.paths import program_version
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset

CHECK = "columns_are_registered"

Make = Callable[..., Any]


@dataclass(frozen=True)
class Derived:
    """Everything that an asset is made from. It must be complete: what is left out here does not make the asset anew."""

    reads: Callable[[WorkspaceResource], object] = lambda _: None
    """What is read beside the inputs: settings, what the listener said, other datasets by version."""
    aside: Collection[str] = ()
    """Inputs whose change alone is no reason to make it anew."""

    def of(self, workspace: WorkspaceResource, inputs: Iterable[str]) -> str:
        """One string that changes with anything that the asset is made from."""
        versions = {
            name: workspace.lake.version_of(datasets.REGISTER[name]) for name in inputs if name not in self.aside
        }
        return hashlib.sha256(repr((program_version(), versions, self.reads(workspace))).encode()).hexdigest()


def registered_asset(derived: Derived | None = None, **options: Any) -> Callable[[Make], dg.AssetsDefinition]:
    """Takes the options of ``dg.asset``. Raises ``KeyError`` for an asset that the register lacks."""

    def decorate(make: Make) -> dg.AssetsDefinition:
        dataset = datasets.REGISTER[options.get("name") or make.__name__]

        inputs = [name for name in inspect.signature(make).parameters if name in datasets.REGISTER]

        @wraps(make)
        def checked(*args: Any, **kwargs: Any) -> dg.MaterializeResult[Any]:
            derivation = ""
            if derived is not None:
                workspace = inspect.signature(make).bind(*args, **kwargs).arguments["workspace"]
                derivation = derived.of(workspace, inputs)
                known = workspace.lake.current(dataset)
                if known is not None and known.inputs.get(DERIVATION) == derivation:
                    told = known.inputs.get(DATA_VERSION)
                    same = dg.MaterializeResult(
                        value=Unchanged(known), data_version=dg.DataVersion(told) if told else None
                    )
                    return _with_check(same, dataset)
            made = make(*args, **kwargs)
            result = made if isinstance(made, dg.MaterializeResult) else dg.MaterializeResult(value=made)
            return _with_check(result, dataset, derivation)

        # Dagster reads the arguments from here; the return type "result" would mean to it that there is no value.
        checked.__annotations__ = {name: kind for name, kind in make.__annotations__.items() if name != "return"}
        signature = inspect.signature(make).replace(return_annotation=inspect.Signature.empty)
        checked.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
        check = dg.AssetCheckSpec(
            CHECK, asset=dataset.name, blocking=True, description="The columns are those of the register."
        )
        return dg.asset(check_specs=[check], **options)(checked)

    return decorate


def _with_check(result: dg.MaterializeResult[Any], dataset: Dataset, derivation: str = "") -> dg.MaterializeResult[Any]:
    value: Any = result.value
    wrong: list[str] = []
    if isinstance(value, Parts):
        value = replace(value, frames=((name, _held(frame, dataset)) for name, frame in value.frames))
    elif isinstance(value, Pieces):
        value = replace(value, frames=_all_held(value.frames, dataset))
    elif not isinstance(value, Unchanged):
        wrong = dataset.differences((value.frame if isinstance(value, WithBlobs) else value).schema)
    check = dg.AssetCheckResult(check_name=CHECK, passed=not wrong, metadata={"wrong": ", ".join(wrong) or "nothing"})
    marks = {DERIVATION: derivation} | ({DATA_VERSION: result.data_version.value} if result.data_version else {})
    made: Any = Made(value, marks) if derivation else value
    return dg.MaterializeResult(
        value=made,
        metadata=result.metadata,
        tags=result.tags,
        data_version=result.data_version,
        check_results=[check],
    )


def _all_held(frames: Iterable[pl.DataFrame], dataset: Dataset) -> Iterator[pl.DataFrame]:
    for frame in frames:
        yield _held(frame, dataset)


def _held(frame: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """``frame``, one of many that are published as they come: a wrong one fails the step before it is published."""
    if wrong := dataset.differences(frame.schema):
        raise dg.Failure(f"{dataset.name}: {', '.join(wrong)}", allow_retries=False)
    return frame
