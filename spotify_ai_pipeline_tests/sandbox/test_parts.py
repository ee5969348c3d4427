"""Small parts on their own: playlist edits, field filters, ids, XML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_ai_pipeline.sandbox.ids import hashed_id, hashed_uuid, is_spotify_id
from spotify_ai_pipeline.sandbox.lastfm.call import answer
from spotify_ai_pipeline.sandbox.shelf import Item
from spotify_ai_pipeline.sandbox.spotify.call import Refused
from spotify_ai_pipeline.sandbox.spotify.fields import select
from spotify_ai_pipeline.sandbox.spotify.playlists import inserted, moved, removed


def _rows(n: int) -> list[Item]:
    return [Item(k + 1, "track", f"{k:022d}", None, None, 0, "me") for k in range(n)]


@settings(database=None, deadline=None)
@given(st.integers(1, 12), st.data())
def test_moving_is_what_the_documentation_says(n: int, data: st.DataObject) -> None:
    rows = _rows(n)
    start = data.draw(st.integers(0, n - 1))
    length = data.draw(st.integers(1, n - start))
    before = data.draw(st.integers(0, n))
    after = moved(rows, rows, start, before, length)
    assert sorted(item.id for item in after) == [item.id for item in rows]
    if not start <= before <= start + length:
        block = rows[start : start + length]
        at = before if before < start else before - length
        assert after[at : at + length] == block
        assert [item for item in after if item not in block] == rows[:start] + rows[start + length :]
    else:
        assert after == rows


def test_inserting_and_removing() -> None:
    rows, new = _rows(3), [Item(0, "track", "x", None, None, 0, "me")]
    assert inserted(rows, new, 1) == [rows[0], *new, *rows[1:]]
    assert inserted(rows, new, None) == [*rows, *new]
    assert removed(rows, rows[:1], {item.uri for item in rows}) == rows[1:]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("a", {"a": 1}),
        ("a,b.c", {"a": 1, "b": {"c": 2}}),
        ("b(c)", {"b": {"c": 2}}),
        ("b.(c)", {"b": {"c": 2}}),
        ("l(d),l(e)", {"l": [{"d": 4, "e": 5}]}),
        ("b(!c)", {"b": {"x": 3}}),
        ("nothing", {}),
        ("", {"a": 1, "b": {"c": 2, "x": 3}, "l": [{"d": 4, "e": 5, "f": 6}]}),
    ],
)
def test_fields(fields: str, left: Any) -> None:
    assert select({"a": 1, "b": {"c": 2, "x": 3}, "l": [{"d": 4, "e": 5, "f": 6}]}, fields) == left


@pytest.mark.parametrize("fields", ["a(", "a)", ",", "a,", "a..b", "(a)"])
def test_senseless_fields(fields: str) -> None:
    with pytest.raises(Refused):
        select({"a": 1}, fields)


@settings(database=None, deadline=None)
@given(st.text())
def test_hashed_ids(text: str) -> None:
    assert is_spotify_id(hashed_id(text)) and hashed_id(text) == hashed_id(text)
    assert len(hashed_uuid(text)) == 36


def test_xml_is_escaped() -> None:
    body = {
        "x": {
            "@attr": {"q": '"<&'},
            "name": "<b>&</b>",
            "artist": {"mbid": "", "#text": "A & B"},
            "n": 3,
            "t": [{"k": ""}],
        }
    }
    xml = bytes(answer(body, as_json=False).body).decode()
    assert xml.endswith(
        '<x q="&quot;&lt;&amp;"><name>&lt;b&gt;&amp;&lt;/b&gt;</name><artist mbid="">A &amp; B</artist>'
        "<n>3</n><t><k/></t></x></lfm>"
    )
