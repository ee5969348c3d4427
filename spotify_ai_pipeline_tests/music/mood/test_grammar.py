"""The words that deny, compare and join; slips of the pen; what is offered where nothing is understood."""

import pytest

from spotify_ai_pipeline.music.mood import spelling
from spotify_ai_pipeline.music.mood.lexicon import FORMS, LEXICON, SINGLE
from spotify_ai_pipeline.music.mood.parser import nearest_moods, understand


@pytest.mark.parametrize(
    ("text", "axis", "sign"),
    [
        ("calm is the last thing I want", "energy", 1),
        ("sad songs are not what I need", "valence", 1),
        ("I can't stop dancing", "danceability", 1),
        ("rather quiet than loud", "energy", -1),
        ("louder than yesterday's calm evening", "energy", 1),
        ("energetic but not angry", "energy", 1),
        ("so sad, I need the opposite", "valence", 1),
        ("nicht traurig", "valence", 1),
        ("rien de triste", "valence", 1),
        ("sem barulho", "energy", -1),
        ("less sad", "valence", 1),
        ("neither loud nor fast", "tempo", -1),
    ],
)
def test_the_grammar_turns_what_it_should(text: str, axis: str, sign: int) -> None:
    assert understand(text).axes[axis] * sign > 0.15


def test_amounts_weigh() -> None:
    a_little, plain, very = (understand(text).axes["tempo"] for text in ("a little calm", "calm", "very calm"))
    assert very < plain < a_little < 0


@pytest.mark.parametrize(
    ("slip", "meant"), [("hapy", "happy"), ("qiuet", "quiet"), ("depresing", "depressing"), ("gloomi", "gloomy")]
)
def test_slips_of_the_pen_are_put_right(slip: str, meant: str) -> None:
    assert spelling.corrected(slip, SINGLE) == meant


@pytest.mark.parametrize("word", ["sand", "clasp", "trace", "cabin", "table", "bred", "hat"])
def test_other_words_stay_what_they_are(word: str) -> None:
    assert word in FORMS or spelling.corrected(word, SINGLE) is None


@pytest.mark.parametrize(("form", "word"), [("rowdier", "rowdy"), ("bleaker", "bleak"), ("leises", "leise")])
def test_other_forms_lead_to_their_word(form: str, word: str) -> None:
    assert spelling.inflected(form, FORMS) == word


def test_the_encoder_reads_what_the_words_do_not_know_and_the_grammar_turns_it() -> None:
    def reads(text: str) -> dict[str, float]:
        return {"energy": 0.9 if "vroom" in text else 0.0, "valence": 0.0}

    assert understand("vroom", meaning=reads).axes == {"energy": 0.9}
    assert understand("no vroom", meaning=reads).axes == {"energy": -0.9}
    assert understand("vroom", meaning=reads).unknown == []
    assert understand("blorb", meaning=reads).unknown == ["blorb"]
    assert understand("calm", meaning=reads).axes["energy"] == -1


def test_three_moods_are_offered_where_nothing_is_understood() -> None:
    offered = nearest_moods("meloncolick zzyzx")
    assert offered[0] == "melancholic"
    assert len(set(offered)) == 3
    assert nearest_moods("zz", lambda _: {"energy": 0.1, "valence": 0.05})[0] in ("energetic", "party", "workout")
    assert set(nearest_moods("")) <= set(LEXICON)
