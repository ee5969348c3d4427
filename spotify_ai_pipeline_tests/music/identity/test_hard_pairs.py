"""Pairs of names that are easily taken for one song, or for two."""

import polars as pl
import pytest

from spotify_ai_pipeline.music.identity.matching import song_key
from spotify_ai_pipeline.music.identity.members import decide
from spotify_ai_pipeline.music.identity.songs import assign_songs

SAME = [
    # labels of the same recording
    ("Black Sabbath", "Iron Man", "Black Sabbath", "Iron Man - 2012 - Remaster"),
    ("The Beatles", "Come Together", "The Beatles", "Come Together - Remastered 2009"),
    ("The Beatles", "Help!", "The Beatles", "Help! (Remastered 2015)"),
    ("Queen", "Bohemian Rhapsody", "Queen", "Bohemian Rhapsody - 2011 Remaster"),
    ("David Bowie", "Heroes", "David Bowie", '"Heroes" - 2017 Remaster'),
    ("Fleetwood Mac", "Dreams", "Fleetwood Mac", "Dreams (2004 Remastered Edition)"),
    ("Pink Floyd", "Time", "Pink Floyd", "Time [2011 Digital Remaster]"),
    ("Bob Dylan", "Hurricane", "Bob Dylan", "Hurricane (Album Version)"),
    ("Beach Boys", "God Only Knows", "The Beach Boys", "God Only Knows (Mono)"),
    ("The Kinks", "Lola", "The Kinks", "Lola - Mono Version"),
    ("deadmau5", "Strobe", "deadmau5", "Strobe (Original Mix)"),
    ("Nirvana", "Sappy", "Nirvana", "Sappy (Bonus Track)"),
    ("Kendrick Lamar", "HUMBLE.", "Kendrick Lamar", "HUMBLE. (Explicit)"),
    ("Mazzy Star", "Fade Into You", "Mazzy Star", "Fade Into You (Official Video)"),
    ("Survivor", "Eye of the Tiger", "Survivor", 'Eye of the Tiger - From "Rocky III" Soundtrack'),
    ("Adele", "Skyfall", "Adele", "Skyfall (Official Audio)"),
    # featured artists
    ("Beyoncé", "Crazy in Love", "Beyoncé", "Crazy in Love (feat. JAY-Z)"),
    ("Beyoncé", "Crazy in Love", "Beyonce feat. Jay-Z", "Crazy In Love"),
    ("Daft Punk", "Get Lucky", "Daft Punk ft. Pharrell Williams", "Get Lucky"),
    ("Gorillaz", "Feel Good Inc.", "Gorillaz", "Feel Good Inc (ft. De La Soul)"),
    ("Rihanna", "Umbrella", "Rihanna", "Umbrella [Featuring Jay-Z]"),
    ("Mark Ronson", "Uptown Funk", "Mark Ronson featuring Bruno Mars", "Uptown Funk (feat. Bruno Mars)"),
    ("Dr. Dre", "Still D.R.E.", "Dr Dre", "Still DRE (feat. Snoop Dogg)"),
    # swapped and joined credits
    ("Simon & Garfunkel", "The Boxer", "Garfunkel & Simon", "The Boxer"),
    ("Burial, Four Tet & Thom Yorke", "Mirror", "Thom Yorke / Burial / Four Tet", "Mirror"),
    ("Robert Plant & Alison Krauss", "Rich Woman", "Alison Krauss and Robert Plant", "Rich Woman"),
    ("Calvin Harris", "One Kiss", "Calvin Harris, Dua Lipa", "One Kiss"),
    ("Nick Cave & The Bad Seeds", "Red Right Hand", "Nick Cave", "Red Right Hand"),
    ("Jay-Z & Kanye West", "Otis", "Kanye West & Jay-Z", "Otis"),
    # "The", inversions, articles
    ("The Beatles", "Yesterday", "Beatles", "Yesterday"),
    ("The Beatles", "Yesterday", "Beatles, The", "Yesterday"),
    ("The Smiths", "This Charming Man", "Smiths, The", "This Charming Man"),
    ("The The", "This Is the Day", "the the", "This Is The Day"),
    ("The Doors", "The End", "Doors", "The End"),
    ("Arctic Monkeys", "The View From the Afternoon", "Arctic Monkeys", "View From The Afternoon"),
    ("Jimmy Eat World", "The Middle", "Jimmy Eat World", "Middle"),
    # punctuation, case and spacing
    ("Guns N' Roses", "Sweet Child O' Mine", "Guns n Roses", "Sweet Child O Mine"),
    ("Guns N' Roses", "Paradise City", "Guns and Roses", "Paradise City"),
    ("AC/DC", "T.N.T.", "ACDC", "TNT"),
    ("AC/DC", "Back in Black", "AC-DC", "Back In Black"),
    ("R.E.M.", "Losing My Religion", "REM", "Losing my religion"),
    ("N.W.A", "Straight Outta Compton", "NWA", "Straight Outta Compton"),
    ("Green Day", "Basket Case", "Greenday", "basket case"),
    ("65daysofstatic", "Retreat! Retreat!", "65 Days of Static", "Retreat Retreat"),
    ("blink-182", "All the Small Things", "Blink 182", "All The Small Things"),
    ("P!nk", "So What", "Pink", "So What"),
    ("Ke$ha", "TiK ToK", "Kesha", "Tik-Tok"),
    ("A$AP Rocky", "Peso", "ASAP Rocky", "Peso"),
    ("!!!", "Heart of Hearts", "!!!", "Heart Of Hearts"),
    ("Led Zeppelin", "Rock and Roll", "Led Zeppelin", "Rock 'n' Roll"),
    ("Led Zeppelin", "D'yer Mak'er", "Led Zeppelin", "D’yer Mak’er"),
    ("Oasis", "Don't Look Back in Anger", "Oasis", "Dont Look Back In Anger"),
    ("Bon Jovi", "Livin' on a Prayer", "Bon Jovi", "Livin’ On A Prayer"),
    ("Bon Jovi", "Livin' on a Prayer", "Bon Jovi", "Living on a Prayer"),
    ("Florence + the Machine", "Kiss with a Fist", "Florence and The Machine", "Kiss With a Fist"),
    ("Hall & Oates", "Maneater", "Hall and Oates", "Maneater"),
    ("Tyler, The Creator", "EARFQUAKE", "Tyler The Creator", "Earfquake"),
    ("Earth, Wind & Fire", "September", "Earth Wind and Fire", "September"),
    ("Little Feat", "Dixie Chicken", "Little Feat", "Dixie Chicken"),
    # accents, scripts
    ("Sigur Rós", "Sæglópur", "Sigur Ros", "Saeglopur"),
    ("Björk", "Jóga", "Bjork", "Joga"),
    ("Motörhead", "Ace of Spades", "Motorhead", "Ace Of Spades"),
    ("Mötley Crüe", "Kickstart My Heart", "Motley Crue", "Kickstart My Heart"),
    ("Gorillaz", "El Mañana", "Gorillaz", "El Manana"),
    ("Céline Dion", "Pour que tu m'aimes encore", "Celine Dion", "Pour que tu m’aimes encore"),
    ("Кино", "Группа крови", "Kino", "Gruppa krovi"),
    ("Кино", "Звезда по имени Солнце", "КИНО", "Звезда По Имени Солнце"),
    ("Dmitri Shostakovich", "Waltz No. 2", "Dmitri Shostakovich", "Waltz No.2"),
    ("Ｐｅｒｆｕｍｅ", "ポリリズム", "Perfume", "ポリリズム"),
    ("Røyksopp", "Eple", "Royksopp", "Eple"),
    # what players and taggers add
    ("Pink Floyd", "Money", "Pink Floyd", "05 - Money"),
    ("Taylor Swift", "Tell Me Why", "Taylor Swift", "08 Tell Me Why"),
    ("Genesis", "Firth of Fifth", "Genesis", "Genesis - Firth Of Fifth"),
    ("Radiohead", "Creep", "Radiohead (On A Friday)", "Creep"),
    ("Deftones", "Looking Down the Barrel of Today", "Deftones", "Looking Down the Barrel of Tod"),
    ("AFI", "The Leaving Song, Pt. II", "AFI", "The Leaving Song Part 2"),
    ("The Rolling Stones", "(I Can't Get No) Satisfaction", "The Rolling Stones", "Satisfaction"),
    ("The Beatles", "She Loves You", "The Beatles", "She Loves You (1963)"),
    # slips of the pen
    ("Refused", "The Deadly Rhythm", "Refused", "The Deadly Rythm"),
    ("Jimi Hendrix", "Hey Joe", "Jimi Hedrix", "Hey Joe"),
    ("Radiohead", "Idioteque", "Radiohead", "Idiotheque"),
    (
        "Set Your Goals",
        "This Song Is Definitely Not About a Girl",
        "Set Your Goals",
        "This Song Is Definately Not About A Girl",
    ),
]

