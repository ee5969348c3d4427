"""Sound out of a file or a download: one channel, at the rate that a model wants."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spotify_ai_pipeline.errors import UserError

Wave = NDArray[np.float32]

SECONDS = 30
"""How much of a song is listened to: as much as a preview holds."""
GET_AUDIO = (
    "sound cannot be measured here yet: run `make audio` once, which installs PyTorch "
    "(several GB; `make audio TORCH=cpu` takes its smaller build)"
)


GET_DECODER = (
    "sound cannot be read here yet: run `make ears` once, which installs what it needs (35 MB), "
    "or `make audio`, which installs CLAP as well (several GB)"
)


class Unreadable(UserError):
    """A sound that cannot be decoded."""


def decode(sound: bytes | Path, rate: int) -> Wave:
    """Thirty seconds of ``sound`` at ``rate`` samples a second, one channel, -1..1; of a longer file those from its middle.

    AAC (``.m4a``) is read by ffmpeg where it is installed. Raises ``Unreadable``, and ``UserError`` where what it needs is not
    installed.
    """
    try:
        import soundfile  # pyright: ignore[reportMissingImports]
        import soxr  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(GET_DECODER) from None
    try:
        with soundfile.SoundFile(io.BytesIO(sound) if isinstance(sound, bytes) else sound) as file:
            wanted = SECONDS * file.samplerate
            file.seek(max(0, (file.frames - wanted) // 2))
            wave = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
            wave = soxr.resample(wave, file.samplerate, rate)
    except soundfile.LibsndfileError as error:
        wave = _by_ffmpeg(sound, rate, str(error))
    if not wave.size or not np.isfinite(wave).all():
        raise Unreadable("the sound is empty or damaged")
    return wave.astype(np.float32)


def _by_ffmpeg(sound: bytes | Path, rate: int, why: str) -> Wave:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise Unreadable(f"the sound cannot be read ({why}); install ffmpeg if it is AAC")
    source = "cache:pipe:0" if isinstance(sound, bytes) else str(sound)  # an MP4 is read backwards and forwards
    command = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        source,
        "-t",
        str(SECONDS),
        "-f",
        "f32le",
        "-ac",
        "1",
        "-ar",
        str(rate),
        "-",
    ]
    done = subprocess.run(
        command, input=sound if isinstance(sound, bytes) else b"", capture_output=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise Unreadable(f"the sound cannot be read ({done.stderr.decode(errors='replace').strip()[:100]})")
    return np.frombuffer(done.stdout, np.float32)
