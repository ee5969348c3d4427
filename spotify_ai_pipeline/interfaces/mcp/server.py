"""The tools of the server. What a tool returns is all that a model gets to see; docs/mcp.md lists it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from spotify_ai_pipeline import clock
from spotify_ai_pipeline.app import standing_taste
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.mcp import writing
from spotify_ai_pipeline.interfaces.views import mix_view
from spotify_ai_pipeline.interfaces.views import own_lists as list_views
from spotify_ai_pipeline.interfaces.views.coverage import ANY, count_by_month, find_put_aside, find_silent_months
from spotify_ai_pipeline.interfaces.views.errors import explain
from spotify_ai_pipeline.interfaces.views.listening import summarize_listening
from spotify_ai_pipeline.interfaces.views.similarity import Similarity
from spotify_ai_pipeline.interfaces.views.song_lookup import resolve_song
from spotify_ai_pipeline.interfaces.views.why import explain_song
from spotify_ai_pipeline.storage import datasets, duckdb_views, queue, taste_rules
from spotify_ai_pipeline.storage.workspace import Workspace

INSTRUCTIONS = """One listener's music. Tools that read answer at once. Tools whose name begins with propose_ change nothing: they
answer with a token and a sentence. Read the sentence to the listener, and call confirm with the token only once they agree."""

MOST_ROWS, MOST_SECONDS, MOST_MEMORY = 200, 10.0, "512MB"
"""Bounds of a question in SQL."""
MOST_SONGS = 100
Count = Annotated[int, Field(ge=1, le=MOST_SONGS, description="Songs to return at most.")]
A_SONG = 'The song, as "ARTIST - TITLE", a title, or a song id.'
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

Tool = Callable[..., Any]


def told(tool: Tool) -> Tool:
    """``tool`` with errors as a person is told of them; a bug stays one."""

    @wraps(tool)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return tool(*args, **kwargs)
        except Exception as error:
            if (line := explain(error)) is None:
                raise
            raise ToolError(line) from None

    return safe


def build(workspace: Callable[[], Workspace]) -> MCPServer:
    """The server over the home that ``workspace`` opens for each call: settings and data are those of the moment."""
    server = MCPServer("spotify-ai", instructions=INSTRUCTIONS, log_level="WARNING")

    def reads(tool: Tool) -> Tool:
        return server.tool(annotations=READS, structured_output=False)(told(tool))

    @reads
    def mix() -> dict[str, Any]:
        """The AI Mix as last decided: each song with slot, score and reason, and what came and left."""
        return _readable(mix_view.mix_as_data(workspace()))

    @reads
    def why(song: Annotated[str, Field(description=A_SONG)]) -> dict[str, Any]:
        """Says why a song is ranked as it is: its place, its story and the parts of its score."""
        return explain_song(workspace(), song).as_data()

    @reads
    def find(words: str = "", like: list[str] | None = None, unlike: list[str] | None = None, limit: Count = 10) -> Any:
        """Songs of the library by words for moods, sounds and tags, or like some songs and unlike others."""
        if bool(words) == bool(like or unlike):
            raise UserError("give words, or songs with like and unlike")
        home = workspace()
        if words:
            return Similarity(home).by_words(words, limit).as_data()
        wanted, shunned = ([resolve_song(home, song) for song in songs or ()] for songs in (like, unlike))
        return Similarity(home).blended(wanted, shunned, limit).as_data()

    @reads
    def similar(song: Annotated[str, Field(description=A_SONG)], to: str = "", limit: Count = 10) -> dict[str, Any]:
        """The songs most like one, or with ``to`` the way from it to another, a small step at a time."""
        home = workspace()
        start = resolve_song(home, song)
        found = (
            Similarity(home).way(start, resolve_song(home, to), limit) if to else Similarity(home).like(start, limit)
        )
        return found.as_data()

    @reads
    def stats() -> dict[str, Any]:
        """The listening in figures: how much, which artists and songs lately, at which hours."""
        return summarize_listening(workspace())

    @reads
    def taste() -> dict[str, Any]:
        """Gives what the listener said of their taste, and what the program believes of it, each with its evidence."""
        home = workspace()
        rules = [standing_taste.describe(home, one) for one in taste_rules.in_force(home.state, clock.now())]
        return {"said": rules, "believed": [vars(one) for one in standing_taste.beliefs(home)]}

    @reads
    def questions() -> list[dict[str, Any]]:
        """The new songs and other questions that wait for the listener's answer, each with its number."""
        return [asdict(one) | {"link": one.link} for one in queue.items(workspace().state)[:MOST_SONGS]]

    @reads
    def lists() -> list[dict[str, Any]]:
        """Every playlist that is kept fresh, with what it is made of."""
        return list_views.list_lists(workspace())

    @reads
    def gaps() -> dict[str, Any]:
        """Tells how much each source knows of the listening, by month, and what is unknown."""
        months = count_by_month(workspace().lake.scan(datasets.LISTENS))
        aside = [vars(one) for one in find_put_aside(workspace())]
        by_month = months.filter(source=ANY).select("month", "plays").to_dicts()
        return {"months": by_month, "unknown": find_silent_months(months), "put_aside": aside}

    @reads
    def sql(
        query: Annotated[str, Field(description="One SELECT in DuckDB's SQL; `SHOW TABLES` lists the tables.")],
    ) -> Any:
        """Ask anything of all data and the state. A question changes nothing; it has bounds on rows and time."""
        return ask(workspace(), query)

    writing.add_tools(server, workspace, told)
    return server


def ask(workspace: Workspace, query: str) -> dict[str, Any]:
    """The first ``MOST_ROWS`` rows of one question that ends within ``MOST_SECONDS``. Raises ``UserError``."""
    import duckdb

    with duckdb_views.connect(workspace.lake, workspace.state) as connection:
        connection.execute(f"SET memory_limit = '{MOST_MEMORY}'")
        connection.execute("SET lock_configuration = true")
        late = threading.Timer(MOST_SECONDS, connection.interrupt)
        late.start()
        try:
            kinds = [one.type for one in connection.extract_statements(query)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise UserError("ask one question, a SELECT; a question changes nothing")
            answer = connection.execute(query)
            columns = [column[0] for column in answer.description or ()]
            rows = answer.fetchmany(MOST_ROWS + 1)
        except duckdb.InterruptException:
            raise UserError(f"the question took longer than {MOST_SECONDS:.0f} seconds; ask for less") from None
        except duckdb.Error as error:
            raise UserError(" ".join(str(error).split())) from None
        finally:
            late.cancel()
    named = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows[:MOST_ROWS]]
    return {"rows": named, "more": len(rows) > MOST_ROWS}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)[:1_000]


def _readable(mix: dict[str, Any]) -> dict[str, Any]:
    """The mix without what only a program needs."""
    wanted = ("rank", "song_id", "artist", "title", "slot", "score", "change", "reason")
    return mix | {"songs": [{key: song[key] for key in wanted} for song in mix["songs"]]}
