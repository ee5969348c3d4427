"""Sound: what is measured in it is what was put in, and CLAP hears and reads into one space."""

import io
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spotify_ai_pipeline.encoders import analysis
from spotify_ai_pipeline.encoders.clap import DIMENSIONS, PIECE, RATE, Clap
from spotify_ai_pipeline.encoders.sound import SECONDS, Unreadable, Wave, decode
from spotify_ai_pipeline.errors import UserError
from spotify_ai_pipeline.sandbox import previews

REASON = "needs `make audio`"


def song(**features: Any) -> dict[str, Any]:
    return {"id": "x", "key": 9, "mode": 0, "tempo": 120.0, "loudness": -14.0} | features


def noise(rng: np.random.Generator, length: int) -> Wave:
    return (rng.standard_normal(length) / 10).astype(np.float32)


def wav(samples: np.ndarray, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.mark.parametrize("module", ["soundfile", "soxr"])
def test_without_the_extra_it_says_what_to_do(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match="make audio"):
        decode(b"", RATE)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match="make audio"):
        Clap("anything", 1)


class TestDecoding:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("soundfile", reason=REASON)
        pytest.importorskip("soxr", reason=REASON)

    def test_thirty_seconds_from_the_middle_in_one_channel(self, tmp_path: Path) -> None:
        loud = np.zeros((60 * 8_000, 2))
        loud[15 * 8_000 : 45 * 8_000] = [0.5, 0.1]
        path = tmp_path / "a.wav"
        path.write_bytes(wav(loud, 8_000))
        found = decode(path, 16_000)
        assert len(found) == SECONDS * 16_000
        assert found[1_000:-1_000] == pytest.approx(0.3, abs=0.01)

    def test_what_is_no_sound_is_said(self) -> None:
        with pytest.raises(Unreadable):
            decode(b"<html>gone</html>", RATE)
        with pytest.raises(Unreadable, match="empty"):
            decode(wav(np.zeros((0, 1)), 8_000), RATE)


class TestMeasuring:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("librosa", reason=REASON)

    @pytest.mark.parametrize(
        "features", [{}, {"key": 0, "mode": 1, "tempo": 96.0, "loudness": -20.0}, {"key": 4, "tempo": 140.0}]
    )
    def test_what_was_put_in_is_found(self, features: dict[str, Any]) -> None:
        made = song(**features)
        found = analysis.measure(decode(previews.sound(made), analysis.RATE))
        assert (found["key"], found["mode"]) == (made["key"], made["mode"])
        assert found["tempo"] == pytest.approx(made["tempo"], rel=0.05)
        assert found["loudness"] == pytest.approx(made["loudness"], abs=1.5)

    def test_silence_says_nothing(self) -> None:
        assert analysis.measure(np.zeros(5 * analysis.RATE, np.float32)) == {}


class TestClap:
    @pytest.fixture(scope="class")
    def model(self, tiny_clap: Path) -> Clap:
        return Clap(str(tiny_clap), batch_size=2)

    def test_sound_and_text_are_unit_vectors_of_one_length(self, model: Clap) -> None:
        rng = np.random.default_rng(0)
        waves = [noise(rng, length) for length in (RATE, PIECE, 3 * PIECE, 2 * PIECE + 9)]
        vectors = model.sound_vectors(waves)
        assert vectors.shape == (4, DIMENSIONS)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
        text = model.text_vector("rainy late-night piano")
        assert text.shape == (DIMENSIONS,)
        assert np.linalg.norm(text) == pytest.approx(1, abs=1e-5)
        assert not np.allclose(text, model.text_vector("metal"), atol=1e-3)

    def test_the_same_sound_is_heard_the_same_whatever_comes_with_it(self, model: Clap) -> None:
        rng = np.random.default_rng(1)
        one, other = (noise(rng, 25 * RATE) for _ in range(2))
        assert model.sound_vectors([other, one])[1] == pytest.approx(model.sound_vectors([one])[0], abs=1e-5)
        assert model.sound_vectors([]).shape == (0, DIMENSIONS)

    def test_of_a_song_all_pieces_count(self, model: Clap) -> None:
        first, second = (np.sin(np.arange(PIECE) * step).astype(np.float32) for step in (0.05, 0.5))
        apart = model.sound_vectors([first, second])
        mean = apart.sum(axis=0) / np.linalg.norm(apart.sum(axis=0))
        assert model.sound_vectors([np.concatenate([first, second])])[0] == pytest.approx(mean, abs=1e-5)

    def test_no_weights_is_said_with_the_remedy(self, tiny_clap: Path, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"features\.clap_model.*hf download") as caught:
            Clap(str(tmp_path / "nothing"), 1)
        assert "\n" not in str(caught.value)
