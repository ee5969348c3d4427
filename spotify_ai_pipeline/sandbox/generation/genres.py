"""The made-up genres: how they sound and how people tag them."""

from __future__ import annotations

import numpy as np

# name, kin (genres of a family share listeners), then the prototype:
# acousticness, danceability, energy, instrumentalness, liveness, speechiness, valence (0..1),
# loudness (dB), tempo (bpm)
_PROTOTYPES: list[tuple[str, str, tuple[float, ...]]] = [
    ("indie rock", "rock", (0.12, 0.48, 0.74, 0.06, 0.19, 0.05, 0.50, -6.5, 128)),
    ("shoegaze", "rock", (0.06, 0.33, 0.76, 0.42, 0.20, 0.05, 0.28, -7.0, 118)),
    ("post-rock", "rock", (0.20, 0.28, 0.55, 0.82, 0.15, 0.04, 0.18, -10.5, 116)),
    ("punk", "rock", (0.02, 0.42, 0.93, 0.02, 0.27, 0.09, 0.58, -4.6, 168)),
    ("metal", "rock", (0.01, 0.34, 0.95, 0.20, 0.24, 0.09, 0.26, -5.0, 140)),
    ("classic rock", "rock", (0.22, 0.51, 0.66, 0.04, 0.21, 0.04, 0.64, -8.8, 122)),
    ("dream pop", "pop", (0.30, 0.50, 0.52, 0.25, 0.14, 0.04, 0.33, -9.0, 110)),
    ("synthpop", "pop", (0.10, 0.66, 0.72, 0.08, 0.15, 0.05, 0.60, -6.8, 122)),
    ("chamber pop", "pop", (0.58, 0.45, 0.42, 0.05, 0.15, 0.04, 0.42, -9.6, 112)),
    ("dance pop", "pop", (0.08, 0.74, 0.80, 0.01, 0.17, 0.07, 0.66, -4.9, 124)),
    ("folk", "acoustic", (0.80, 0.46, 0.28, 0.06, 0.14, 0.04, 0.40, -12.5, 112)),
    ("singer-songwriter", "acoustic", (0.66, 0.52, 0.36, 0.02, 0.13, 0.04, 0.38, -10.5, 115)),
    ("americana", "acoustic", (0.50, 0.54, 0.48, 0.02, 0.16, 0.04, 0.52, -8.9, 119)),
    ("ambient", "electronic", (0.82, 0.24, 0.14, 0.90, 0.11, 0.04, 0.10, -20.5, 96)),
    ("techno", "electronic", (0.03, 0.74, 0.82, 0.78, 0.13, 0.06, 0.34, -8.6, 130)),
    ("house", "electronic", (0.05, 0.80, 0.78, 0.42, 0.14, 0.06, 0.62, -7.2, 124)),
    ("drum and bass", "electronic", (0.03, 0.57, 0.90, 0.50, 0.20, 0.09, 0.38, -5.2, 174)),
    ("downtempo", "electronic", (0.32, 0.64, 0.45, 0.60, 0.12, 0.06, 0.36, -10.4, 98)),
    ("hip hop", "groove", (0.16, 0.74, 0.66, 0.01, 0.20, 0.26, 0.54, -6.6, 98)),
    ("r&b", "groove", (0.28, 0.68, 0.50, 0.01, 0.15, 0.10, 0.48, -7.6, 104)),
    ("soul", "groove", (0.46, 0.62, 0.48, 0.03, 0.17, 0.05, 0.66, -9.2, 108)),
    ("funk", "groove", (0.18, 0.77, 0.70, 0.08, 0.15, 0.07, 0.84, -8.2, 112)),
    ("jazz", "classical", (0.78, 0.52, 0.30, 0.62, 0.16, 0.05, 0.46, -14.0, 114)),
    ("modern classical", "classical", (0.94, 0.24, 0.12, 0.88, 0.11, 0.04, 0.14, -22.0, 102)),
]

NAMES = [name for name, _, _ in _PROTOTYPES]
FAMILIES = [kin for _, kin, _ in _PROTOTYPES]
FEATURES = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence",
    "loudness", "tempo",
)  # fmt: skip
PROTOTYPE = np.array([values for _, _, values in _PROTOTYPES])
UNIT = np.array([False, False, False, False, False, False, False, True, True])  # True = not on the 0..1 scale

DECADES = ["60s", "70s", "80s", "90s", "00s", "10s", "20s"]
MOODS = [  # tag, column of PROTOTYPE, direction
    ("mellow", 2, -1), ("energetic", 2, 1), ("melancholic", 6, -1), ("happy", 6, 1), ("instrumental", 3, 1),
    ("acoustic", 0, 1), ("danceable", 1, 1),
]  # fmt: skip


def features(rng: np.random.Generator, genre: np.ndarray, artist_shift: np.ndarray) -> np.ndarray:
    """Audio features, (n, 9) in the order of FEATURES, of songs of `genre` (n,) around their artists' own sound.

    `artist_shift` is (n, 9) in standard units: songs of one artist share it.
    """
    n = len(genre)
    shift = 0.55 * artist_shift + 0.45 * rng.standard_normal((n, 9))
    centre = PROTOTYPE[genre]
    out = np.empty((n, 9))
    # A logistic scale keeps shares inside 0..1 and lets extreme genres vary less, as measured features do.
    share = np.clip(centre[:, ~UNIT], 0.01, 0.99)
    out[:, ~UNIT] = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + 0.9 * shift[:, ~UNIT])))
    out[:, 7] = np.clip(centre[:, 7] + 2.2 * shift[:, 7], -45, -1)
    out[:, 8] = np.clip(centre[:, 8] * np.exp(0.11 * shift[:, 8]), 55, 215)
    return out
