"""`spotify-ai next`: one song at a time."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.views.wording import LETTERS, meaning, why_asked
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace

CALLED = {
    "approve": "(a)pprove",
    "more": "(m)ore like this",
    "reject": "(r)eject",
    "later": "(s)kip for now",
    "wrong_version": "(w)rong version",
    "fewer": "(f)ewer from this artist",
}


@click.command(name="next")
@click.option("--json", "as_json", is_flag=True, help="Print the next question as JSON and ask nothing.")
def next_(as_json: bool) -> None:
    """Answer the waiting questions, one song at a time, with single keys.

    Songs that you heard on trial come first, then the best of the others. Each answer counts at once; quit whenever you
    like, the rest waits. From a pipe it reads one letter a line. `spotify-ai queue` lists all questions, `spotify-ai undo ID`
    takes an answer back.
    """
    state = Workspace.open().state
    if as_json:
        question = queue.next_question(state)
        print_json(asdict(question) | {"link": question.link} if question else None)
        return
    last: int | None = None
    while question := queue.next_question(state):
        print_question(question)
        answers = " · ".join(CALLED[one] for one in question.answers)
        ask = f"{answers}\n  (l)isten first · (u)ndo the last answer · (q)uit"
        console.print(f"  {ask}  [dim]{queue.pending(state)} waiting[/]")
        while LETTERS.get(key := _key()) not in question.answers and key not in ("u", "q", ""):
            if key == "l":
                console.print(f"  {question.link}")
                if sys.stdout.isatty():
                    click.launch(question.link)
            else:
                console.print(f"  {ask}")
        if key in LETTERS:
            verdict = LETTERS[key]
            queue.decide(state, question.item_id, verdict, "cli")
            console.print(f"  {verdict.replace('_', ' ')}: {meaning(question.kind, verdict)}")
            last = question.item_id
        elif key == "u":
            taken = last is not None and queue.undo(state, last, "cli")
            console.print("  taken back" if taken else "  you gave no answer yet that could be taken back")
        else:
            return
    console.print(
        "No questions wait. `spotify-ai discover` looks for new songs, `spotify-ai refresh` asks about old ones."
    )


def print_question(question: queue.Question) -> None:
    """Prints the song, the reason for the question, and the predicted match."""
    console.print(plain(f"\n{question.title} — {question.artist}"), style="bold")
    console.print(plain(f"  {why_asked(question)}"))


def _key() -> str:
    if sys.stdin.isatty():
        try:
            return click.getchar().lower()
        except (KeyboardInterrupt, EOFError):
            return "q"
    line = sys.stdin.readline()
    return line.strip().lower()[:1] or ("?" if line else "q")
