"""``dg.asset`` for a dataset of the register: a blocking check holds what is made to the columns of the register.

The check runs inside the asset's own step. A step of its own costs 64 ms a check, which is a third of a refresh.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

import dagster as dg
import polars as pl

from spotify_ai_pipeline.defs.io_manager import Parts, Pieces, WithBlobs
from spotify_ai_pipeline.storage import datasets
from spotify_ai_pipeline.storage.lake import Dataset

CHECK = "columns_are_registered"

Make = Callable[..., Any]


def registered_asset(**options: Any) -> Callable[[Make], dg.AssetsDefinition]:
    """Takes the options of ``dg.asset``. Raises ``KeyError`` for an asset that the register lacks."""

    def decorate(make: Make) -> dg.AssetsDefinition:
        dataset = datasets.REGISTER[options.get("name") or make.__name__]

        @wraps(make)
        def checked(*args: Any, **kwargs: Any) -> dg.MaterializeResult[Any]:
            made = make(*args, **kwargs)
            result = made if isinstance(made, dg.MaterializeResult) else dg.MaterializeResult(value=made)
            return _with_check(result, dataset)

        # Dagster reads the arguments from here; the return type "result" would mean to it that there is no value.
        checked.__annotations__ = {name: kind for name, kind in make.__annotations__.items() if name != "return"}
        signature = inspect.signature(make).replace(return_annotation=inspect.Signature.empty)
        checked.__signature__ = signature  # pyright: ignore[reportAttributeAccessIssue]
        check = dg.AssetCheckSpec(
            CHECK, asset=dataset.name, blocking=True, description="The columns are those of the register."
        )
        return dg.asset(check_specs=[check], **options)(checked)

    return decorate


def _with_check(result: dg.MaterializeResult[Any], dataset: Dataset) -> dg.MaterializeResult[Any]:
    value: Any = result.value
    wrong: list[str] = []
    if isinstance(value, Parts):
        value = replace(value, frames=((name, _held(frame, dataset)) for name, frame in value.frames))
    elif isinstance(value, Pieces):
        value = replace(value, frames=_all_held(value.frames, dataset))
    else:
        wrong = dataset.differences((value.frame if isinstance(value, WithBlobs) else value).schema)
    check = dg.AssetCheckResult(check_name=CHECK, passed=not wrong, metadata={"wrong": ", ".join(wrong) or "nothing"})
    return dg.MaterializeResult(
        value=value,
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