DIFFERENT = [
    # other recordings
    ("Nirvana", "Come as You Are", "Nirvana", "Come As You Are (Live)"),
    ("Nirvana", "Come as You Are", "Nirvana", "Come as You Are - MTV Unplugged"),
    ("Radiohead", "Creep", "Radiohead", "Creep (Acoustic)"),
    ("Radiohead", "Creep - Live at Glastonbury", "Radiohead", "Creep - Live in Paris"),
    ("The Who", "Magic Bus - Live at Leeds 1970", "The Who", "Magic Bus - Live at Leeds 2006"),
    ("Bruce Springsteen", "Atlantic City", "Bruce Springsteen", "Atlantic City - Demo"),
    ("Daft Punk", "One More Time", "Daft Punk", "One More Time - Radio Edit"),
    ("Kraftwerk", "Autobahn", "Kraftwerk", "Autobahn (Single Edit)"),
    ("Moby", "Porcelain", "Moby", "Porcelain (Torsten Stenzel Remix)"),
    ("Moby", "Porcelain (Clubbed to Death Remix)", "Moby", "Porcelain (Torsten Stenzel Remix)"),
    ("Taylor Swift", "Love Story", "Taylor Swift", "Love Story (Taylor's Version)"),
    ("Lady Gaga", "Shallow", "Lady Gaga", "Shallow (Karaoke Version)"),
    ("Lana Del Rey", "Summertime Sadness", "Lana Del Rey", "Summertime Sadness - Sped Up"),
    ("The Weeknd", "After Hours", "The Weeknd", "After Hours (Slowed + Reverb)"),
    ("Adele", "Hello", "Adele", "Hello (Instrumental)"),
    ("Adele", "Hello", "Adele", "Hello (A Cappella)"),
    (
        "The Beatles",
        "Sgt. Pepper's Lonely Hearts Club Band",
        "The Beatles",
        "Sgt. Pepper's Lonely Hearts Club Band (Reprise)",
    ),
    ("The Beatles", "Helter Skelter", "The Beatles", "Helter Skelter (Take 17)"),
    ("Shakira", "Waka Waka", "Shakira", "Waka Waka (Versión en español)"),
    ("Legião Urbana", "Tempo Perdido", "Legião Urbana", "Tempo Perdido - Ao Vivo"),
    ("James Brown", "Diggin' On James Brown", "James Brown", "Digging on James Brown Live"),
    ("Arcade Fire", "The Suburbs", "Arcade Fire", "The Suburbs (Orchestral)"),
    # other artists
    ("Eurythmics", "Sweet Dreams", "Marilyn Manson", "Sweet Dreams"),
    ("Leonard Cohen", "Hallelujah", "Jeff Buckley", "Hallelujah"),
    ("Taylor Swift", "Blank Space", "Ryan Adams", "Blank Space"),
    ("Earth, Wind & Fire", "September", "Earth", "September"),
    ("Tyler, The Creator", "Yonkers", "Tyler", "Yonkers"),
    ("Simon & Garfunkel", "America", "Simon", "America"),
    ("Nirvana", "Lithium", "Nirvana UK", "Lithium"),
    ("Prince", "Kiss", "Princess", "Kiss"),
    ("Queen", "Innuendo", "Queensrÿche", "Innuendo"),
    ("Party Tyme Karaoke", "Hello", "Adele", "Hello"),
    ("The Band", "The Weight", "The Brand", "The Weight"),
    # other songs of the same artist
    ("Pink Floyd", "Another Brick in the Wall, Pt. 1", "Pink Floyd", "Another Brick in the Wall, Pt. 2"),
    (
        "The Flaming Lips",
        "Yoshimi Battles the Pink Robots, Pt. 1",
        "The Flaming Lips",
        "Yoshimi Battles the Pink Robots Part Two",
    ),
    ("Ludwig van Beethoven", "Symphony No. 5: I. Allegro", "Ludwig van Beethoven", "Symphony No. 5: II. Allegro"),
    ("Wolfgang Amadeus Mozart", "Sonata in C major", "Wolfgang Amadeus Mozart", "Sonata in C minor"),
    ("Johann Sebastian Bach", "Suite in D", "Johann Sebastian Bach", "Suite in G"),
    ("Tool", "Parabol", "Tool", "Parabola"),
    ("Russian Circles", "Memorial", "Russian Circles", "Memoriam"),
    ("Weezer", "Undone", "Weezer", "Unspun"),
    ("Eminem", "Stan", "Eminem", "Stand"),
    ("Rihanna", "Love the Way You Lie (Part II)", "Rihanna", "Love the Way You Lie"),
    ("Bob Dylan", "It Ain't Me, Babe", "Bob Dylan", "It's Me, Babe"),
    ("Prince", "1999", "Prince", "1998"),
    ("Coldplay", "Clocks", "Coldplay", "Blocks"),
    ("The Supremes", "Baby Love", "The Supremes", "Baby Live"),
    ("Frank Ocean", "Nights", "Frank Ocean", "Lights"),
    ("Interpol", "Untitled 1", "Interpol", "Untitled 2"),
    ("Aphex Twin", "aisatsana [102]", "Aphex Twin", "XMAS_EVET10 [120]"),
    ("M83", "Intro", "M83", "Outro"),
    ("Bon Iver", "Wash.", "Bon Iver", "Wolves"),
    ("The xx", "Intro", "The xx", "Infinity"),
    ("Kino", "Пачка сигарет", "Kino", "Группа крови"),
    ("Low", "Will the Night", "Low", "Will the Light"),
]


