"""What the pages draw from: the workspace, and figures that are remembered until what they are made from changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

import streamlit as st

from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.storage.lake import Dataset
from spotify_ai_pipeline.storage.workspace import Workspace

T = TypeVar("T")
REMEMBERED_SECONDS = 900
"""Figures that speak of the last days are made anew after this long even where nothing was materialized."""


def workspace() -> Workspace:
    """The listener's workspace, with the settings that are in force now."""
    return Workspace.open()


def compute_once(place: Workspace, compute: Callable[..., T], *datasets: Dataset, **options: Any) -> T:
    """``compute`` over lazy frames of ``datasets`` and ``options``. The answer is remembered until a dataset
    has a new version. Raises ``LakeError`` where a dataset was never made."""
    versions = tuple(place.lake.version_of(dataset) for dataset in datasets)
    return _remembered()(
        f"{compute.__module__}.{compute.__name__}", str(place.lake.base), versions, options, place, compute, datasets
    )


def _compute_anew(
    name: str,
    lake: str,
    versions: tuple[str, ...],
    options: dict[str, Any],
    _workspace: Workspace,
    _compute: Callable[..., Any],
    _datasets: tuple[Dataset, ...],
) -> Any:
    del name, lake, versions
    frames = [_workspace.lake.scan(dataset) for dataset in _datasets]
    return _compute(*frames, **options)


@cache
def _remembered() -> Callable[..., Any]:
    """``_compute_anew`` with a memory, which Streamlit wants to be set up while it runs."""
    return st.cache_data(show_spinner=False, max_entries=100, ttl=REMEMBERED_SECONDS)(_compute_anew)


def exists(place: Workspace, dataset: Dataset) -> bool:
    """Whether ``dataset`` has a version."""
    return place.lake.current(dataset) is not None


def explain_errors(page: Callable[[], None]) -> Callable[[], None]:
    """``page``, which says in one line what a person can put right instead of showing a traceback."""

    @wraps(page)
    def careful() -> None:
        try:
            page()
        except Exception as error:
            if (line := explain(error)) is None:
                raise
            st.info(line, icon=":material/info:")

    return careful
