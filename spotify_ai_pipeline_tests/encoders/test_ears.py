"""Ears: weights are read as TensorFlow wrote them, the arithmetic is that of the network, and what it hears is what sounds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate2d

from spotify_ai_pipeline.encoders import ears
from spotify_ai_pipeline.encoders.checkpoint import arrays
from spotify_ai_pipeline.encoders.ears import BANDS, PATCH, RATE, Ears
from spotify_ai_pipeline.errors import Corrupt, UserError
from spotify_ai_pipeline_tests.encoders import checkpoints

SECONDS = np.arange(9 * RATE) / RATE


def tone(*hertz: float) -> np.ndarray:
    whole = np.array([np.sin(2 * np.pi * one * SECONDS) for one in hertz]).sum(axis=0)
    return (whole / 8).astype(np.float32)


def beat() -> np.ndarray:
    """A bass drum twice a second, with a burst of noise between."""
    since, rng = SECONDS % 0.5, np.random.default_rng(0)
    drum = np.sin(2 * np.pi * (50 + 80 * np.exp(-30 * since)) * since) * np.exp(-18 * since)
    late = (SECONDS - 0.25) % 0.5
    return (0.9 * drum + 0.3 * rng.standard_normal(len(SECONDS)) * np.exp(-60 * late)).astype(np.float32)


class TestCheckpoints:
    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        written = dict(checkpoints.weights())
        checkpoints.write(tmp_path, written)
        found = arrays(tmp_path)
        assert found.keys() == written.keys() - {"global_step"}
        for name, array in found.items():
            assert array == pytest.approx(written[name].astype(np.float32)), name

    @pytest.mark.parametrize("file", [".index", ".data-00000-of-00001"])
    @pytest.mark.parametrize("share", [0, 0.5, 0.99])
    def test_a_cut_file_is_said_to_be_damaged(self, tmp_path: Path, file: str, share: float) -> None:
        checkpoints.write(tmp_path, dict(checkpoints.weights()))
        content = (tmp_path / file).read_bytes()
        (tmp_path / file).write_bytes(content[: int(len(content) * share)])
        with pytest.raises(Corrupt, match="make ears"):
            arrays(tmp_path)


class TestNetwork:
    """The reference is written anew, as the paper draws the network, with the convolution of SciPy."""

    def test_it_is_the_network_of_the_paper(self, tmp_path: Path) -> None:
        known = {name: array.astype(np.float32) for name, array in checkpoints.weights()}
        piece = np.random.default_rng(1).random((PATCH, BANDS)).astype(np.float32)

        def numbered(name: str, number: int) -> str:
            return f"{name}_{number}" if number else name

        def normal(rows: np.ndarray, number: int) -> np.ndarray:
            beta, gamma, mean, variance = (
                known[f"{numbered('batch_normalization', number)}/{part}"]
                for part in ("beta", "gamma", "moving_mean", "moving_variance")
            )
            return (rows - mean) / np.sqrt(variance + 1e-3) * gamma + beta

        def layer(rows: np.ndarray, number: int) -> np.ndarray:
            kernel, bias = (known[f"{numbered('conv2d', number)}/{part}"] for part in ("kernel", "bias"))
            length = len(kernel)
            before = (length - 1) // 2
            padded = np.pad(rows, ((before, length - 1 - before), (0, 0)))
            answers = np.stack([correlate2d(padded, kernel[:, :, 0, one], "valid") for one in range(3)], axis=-1)
            return normal(np.maximum(answers + bias, 0), number + 1).max(axis=1)

        sound = normal(piece, 0)
        front = np.concatenate([layer(sound, number) for number in range(5)], axis=1)
        first = layer(front, 5)
        second = layer(first, 6) + first
        third = layer(second, 7) + second
        whole = np.concatenate([front, first, second, third], axis=1)
        pooled = np.stack([whole.max(0), whole.mean(0)], axis=1).flatten()
        inner = normal(np.maximum(normal(pooled, 9) @ known["dense/kernel"] + known["dense/bias"], 0), 10)
        likely = 1 / (1 + np.exp(-(inner @ known["dense_1/kernel"] + known["dense_1/bias"])))

        found = Ears(checkpoints.package(tmp_path))._listen(piece)
        assert found[0] == pytest.approx(likely, abs=1e-4)
        assert found[1] == pytest.approx(inner, abs=1e-3)

    def test_a_short_sound_is_repeated_and_silence_says_nothing(self, tmp_path: Path) -> None:
        made = Ears(checkpoints.package(tmp_path))
        heard = made.hear(tone(440)[: RATE // 2])
        assert heard is not None
        assert list(heard.tags) == checkpoints.LABELS
        assert np.linalg.norm(heard.vector) == pytest.approx(1, abs=1e-5)
        assert made.hear(np.zeros(5 * RATE, np.float32)) is None

    def test_a_tone_is_loudest_in_the_band_of_its_pitch(self) -> None:
        for hertz, band in ((200, 6), (1_000, 31), (4_000, 73)):  # 45.2 mel in 97 steps, 1 kHz is at 15
            assert abs(int(ears._log_mel(tone(hertz))[20].argmax()) - band) <= 1, hertz

    def test_without_the_weights_it_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ears, "find_spec", lambda _: None)
        with pytest.raises(UserError, match="make ears"):
            Ears()


class TestHearing:
    """The tags that the shipped weights give of sounds that are made here."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        if importlib.util.find_spec("musicnn") is None:
            pytest.skip("needs `make ears`")

    def test_a_beat_is_electronic_and_a_still_chord_is_ambient(self) -> None:
        made = Ears()
        drums, chord = made.hear(beat()), made.hear(tone(110, 165, 220, 277, 330))
        assert drums is not None
        assert chord is not None
        assert max(drums.tags, key=lambda tag: drums.tags[tag]) == "electronic"
        assert drums.tags["House"] + drums.tags["electro"] > 5 * (chord.tags["House"] + chord.tags["electro"])
        assert max(chord.tags, key=lambda tag: chord.tags[tag]) == "ambient"
        assert drums.vector @ chord.vector < 0.9

    def test_the_network_of_magnatagatune_tells_techno_from_a_flute(self) -> None:
        made = Ears(model="MTT_musicnn")
        drums, flute = made.hear(beat()), made.hear(tone(440))
        assert drums is not None
        assert flute is not None
        assert {"techno", "beat"} == set(sorted(drums.tags, key=lambda tag: -drums.tags[tag])[:2])
        assert max(flute.tags, key=lambda tag: flute.tags[tag]) == "flute"
