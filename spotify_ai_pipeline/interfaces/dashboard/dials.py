"""The dials: each shows the songs that would come and go before it is taken, and goes back with one click."""

from __future__ import annotations

from typing import Any

import streamlit as st

from spotify_ai_pipeline.interfaces.views import dials
from spotify_ai_pipeline.storage.workspace import Workspace

CHOSEN, VALUE, TAKEN = "dial", "dial's value", "dial taken"


def draw(workspace: Workspace) -> None:
    """Draws the dials of the lists that are kept."""
    if (taken := st.session_state.get(TAKEN)) is not None:
        key, before = taken
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Undo", "undo-dial", icon=":material/undo:", on_click=_take_back, args=(workspace, key, before))
            st.text(f"{key} is {workspace.settings.flat[key]}; it counts from the next refresh on")
    offered = [key for key in dials.DIALS if key != "adventure.dial" or workspace.settings.adventure.enabled]
    key = st.selectbox("Dial", offered, key=CHOSEN, format_func=lambda key: dials.DIALS[key][0])
    _, least, most, step = dials.DIALS[key]
    now = type(least)(workspace.settings.flat[key])
    value = st.number_input(key, least, most, now, step, key=f"{VALUE} {key}")
    if value == now:
        st.caption("Turn it, and see which songs would come and go before you take it.")
        return
    effect = dials.preview(workspace, key, value)
    st.text("\n".join(effect.lines) if effect else "no list is made yet")
    st.button(
        "Take it", "take-dial", type="primary", icon=":material/check:", on_click=_take, args=(workspace, key, value)
    )


def _take(workspace: Workspace, key: str, value: Any) -> None:
    st.session_state[TAKEN] = (key, dials.take(workspace, key, value))


def _take_back(workspace: Workspace, key: str, before: Any) -> None:
    dials.take_back(workspace, key, before)
    st.session_state.pop(TAKEN, None)
    st.session_state.pop(f"{VALUE} {key}", None)
