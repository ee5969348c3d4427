"""`spotify-ai approve`, `reject` and `later`: answers to questions by their number."""

from __future__ import annotations

import click

from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.interfaces.cli.console import console, plain, print_json
from spotify_ai_pipeline.interfaces.cli.options import json_option
from spotify_ai_pipeline.interfaces.views.wording import meaning
from spotify_ai_pipeline.storage import queue
from spotify_ai_pipeline.storage.workspace import Workspace

NONCE = "A name for this answer: an answer that is sent twice under one name counts once."


def _make_command(name: str, verdicts: dict[str, str], teaches: str) -> click.Command:
    """A command that answers question ID; ``verdicts`` are its flags besides the plain one (empty name)."""

    @click.argument("item", metavar="ID", type=int)
    @click.option("--nonce", default="", help=NONCE)
    @json_option
    def command(item: int, nonce: str, as_json: bool, **flags: bool) -> None:
        chosen = next((verdict for flag, verdict in verdicts.items() if flag and flags[flag]), verdicts[""])
        _answer(Workspace.open(), item, chosen, nonce, as_json=as_json)

    for flag, verdict in verdicts.items():
        if flag:
            help_text = {
                "more": "Also bring more songs like this.",
                "wrong_version": "Reject this recording only.",
                "fewer": "Also bring fewer songs by this artist for half a year.",
            }
            command = click.option(f"--{flag.replace('_', '-')}", flag, is_flag=True, help=help_text[verdict])(command)
    return click.command(name=name, help=teaches)(command)


approve = _make_command(
    "approve",
    {"": "approve", "more": "more"},
    "Say yes to question ID (see `spotify-ai queue`): a new song goes into your library, an old one back on the mix.",
)
reject = _make_command(
    "reject",
    {"": "reject", "wrong_version": "wrong_version"},
    "Say no to question ID for good: no recording of the song is proposed again.",
)
later = _make_command(
    "later",
    {"": "later", "fewer": "fewer"},
    "Put question ID off: it may come up again after 60 days.",
)


def _answer(workspace: Workspace, item: int, verdict: str, nonce: str, *, as_json: bool) -> None:
    question = queue.item(workspace.state, item)
    if question is None:
        raise UserError(f"{item}: there is no question of that number; `spotify-ai queue` lists them")
    if verdict not in question.answers:
        raise UserError(f"{item}: this is no answer to that question; answer with {', '.join(question.answers)}")
    taken = queue.decide(workspace.state, item, verdict, "cli", nonce)
    if as_json:
        print_json({"item_id": item, "verdict": verdict, "taken": taken})
        return
    name = f"{question.title} — {question.artist}"
    if not taken:
        console.print(
            plain(
                f"{name}: was answered before ({question.status}); nothing changed. `spotify-ai undo {item}` takes it back"
            )
        )
        return
    console.print(plain(f"{name}: {meaning(question.kind, verdict)}"))
