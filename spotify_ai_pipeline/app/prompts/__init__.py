"""The instructions of a language model: a Markdown file for each kind of question."""

from __future__ import annotations

from importlib.resources import files


def prompt(kind: str) -> str:
    """The text of ``kind``, the name of a file here without its ending."""
    return files(__name__).joinpath(f"{kind}.md").read_text(encoding="utf-8")
