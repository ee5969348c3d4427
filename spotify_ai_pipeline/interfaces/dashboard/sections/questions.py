"""One song at a time: the question that is next, its answers, and the way back."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import polars as pl
import streamlit as st

from spotify_ai_pipeline.app import covers, not_me, previews
from spotify_ai_pipeline.interfaces.dashboard import data, theme
from spotify_ai_pipeline.interfaces.views.wording import ASKS, meaning, source_name
from spotify_ai_pipeline.storage import exclusions, queue
from spotify_ai_pipeline.storage.workspace import Workspace

ANSWERS = {
    "approve": ("Approve", "thumb_up"),
    "reject": ("Reject", "thumb_down"),
    "later": ("Not now", "schedule"),
    "more": ("Approve, more like this", "add_circle"),
    "wrong_version": ("Wrong version", "difference"),
    "fewer": ("Fewer from this artist", "person_remove"),
}
DOUBLE_CLICK_SECONDS = 0.6
"""An answer that comes sooner after its question is the second half of a double click on the question before."""

COVER = 100
"""Pixels across."""
SHOWN, ANSWERED, LEFT_OUT = "question shown", "question answered", "left out as not me"


@dataclass(frozen=True)
class _Shown:
    """A question as this browser saw it; however often its buttons are pressed, the answer counts once."""

    item_id: int
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.monotonic)


def page() -> None:
    workspace = data.workspace()
    st.title("Questions")
    if said := st.session_state.pop("question said", None):
        st.toast(said)
    way_back(workspace)
    question = queue.next_question(workspace.state)
    if question is None:
        st.text("No questions wait. A refresh asks about old songs, discovery about new ones.")
    else:
        _ask(workspace, question)
    _suspects(workspace)
    _waiting(workspace)


def _ask(workspace: Workspace, question: queue.Question) -> None:
    shown = st.session_state.get(SHOWN)
    if shown is None or shown.item_id != question.item_id:
        shown = st.session_state[SHOWN] = _Shown(question.item_id)
    with st.container(border=True):
        st.caption(f"{queue.pending(workspace.state)} waiting · question {question.item_id}")
        cover = covers.kept(workspace, question.track_id)
        picture = st.image(cover, width=COVER) if cover else st.empty()
        st.subheader(theme.plain(question.title), anchor=False)
        st.text(question.artist)
        if question.line:
            st.text(question.line)
        st.text(f"{ASKS.get(question.kind, '')} {question.reason}".strip())
        if question.chance is not None:
            st.progress(min(max(question.chance, 0.0), 1.0), text=f"predicted match {question.chance:.0%}")
        if question.plays:
            st.text(f"heard {question.plays - question.skips} times of {question.plays} on trial")
        if st.button("Hear 30 seconds", key=f"hear-{question.item_id}", icon=":material/headphones:"):
            named = (question.artist, question.title, question.track_id)
            found = previews.find(workspace, *named)
            if not cover and (cover := covers.find(workspace, *named)):
                picture.image(cover, width=COVER)
            if found is None:
                st.text("No preview of this song is to be had.")
            else:
                st.audio(found.sound, format=found.mime, autoplay=True)
        if question.link:
            st.link_button("Listen", question.link, icon=":material/open_in_new:")
        with st.container(horizontal=True):
            for place, verdict in enumerate(verdict for verdict in ANSWERS if verdict in question.answers):
                label, icon = ANSWERS[verdict]
                st.button(
                    label,
                    key=f"{verdict}-{question.item_id}-{shown.nonce}",
                    help=meaning(question.kind, verdict),
                    icon=f":material/{icon}:",
                    type="primary" if not place else "secondary",
                    on_click=_decide,
                    args=(workspace, question, verdict, shown),
                )


def _decide(workspace: Workspace, question: queue.Question, verdict: str, shown: _Shown) -> None:
    if time.monotonic() - shown.since < DOUBLE_CLICK_SECONDS:
        return
    taken = queue.decide(workspace.state, question.item_id, verdict, "dashboard", shown.nonce)
    says = meaning(question.kind, verdict) if taken else "was answered before; nothing changed"
    st.session_state["question said"] = theme.plain(f"{question.title}: {says}")
    if taken:
        st.session_state[ANSWERED] = question.item_id


def way_back(workspace: Workspace) -> None:
    """The last word that was given here can be taken back."""
    if (item_id := st.session_state.get(ANSWERED)) is None:
        return
    last = queue.item(workspace.state, item_id)
    if last is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Undo", key=f"undo-{item_id}", icon=":material/undo:", on_click=_undo, args=(workspace, item_id))
            st.text(f"{last.title} — {last.artist}: {last.status}")


def remember(item_id: int) -> None:
    """Offers to take back what was said of a song elsewhere on these pages."""
    st.session_state[ANSWERED] = item_id


def _undo(workspace: Workspace, item_id: int) -> None:
    taken = queue.undo(workspace.state, item_id, "dashboard")
    st.session_state["question said"] = "taken back" if taken else "there is nothing to take back"
    st.session_state.pop(ANSWERED, None)
    st.session_state.pop(SHOWN, None)


def _suspects(workspace: Workspace) -> None:
    """What may not have been the listener: a tap leaves it out, and the way back stands in its place."""
    if (left_out := st.session_state.get(LEFT_OUT)) is not None:
        number, label = left_out
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Undo", "undo-not-me", icon=":material/undo:", on_click=_bring_back, args=(workspace, number))
            st.text(f"{label}: left out from the next refresh on")
    found = not_me.proposals(workspace)
    if not found:
        return
    st.subheader("Was this you?")
    for one in found:
        with st.container(border=True):
            st.text(f"{one.label}\n{one.why}")
            with st.container(horizontal=True):
                st.button(
                    "Not me",
                    f"not-me-{one.key}",
                    icon=":material/person_off:",
                    on_click=_leave_out,
                    args=(workspace, one),
                )
                st.button(
                    "It was me", f"me-{one.key}", icon=":material/person:", on_click=not_me.keep, args=(workspace, one)
                )


def _leave_out(workspace: Workspace, proposal: not_me.Proposal) -> None:
    st.session_state[LEFT_OUT] = (not_me.leave_out(workspace, proposal), proposal.label)


def _bring_back(workspace: Workspace, number: int) -> None:
    exclusions.undo(workspace.state, number)
    st.session_state.pop(LEFT_OUT, None)


def _waiting(workspace: Workspace) -> None:
    found = queue.items(workspace.state)
    if not found:
        return
    st.subheader("What waits, and what is on trial")
    rows = [
        (
            one.status,
            f"{one.title} — {one.artist}",
            one.chance and 100 * one.chance,
            source_name(one.source or one.kind),
            one.reason,
        )
        for one in found
    ]
    kinds = {"status": pl.String, "song": pl.String, "match": pl.Float64, "from": pl.String, "why": pl.String}
    theme.table(
        pl.DataFrame(rows, schema=kinds, orient="row"),
        {"match": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100)},
    )
