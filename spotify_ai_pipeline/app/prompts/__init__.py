"""What a language model is told before each kind of question: a Markdown file a kind."""

from __future__ import annotations

from importlib.resources import files


def prompt(kind: str) -> str:
    """The text of ``kind``, the name of a file here without its ending."""
    return files(__name__).joinpath(f"{kind}.md").read_text(encoding="utf-8")
