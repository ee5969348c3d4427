"""Budgets and health: what `spotify-ai status` shows."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.views.health import summarize_health
from spotify_ai_pipeline.interfaces.views.wording import service_name, when


def page() -> None:
    workspace = data.workspace()
    found = summarize_health(workspace)
    st.title("Health")
    for alert in found["alerts"]:
        st.error(theme.plain(alert["message"]), icon=":material/warning:")
    if not found["alerts"]:
        st.success("No alert is open.", icon=":material/check_circle:")
    last = found["last_refresh"]
    claude, sign_in = found["claude"], found["sign_in"]
    theme.figures(
        ("last refresh", when(workspace, last["refreshed_at"]) if last else "none yet"),
        ("questions waiting", f"{found['questions']}"),
        (
            "Spotify",
            sign_in["state"] + (f", {sign_in['days_left']} days left" if sign_in["days_left"] is not None else ""),
        ),
        ("Claude this month", f"{claude['spent_usd']:.2f} of {claude['budget_usd']:.2f} USD"),
    )
    if sign_in["closed_to_this_app"]:
        st.caption(
            theme.plain("Closed to this app, other services stand in: " + ", ".join(sign_in["closed_to_this_app"]))
        )
    st.subheader("Budgets of today")
    _budgets(found["services"])
    st.subheader("What was made")
    theme.table(pl.DataFrame(found["assets"]).select("layer", "asset", "rows", made=pl.col("made") + " UTC"))
    st.caption(
        theme.plain(
            f"{found['listener']} ({'demo on the sandbox' if found['demo'] else 'real accounts'}), {found['data']}"
        )
    )


def _budgets(services: list[dict[str, Any]]) -> None:
    rows = pl.DataFrame(services).select(
        pl.col("service").map_elements(service_name, pl.String),
        used=100 * pl.col("calls") / pl.col("budget"),
        calls=pl.Series([f"{one['calls']:,} of {one['budget']:,}" for one in services]),
        writes=pl.Series([f"{one['writes']:,} of {one['writes_budget']:,}" for one in services]),
        failed="failures",
        pause=pl.concat_str("paused", pl.lit(" "), "why").str.strip_chars(),
    )
    theme.table(rows, {"used": st.column_config.ProgressColumn("used", min_value=0, max_value=100, format="%.0f %%")})
