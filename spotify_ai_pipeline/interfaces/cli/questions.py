"""`spotify-ai next`: one song at a time."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.home import Home

KEYS = {"a": "approve", "r": "reject", "s": "later"}
SAID = {
    "approve": "it joins the mix at the next refresh",
    "reject": "it will not be proposed again",
    "later": "not now; it may come up again in 60 days",
}
ASK = "(a)pprove · (r)eject · (s)kip for now · (l)isten first · (q)uit"


@click.command(name="next")
@click.option("--json", "as_json", is_flag=True, help="Print the next question as JSON and ask nothing.")
def next_(as_json: bool) -> None:
    """Answer the questions that wait, one song at a time, with single keys.

    Each answer counts at once; quit whenever you like, the rest waits. In a pipe, one letter a line is read.
    """
    state = Home.open().state
    if as_json:
        question = queue.next_question(state)
        print_json(asdict(question) | {"link": question.link} if question else None)
        return
    while question := queue.next_question(state):
        console.print(plain(f"\n{question.title} — {question.artist}"), style="bold")
        console.print(plain(f"  bring it back? {question.reason}"))
        console.print(f"  {ASK}  [dim]{queue.pending(state)} waiting[/]")
        if not _answer(state, question):
            return
    console.print("No questions wait. New ones come with the next `spotify-ai refresh`.")


def _answer(state: queue.State, question: queue.Question) -> bool:
    """Takes one answer; False where the listener wants to stop."""
    while True:
        key = _key()
        if key in KEYS:
            verdict = KEYS[key]
            queue.decide(state, question.item_id, verdict, "cli")
            console.print(f"  {verdict}: {SAID[verdict]}")
            return True
        if key == "l":
            console.print(f"  {question.link}")
            if sys.stdout.isatty():
                click.launch(question.link)
        elif key in ("q", ""):
            return False
        else:
            console.print(f"  {ASK}")


def _key() -> str:
    if sys.stdin.isatty():
        try:
            return click.getchar().lower()
        except (KeyboardInterrupt, EOFError):
            return "q"
    return sys.stdin.readline().strip().lower()[:1]
