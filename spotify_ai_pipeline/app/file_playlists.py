"""Playlists in a folder, as a target of ours: an M3U8 file a list, read back, and the same list as JSPF and CSV beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from spotify_ai_pipeline.app.playlist_files import FORMS, OURS, FileSong, entry
from spotify_ai_pipeline.clients.playlist_target import OTHER, PlaylistInfo, Rows, TargetRefused
from spotify_ai_pipeline.music.mix.edit_script import Call, applied
from spotify_ai_pipeline.storage.durable import make_folder, swap

ABOUT = "#SPOTIFY-AI-ABOUT:"
"""Begins the line that says what the list is."""

Describe = Callable[[Sequence[str]], list[FileSong]]
"""Gives each id the song that it names."""


class FilePlaylists:
    """The playlists in ``folder``. Entries that the listener put into a file stay, behind ours."""

    def __init__(self, folder: Path, describe: Describe) -> None:
        self.folder, self._describe = folder, describe

    def user_id(self) -> str:
        return str(self.folder)

    def playlists(self, user_id: str) -> list[PlaylistInfo]:
        found = list[PlaylistInfo]()
        for path in sorted(self.folder.glob("*.m3u8")):
            about = _said(path.read_text(encoding="utf-8"), ABOUT)
            found.append(PlaylistInfo(path.stem, path.stem, "", 0, readable=True, description=about))
        return found

    def create_playlist(self, name: str, description: str) -> str:
        make_folder(self.folder)
        made = next(one for one in _names(name) if not self._path(one).exists())
        self._write(made, [], {}, description)
        return made

    def rename(self, playlist_id: str, name: str, note: Callable[[str], None]) -> None:
        """The files under the new name, then none under the old. A list that is the same already is what a crash left."""
        text = self._read(playlist_id)
        kept, about = _entries(text), _said(text, ABOUT)

        def may_be(other: str) -> bool:
            there = self._path(other).read_text(encoding="utf-8") if self._path(other).exists() else None
            return there is None or (_entries(there), _said(there, ABOUT)) == (kept, about)

        called = next(one for one in _names(name) if may_be(one))
        if called != playlist_id:
            self._write(called, list(kept), kept, about)
        note(called)
        for form in ("m3u8", "jspf", "csv") if called != playlist_id else ():
            self._path(playlist_id, form).unlink(missing_ok=True)

    def rows(self, playlist_id: str) -> Rows:
        return Rows(list(_entries(self._read(playlist_id))), [])

    def snapshot_id(self, playlist_id: str) -> str:
        text = self._read(playlist_id)
        # a list that is as it once was is another state all the same
        written = self._path(playlist_id).stat().st_mtime_ns
        return f"{written} {hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def edit(self, playlist_id: str, call: Call) -> str | None:
        text = self._read(playlist_id)
        kept = _entries(text)
        self._write(playlist_id, applied(call, list(kept)), kept, _said(text, ABOUT))
        return self.snapshot_id(playlist_id)

    def not_found(self, track_ids: Iterable[str]) -> list[str]:
        return []

    def wait(self, seconds: float) -> None:
        """A file shows at once what was written."""

    def _path(self, playlist_id: str, form: str = "m3u8") -> Path:
        return self.folder / f"{playlist_id}.{form}"

    def _read(self, playlist_id: str) -> str:
        try:
            return self._path(playlist_id).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise TargetRefused(f"{self._path(playlist_id)} is not there any more", 404) from None

    def _write(self, playlist_id: str, rows: Sequence[str], kept: dict[str, str], about: str) -> None:
        """Each file is the old list or the new; the M3U8, which is read back, comes last."""
        songs = self._describe([row for row in rows if not row.startswith(OTHER)])
        named = {song.song: entry(song) for song in songs}
        head = ["#EXTM3U", f"#PLAYLIST:{playlist_id}", *([ABOUT + about] if about else [])]
        lines = [*head, *(named.get(row) or kept[row] for row in rows)]
        for form in ("jspf", "csv"):
            swap(self._path(playlist_id, form), FORMS[form](playlist_id, songs))
        swap(self._path(playlist_id), "\n".join(lines) + "\n")


def _names(title: str) -> Iterator[str]:
    """The names that files of a list of this title may have, the plain one first."""
    stem = re.sub(r"[^\w .()&+'-]+", "-", title).strip(" .-") or "playlist"
    yield stem
    yield from (f"{stem} ({number})" for number in count(2))


def _said(text: str, mark: str) -> str:
    """Gives what the first line that begins with ``mark`` says; empty where there is none."""
    return next((line.removeprefix(mark).strip() for line in text.splitlines() if line.startswith(mark)), "")


def _entries(text: str) -> dict[str, str]:
    """The entries of an M3U8 file by the song that each is, in order, with its lines. One that is not ours has a token."""
    found, lines, song = dict[str, str](), list[str](), ""

    def end() -> None:
        nonlocal lines, song
        if song or any(not line.startswith("#") for line in lines):
            found.setdefault(song or f"{OTHER}{len(found)}", "\n".join(lines))
        lines, song = [], ""

    for line in (one.strip() for one in text.lstrip("\ufeff").splitlines()):
        if not line or line.startswith(("#EXTM3U", "#PLAYLIST:", ABOUT)):
            continue
        if line.startswith(OURS):
            end()
            song = line.removeprefix(OURS).strip()
        elif line.startswith("#EXTINF") and any(one.startswith("#EXTINF") for one in lines):
            end()
        lines.append(line)
        if not line.startswith("#"):
            end()
    end()
    return found