def song_ids(first: tuple[str, str], second: tuple[str, str]) -> set[str]:
    """The songs of two names, the first of which is in the library, under the second's spelling in a history."""
    tracks = pl.DataFrame(
        [("a", *first, [first[0]], None, None)],
        schema=["track_id", "artist", "title", "artists", "isrc", "duration_ms"],
        orient="row",
    ).cast({"isrc": pl.String, "duration_ms": pl.Int64})
    spelled = pl.DataFrame([(*second, 1)], schema=["artist", "title", "plays"], orient="row")
    members = decide(tracks, spelled)
    song_of = dict(members.filter(pl.col("kind") == "spelling").select("member", "song_id").iter_rows())
    return {song_of[song_key(*first)], song_of[song_key(*second)]}


def test_there_are_a_hundred_hard_pairs():
    assert len(SAME) + len(DIFFERENT) >= 100
    assert not {pair for pair in SAME if pair in DIFFERENT}


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: " | ".join(pair))
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_one_song(pair, turned):
    first, second = pair[:2], pair[2:]
    assert len(song_ids(second, first) if turned else song_ids(first, second)) == 1


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: " | ".join(pair))
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_two_songs(pair, turned):
    first, second = pair[:2], pair[2:]
    assert len(song_ids(second, first) if turned else song_ids(first, second)) == 2


def test_plays_of_every_spelling_reach_the_song():
    songs = pl.DataFrame({"song_id": ["s"], "keys": [[song_key("The Beatles", "Help!")]], "track_ids": [["t"]]})
    plays = pl.DataFrame(
        {"artist": ["Beatles, The", "Beatles", "Nobody"], "title": ["HELP", "Help! - Remastered 2009", "Help!"]}
    )
    assert assign_songs(plays, songs)["song_id"].to_list() == ["s", "s"]
