"""The listener's own music files: which song is where."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from spotify_ai_pipeline.encoders.sound import GET_DECODER
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.storage.workspace import Workspace

SOUND = frozenset({".mp3", ".flac", ".ogg", ".opus", ".wav", ".aiff", ".m4a", ".aac"})
_NUMBER = re.compile(r"^\d{1,3}[ ._-]+")


class OwnFiles:
    """The files below ``folder``, by the song that their tags name; one without tags is named "Artist - Title.mp3", or lies
    in a folder of the artist: "Artist/Album/01 Title.mp3"."""

    def __init__(self, folder: Path, *, needs_tags: bool = True) -> None:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND)
        named = _named if needs_tags or find_spec("soundfile") else _named_by_path
        self._paths = {song_key(*named(path, folder)): path for path in reversed(files)}

    @classmethod
    def of(cls, workspace: Workspace, *, needs_tags: bool = True) -> OwnFiles:
        named = workspace.settings.features.audio_folder
        folder = Path(named).expanduser()
        if not named or not folder.is_dir():
            raise UserError(
                f"features.audio_folder: {named!r} is no folder; name the one that holds your music files, "
                "or take `files` out of features.audio_providers, ears_providers and clap_providers"
            )
        return cls(folder, needs_tags=needs_tags)

    def sound(self, artist: str, title: str, isrc: str | None) -> Path | None:
        """The file that holds a song, None where there is none."""
        return self._paths.get(song_key(artist, title))


def _named(path: Path, folder: Path) -> tuple[str, str]:
    """(artist, title) of a file."""
    try:
        import soundfile  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(GET_DECODER) from None
    try:
        with soundfile.SoundFile(path) as file:
            tags = file.copy_metadata()
        if tags.get("artist") and tags.get("title"):
            return tags["artist"], tags["title"]
    except soundfile.LibsndfileError:
        pass  # a format that it cannot read, such as AAC: the name has to say it
    return _named_by_path(path, folder)


def _named_by_path(path: Path, folder: Path) -> tuple[str, str]:
    """(artist, title) of a file as its name says them."""
    stem = _NUMBER.sub("", path.stem)
    artist, dash, title = stem.partition(" - ")
    parents = path.relative_to(folder).parts
    return (artist, title) if dash else (parents[0] if len(parents) > 1 else "", stem)
