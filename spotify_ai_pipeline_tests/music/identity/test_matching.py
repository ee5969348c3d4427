"""Names: which spellings share a key, and which must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_ai_pipeline.music.identity.artists import artist_key
from spotify_ai_pipeline.music.identity.matching import song_id, song_key
from spotify_ai_pipeline.music.identity.spelling import fold
from spotify_ai_pipeline.music.identity.versions import split_version

SAME = [
    (("Black Sabbath", "Iron Man"), ("Black Sabbath", "Iron Man - 2012 - Remaster")),
    (("Black Sabbath", "Iron Man"), ("black sabbath", "IRON MAN (Remastered 2012)")),
    (("Björk", "Jóga"), ("Bjork", "Joga")),
    (("The Beatles", "Help!"), ("Beatles", "Help")),
    (("Simon & Garfunkel", "America"), ("Simon and Garfunkel", "America")),
    (("Rihanna", "Umbrella"), ("Rihanna", "Umbrella (feat. JAY-Z)")),
    (("Rihanna feat. Drake", "Work"), ("Rihanna", "Work")),
    (("The Kinks", "Lola"), ("The Kinks", "Lola - Mono")),
    (("Guns N' Roses", "Don't Cry"), ("Guns N’ Roses", "Dont Cry")),
]
APART = [
    (("Nirvana", "Polly"), ("Nirvana", "Polly (Live)")),
    (("Nirvana", "Polly"), ("Nirvana", "Polly - Unplugged")),
    (("Nirvana", "Polly (Live)"), ("Nirvana", "Polly (Demo)")),
    (("Nirvana", "Polly"), ("Nirvana UK", "Polly")),
    (("The Rolling Stones", "Satisfaction"), ("The Rolling Stones", "(I Can't Get No) Satisfaction")),
    (("Daft Punk", "Around the World"), ("Daft Punk", "Around the World - Radio Edit")),
    (("!!!", "All U Writers"), ("???", "All U Writers")),
    (("a-ha", "Take on Me"), ("a-ha", "Take on Me (2017 Acoustic)")),
    (("椎名林檎", "丸の内サディスティック"), ("椎名林檎", "歌舞伎町の女王")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_song_share_a_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert song_key(*one) == song_key(*other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_different_songs_have_different_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert song_key(*one) != song_key(*other)


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Iron Man - 2012 - Remaster", ("Iron Man", "")),
        ("Polly (Live)", ("Polly", "live")),
        ("(I Can't Get No) Satisfaction", ("(I Can't Get No) Satisfaction", "")),
        ("Blue Monday - 1988", ("Blue Monday - 1988", "")),  # two songs may differ by their years alone
        ("Remix", ("Remix", "")),
        ("Alive", ("Alive", "")),
    ],
)
def test_a_version_is_split_from_its_title(title: str, parts: tuple[str, str]) -> None:
    assert split_version(title) == parts


def test_signs_made_of_letters_fold_like_the_letters() -> None:
    assert fold("Song™") == fold("SongTM")


@given(st.text(min_size=1).filter(str.strip))
def test_no_name_folds_to_nothing(text: str) -> None:
    assert fold(text)


@given(st.text(alphabet="abcXYZ äöüßÉñåø 019", max_size=20))
def test_case_of_a_name_does_not_matter(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower())


@given(st.text(max_size=15), st.text(max_size=15), st.text(max_size=15), st.text(max_size=15))
def test_keys_agree_either_way_and_parts_never_run_together(a: str, b: str, c: str, d: str) -> None:
    first, second = song_key(a, b), song_key(c, d)
    assert (first == second) == (second == first)
    assert (first == second) == (song_id(first) == song_id(second))
    assert first.count("\t") == 2
    assert first.split("\t")[0] == artist_key(a)


def test_ids_are_twelve_hexadecimal_digits() -> None:
    name = song_id(song_key("Nina Simone", "Sinnerman"))
    assert len(name) == 12
    assert int(name, 16) >= 0
