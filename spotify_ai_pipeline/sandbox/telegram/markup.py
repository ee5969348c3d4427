"""The HTML of messages: which tags there are, and what is left when they are taken out."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler"}
_ENTITIES = {"lt", "gt", "amp", "quot"}


class Unreadable(ValueError):
    """Text that is no HTML of Telegram's kind."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.text: list[str] = []
        self.page: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            raise Unreadable(f'Unsupported start tag "{tag}"')
        self.open.append(tag)
        link = dict(attrs).get("href") if tag == "a" else None
        self.page.append(f'<a href="{escape(link)}">' if link else f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Unreadable(f'Unexpected end tag "{tag}"')
        self.page.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise Unreadable("Unsupported start tag")
        self.text.append(data)
        self.page.append(escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        shown = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}[name] if name in _ENTITIES else f"&{name};"
        self.text.append(shown)
        self.page.append(escape(shown))

    def handle_charref(self, name: str) -> None:
        number = int(name[1:], 16) if name[:1] in "xX" else int(name)
        self.text.append(chr(number))
        self.page.append(escape(chr(number)))


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise Unreadable(f'Can\'t find end tag corresponding to start tag "{reader.open[-1]}"')
    return reader


def plain(text: str) -> str:
    """The text without its tags. Raises Unreadable."""
    return "".join(_read(text).text)


def page(text: str) -> str:
    """The text as HTML that a browser may be given. Raises Unreadable."""
    return "".join(_read(text).page)
