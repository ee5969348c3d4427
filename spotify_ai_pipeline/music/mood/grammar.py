"""The grammar of moods: which words deny, soften, strengthen, compare and join, in seven languages, and where a clause ends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def plain(text: str) -> str:
    """Lower case without accents, words parted by single spaces, signs left out ("Late-night" is "late night", "R&B" is "r b")."""
    parts = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    bare = "".join(sign for sign in parts if not "\u0300" <= sign <= "\u036f")
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", bare)))


def _set(words: str) -> frozenset[str]:
    return frozenset(plain(word) for word in words.split(",") if word.strip())


def _words(words: str) -> frozenset[str]:
    return frozenset(plain(word) for word in words.split())


NEGATIONS = _words(
    """not no without less never nothing none hardly dont isnt wont cant stop avoid neither aint arent wasnt doesnt didnt
    couldnt cannot minus except nicht kein keine keinen keiner keines keinem ohne weniger nie niemals nichts pas rien sans moins
    jamais aucun aucune nada sin menos nunca ningún ninguna non niente senza meno mai nessun nessuna não nao nem sem nenhum
    niet geen zonder minder nooit inte ingen inget utan mindre nie bez не без değil"""
) | _set(
    """anything but, opposite of, tired of, too tired for, sick of, instead of, less of, fed up with, enough of, had enough of,
    cant stand, no more, far from, rather not, i hate, hate when, not in the mood for, bored of, bored with, done with,
    over with, too much, too many, way too, this is too, its too, keep away from, stay away from, not so much, not as, not too,
    in no mood for, leave out, get rid of, no need for, spare me, ya basta de, nicht so, nicht zu, pas trop, pas de, non troppo,
    nada de, rien de, niente di, zu viel, genug von, marre de, ras le bol de, harto de, stufo di, cansei de"""
)
"""Words that turn around what follows them."""

AFFIRMATIONS = _set(
    """cant stop, wont stop, dont stop, never stop, cant get enough, cant get enough of, nothing but, why not, not only, no matter,
    no doubt, cant wait, dont mind, wouldnt mind, non stop, nonstop, cant help, no problem, without a doubt, never enough,
    not enough, nicht nur, pas seulement, no solo, non solo"""
)
"""Words that look like a denial and are none."""

STRONGER = _words(
    """very really super more extremely so totally absolutely incredibly utterly way much insanely seriously sehr richtig total
    ganz mehr très tellement plus muy más mucha mucho molto più tanto muito mais heel erg mycket bardzo очень çok"""
)
SOFTER = _words(
    """bit little slightly somewhat rather fairly touch tad kinda bisschen etwas wenig ein peu légèrement poco poquito un
    algo pouco"""
)
LINKS = _words("or nor and neither oder noch und ni ou et ni o y e né")
"""Words that carry a denial on: "not loud or fast"."""
COMPARED = _words("than als än")
"""Words before what something is compared with."""

FILLERS = (
    _words(
        """a an and the some something anything music songs song tunes tune stuff for of in with to on at by from as it its is are be
    am i im me my we us you that this these which who please pls just need want wants wanna gonna like give play put make get hear
    listen listening feel feeling feels mood too kind sort quite maybe about while when after before up today now go going lets time
    let have has any or nor but then than really id ive would could should can do does did playlist vibe vibes track tracks thing
    things last yesterday usual few lot lots of bring take how what there here yet though mix one day ones been was were will if into out
    i'd i'll i've dont wanting looking
    der die das den dem ein eine einen einem etwas was zum zur im am auf für mit und ist bin ich mir mich heute bitte musik lieder lied
    von zu so aber doch mal gern lust will möchte
    le la les de du des un une pour avec et je suis moi chose quelque musique chansons chanson qui en au à aujourd'hui plein plus être
    l d j m s t qu c n y
    el los las una para con música canciones canción algo de del yo mi me quiero muy y en que hoy por al estoy
    il lo gli i una qualcosa di da per con musica canzoni canzone che voglio oggi un' mi sono
    o os as um uma para com músicas hoje quero e em no na do da dos das eu estou minha meu
    het een voor met iets muziek liedjes ik wil
    musik låtar något och"""
    )
    | STRONGER
    | SOFTER
    | LINKS
)
"""Words that say nothing of a mood by themselves."""

_BREAK = re.compile(
    r"[,.;:!?…、。]|\b(?:but(?! rather)|yet|though|although|however|aber|sondern|mais|pero|sino|però|porém)\b", re.IGNORECASE
)
_CONTRACTION = re.compile(r"n['’]t\b")
_WHOLE = re.compile(r"\bthe (?:exact |very |total )?opposite\b(?! of)|\bdas gegenteil\b(?! von)|\ble contraire\b(?! de)")
"""What turns around all that was said: "so wound up, I need the opposite"."""


def clauses(text: str) -> list[list[str]]:
    """The words of each clause of ``text``; marks and words such as "but" end one."""
    lowered = _CONTRACTION.sub("nt", text.casefold()).replace("anything but", "without")
    lowered = re.sub(r"['’](?=[mdsvlr])", "", lowered)
    return [words for part in _BREAK.split(lowered) if (words := plain(part).split())]


def turned_around(text: str) -> tuple[str, bool]:
    """``text`` without the words that turn all of it around, and whether there were such words."""
    found = _WHOLE.subn(" ", text.casefold())
    return found[0], found[1] > 0


def runs(words: list[str], place: int, longest: int) -> Iterable[str]:
    """The runs of words that begin at ``place``, the longest first."""
    return (" ".join(words[place : place + n]) for n in range(min(longest, len(words) - place), 0, -1))


LONGEST = max(len(phrase.split()) for phrase in NEGATIONS | AFFIRMATIONS)
