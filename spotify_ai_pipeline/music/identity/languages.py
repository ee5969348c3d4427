"""Languages: the words around names, as data, each under the language that writes it.

Words are written as people write them; ``spelling.fold`` is applied where they are read. To teach another language, add a
line: no code names one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Words = Mapping[str, str]
"""Language -> words or phrases apart by commas."""

JOINING_SIGNS = ",;/\\|•·∙⋅×､、，；／｜・"
"""Signs that part the artists of a credit. A sign that also stands within names counts only with spaces around it."""
SIGNS_WITHIN_NAMES = "·×|\\"

JOINING_WORDS: Words = {
    "en": "and, with, w/, x, vs, vs., versus, meets",
    "de": "und, mit, trifft",
    "nl": "en, met",
    "fr": "et, avec, contre",
    "es": "y, e, con",
    "pt": "e, com",
    "it": "e, ed, con",
    "ca": "i, amb",
    "pl": "i, oraz",
    "sv": "och, med",
    "da no": "og, med",
    "fi et": "ja",
    "hu": "és",
    "ro": "și",
    "tr": "ve, ile",
    "id ms": "dan",
    "vi": "và",
    "lt": "ir",
    "lv": "un",
    "ru bg sr": "и",
    "uk": "і, та",
    "el": "και",
    "ar fa": "و",
    "hi": "और",
    "th": "และ",
    "zh": "和, 与, 與",
    "ja": "と",
    "ko": "와, 과, 그리고",
}
"""Words that part the artists of a credit, with spaces around them."""

FEATURING: Words = {"en": "feat, feat., ft, ft., featuring, f/", "pt": "part., participação", "es": "invitado"}
"""What stands before a guest: the guest is no part of the song's name."""

WITH: Words = {
    "en": "with, w/",
    "de": "mit",
    "nl": "met",
    "fr": "avec",
    "es it": "con",
    "pt": "com",
    "sv da no": "med",
}
"""What may stand before a guest in a title, or begin a phrase of the title itself: "(with You)"."""

FROM: Words = {
    "en": "from, music from, theme from, song from, as heard in",
    "de": "aus, aus dem film, musik aus",
    "fr": "extrait de, extrait du film, tiré de, tiré du film, du film, de la bande originale",
    "es": "de la película, de la serie, banda sonora de, banda sonora original de",
    "pt": "do filme, da novela, da série, da trilha sonora, trilha sonora de",
    "it": "dal film, dalla colonna sonora, colonna sonora di",
    "ru": "из фильма, из кинофильма, из сериала",
}
"""What stands before the work that a song was made for, or the session that a take is of."""

SESSIONS: Words = {
    "en": "unplugged, session, sessions, live at, live in, live from, live on, in concert, concert, tiny desk, rehearsal, "
    "bbc, kexp",
    "de": "konzert, live aus, live im",
    "fr": "en concert",
    "es": "en concierto, desenchufado",
    "it": "in concerto",
}
"""What names a session or concert even in the name of a work: a film may be called "Live and Let Live"."""

REMASTERS: Words = {
    "en": "remaster, remasters, remastered, remastering, re-master, re-mastered, re-mastering",
    "de": "remasterisiert, remastert, neu gemastert, neu abgemischt und gemastert",
    "nl": "geremasterd, geremastered",
    "fr": "remasterisé, remasterisée, remastérisé, remastérisée, remastérisation",
    "es": "remasterizado, remasterizada, remasterización",
    "pt": "remasterizado, remasterizada, remasterização, remasterizados",
    "it": "rimasterizzato, rimasterizzata, rimasterizzazione",
    "ca": "remasteritzat, remasteritzada",
    "pl": "zremasterowany, zremasterowana, remasterowany, remasterowana",
    "cs": "remasterováno, remasterovaná, remasterovaný",
    "sv da no": "remastrad, remastrat, remastret",
    "fi": "remasteroitu",
    "hu": "újramaszterelt",
    "ro": "remasterizat, remasterizată",
    "tr": "yeniden düzenlenmiş",
    "el": "ψηφιακή επεξεργασία",
    "ru uk": "ремастер, ремастеринг, ремастированный, ремастированная, ремастированная версия, ремастеринг версия",
    "ja": "リマスター, リマスタリング, リマスター版, リマスター音源, "
    "デジタルリマスター, デジタル・リマスター, デジタル・リマスター版",
    "ko": "리마스터, 리마스터링, 리마스터 버전",
    "zh": "重制, 重製, 重制版, 重製版, 数码重制版, 數碼重製版, 数字修复版",
}
"""A new transfer of the same recording."""

SAME_RECORDING: Words = {
    "en": (
        "mono, stereo, mono version, stereo version, album version, lp version, original version, original album version, "
        "main version, full length version, explicit version, clean version, studio version, single version, "
        "original mix, bonus, bonus track, explicit, clean, deluxe, super deluxe, anniversary, expanded, restored, "
        "official, official video, official audio, official music video, official lyric video, music video, lyric video, "
        "lyrics video, lyrical, lyrical video, official lyrical video, full video, full song, video song, "
        "video clip, mv, m/v, official mv, official m/v, video, audio, "
        "with lyrics, lyrics, visualizer, visualiser, hd, hq, 4k, soundtrack, ost, "
        "original soundtrack, motion picture soundtrack, original motion picture soundtrack, high resolution, hi-res"
    ),
    "de": "originalversion, original version, albumversion, album version, singleversion, stereofassung, monofassung, "
    "offizielles video, offizielles musikvideo, bonustitel, jubiläumsausgabe",
    "nl": "originele versie, albumversie, officiële video",
    "fr": "version originale, version album, version single, version mono, version stéréo, clip officiel, vidéo officielle, "
    "audio officiel, titre bonus, édition anniversaire, bande originale",
    "es": "versión original, versión álbum, versión del álbum, versión mono, versión estéreo, vídeo oficial, video oficial, "
    "audio oficial, videoclip oficial, pista adicional, edición aniversario",
    "pt": "versão original, versão álbum, versão do álbum, vídeo oficial, videoclipe oficial, clipe oficial, áudio oficial, "
    "faixa bônus, edição de aniversário",
    "it": "versione originale, versione album, versione mono, versione stereo, video ufficiale, audio ufficiale, traccia bonus",
    "pl": "wersja oryginalna, wersja albumowa, oficjalny teledysk, oficjalne video",
    "sv da no": "originalversion, albumversion, officiell video, officiel video",
    "tr": "orijinal versiyon, resmi video",
    "ru uk": "оригинальная версия, альбомная версия, официальное видео, официальный клип, официальное аудио, бонус-трек",
    "ja": "オリジナル・バージョン, オリジナルバージョン, アルバム・バージョン, アルバムバージョン, ボーナストラック, "
    "モノラル, ステレオ, モノ, 公式ビデオ",
    "ko": "오리지널 버전, 앨범 버전, 공식 비디오, 뮤직비디오",
    "zh": "原版, 专辑版, 專輯版, 单声道, 立体声, 官方视频, 官方完整版mv",
}
"""Labels of the same recording."""

AROUND_LABELS: Words = {
    "en": "digital, digitally, newly, new, original, bit, khz, half, speed, recording, restored, edition, version, the, in, "
    "and, hi, res, track, album, single, analog, analogue, master, masters, tape, tapes, clip, music, lyric, lyrics",
    "de": "neu, digital, ausgabe, fassung, version, edition, und, aus",
    "fr": "en, et, numérique, numériquement, édition, version, nouvelle",
    "es": "en, y, digital, digitalmente, edición, versión, nueva",
    "pt": "em, e, digital, digitalmente, edição, versão, nova",
    "it": "nel, e, in, digitale, digitalmente, edizione, versione, nuova",
    "ru uk": "цифровой, версия, издание, новый, года, год, г",
    "ja": "版, 年, デジタル, 最新, バージョン",
    "ko": "버전, 디지털, 년",
    "zh": "版, 年, 数码, 數碼",
}
"""Words that stand in a label of the same recording and name none by themselves; years and numbers do as well."""

OTHER_RECORDING: Words = {
    "en": (
        "live, unplugged, acoustic, demo, demos, instrumental, karaoke, a cappella, acappella, acapella, a capella, remix, "
        "remixed, rmx, mix, mixed, edit, edited, extended, session, sessions, take, takes, cover, covered, tribute, "
        "orchestral, symphonic, piano, string, strings, stripped, version, ver, re-record, re-recorded, re-recording, "
        "rerecorded, sped up, speed up, slowed, nightcore, reverb, reprise, dub, rehearsal, outtake, outtakes, alternate, "
        "alternative, bootleg, mash-up, mashup, rework, reworked, flip, vip, reimagined, lullaby, in the style of, "
        "originally performed by, made famous by, as performed by, 8-bit, 8bit, commentary, interview, skit, backing track, "
        "minus one, sing-along, singalong, medley, megamix, unreleased, dubstep, refix, chopped, screwed, home recording, "
        "bbc, in concert, tiny desk"
    ),
    "de": "akustik, akustisch, akustikversion, liveversion, fassung, instrumentalversion, konzertmitschnitt",
    "nl": "akoestisch, versie",
    "fr": "acoustique, en direct, en concert, en public, version, maquette, instrumentale, démo",
    "es": "en vivo, en directo, acústico, acústica, versión, maqueta, instrumental, en concierto, desenchufado",
    "pt": "ao vivo, acústico, acústica, versão, demo, instrumental",
    "it": "dal vivo, acustico, acustica, versione, strumentale, in concerto",
    "ca": "en directe, acústic, versió",
    "pl": "na żywo, akustycznie, akustyczna, wersja, instrumentalna",
    "cs": "živě, akusticky, verze",
    "sv da no": "akustisk, liveversion, versjon, instrumental",
    "fi": "akustinen, livenä",
    "tr": "canlı, akustik, versiyon, enstrümantal",
    "id": "versi, akustik",
    "ru uk": "концерт, концертная, вживую, живьём, акустика, акустическая, версия, ремикс, кавер, караоке, инструментал, минус, "
    "демо, лайв",
    "el": "ζωντανή, ζωντανά, ακουστικό, ορχηστρικό",
    "ar": "حفلة, موسيقى فقط, ريمكس",
    "he": "הופעה, אקוסטי, רמיקס, קריוקי, בהופעה",
    "hi": "लाइव, रीमिक्स, कराओके, अकूस्टिक",
    "th": "แสดงสด, อะคูสติก, รีมิกซ์, คาราโอเกะ",
    "ja": "ライブ, ライヴ, カラオケ, アコースティック, インストゥルメンタル, インスト, リミックス, バージョン, "
    "ヴァージョン, デモ, カバー",
    "ko": "라이브, 어쿠스틱, 리믹스, 버전, 인스트루멘탈, 노래방, 데모",
    "zh": "现场, 現場, 伴奏, 纯音乐, 純音樂, 翻唱, 混音, 不插电, 卡拉ok",
}
"""Labels of another recording of the song."""

IN_ENGLISH: Words = {
    "de": "akustik=acoustic, akustisch=acoustic, akustikversion=acoustic, liveversion=live, instrumentalversion=instrumental",
    "nl": "akoestisch=acoustic",
    "fr": "acoustique=acoustic, en direct=live, en public=live, en concert=live, instrumentale=instrumental, démo=demo",
    "es": "en vivo=live, en directo=live, acústico=acoustic, acústica=acoustic, en concierto=live",
    "pt": "ao vivo=live, acústico=acoustic, acústica=acoustic",
    "it": "dal vivo=live, acustico=acoustic, acustica=acoustic, strumentale=instrumental, in concerto=live",
    "pl": "na żywo=live, akustycznie=acoustic, akustyczna=acoustic, instrumentalna=instrumental",
    "sv da no": "akustisk=acoustic, liveversion=live",
    "ru uk": "концертная=live, вживую=live, лайв=live, акустика=acoustic, акустическая=acoustic, ремикс=remix, караоке=karaoke, "
    "инструментал=instrumental, демо=demo",
    "ja": "ライブ=live, ライヴ=live, カラオケ=karaoke, アコースティック=acoustic, リミックス=remix, デモ=demo",
    "ko": "라이브=live, 어쿠스틱=acoustic, 리믹스=remix, 노래방=karaoke, 데모=demo",
    "zh": "现场=live, 現場=live, 混音=remix, 卡拉ok=karaoke",
}
"""What a label of another recording is called in English: "En Vivo" and "Live" are one."""

TELLING: Words = {
    "en": "major, minor, sharp, flat, natural, double, intro, outro, prelude, reprise, interlude, overture, finale, epilogue, "
    "prologue, coda, his, her, he, she, no, not, dont, cant, wont, aint, never, isnt, without, didnt, doesnt, couldnt, left, "
    "right, north, south, east, west, day, night, morning, evening, spring, summer, autumn, winter, man, woman, boy, "
    "girl, king, queen, first, last, before, after",
    "de": "dur, moll, nicht, kein, keine, nie, ohne, er, sie, mein, dein, "
    "cis, dis, eis, fis, gis, ais, ces, des, es, fes, ges, as",
    "fr": "majeur, mineur, dièse, bémol, pas, jamais, sans, il, elle, mon, ton, avant, après",
    "es": "mayor, menor, sostenido, bemol, nunca, sin, él, ella, mi, tu, antes, después",
    "it": "maggiore, minore, diesis, bemolle, non, mai, senza, lui, lei, mio, tuo",
    "pt": "maior, não, nunca, sem, ele, ela, meu, teu, sustenido",
    "ru uk bg": "мажор, минор, диез, бемоль, не, нет, без, никогда, он, она, мой, твой, ні",
    "pl": "nie, bez, nigdy, on, ona, dur, moll",
    "el": "δεν, μη, χωρίς",
    "tr": "değil, yok",
}
"""Words of which a title has one and another title of the artist has it not, or has another: two songs, however alike."""

NUMBERS: Words = {
    "en": "two=2, three=3, four=4, five=5, six=6, seven=7, eight=8, nine=9, ten=10, eleven=11, twelve=12, "
    "second=2, third=3, fourth=4, fifth=5, sixth=6, seventh=7, eighth=8, ninth=9, tenth=10",
    "de": "zwei=2, drei=3, vier=4, fünf=5, sechs=6, sieben=7, acht=8, neun=9, zehn=10",
    "fr": "deux=2, trois=3, quatre=4, cinq=5, sept=7, huit=8, neuf=9, dix=10",
    "es": "dos=2, tres=3, cuatro=4, cinco=5, seis=6, siete=7, ocho=8, nueve=9, diez=10",
    "it": "due=2, tre=3, quattro=4, cinque=5, sei=6, sette=7, otto=8, nove=9, dieci=10",
    "pt": "dois=2, duas=2, três=3, quatro=4, sete=7, oito=8, nove=9, dez=10",
    "ru uk": "два=2, две=2, три=3, четыре=4, пять=5, шесть=6, семь=7, восемь=8, девять=9, десять=10",
}
"""Numbers that are written out; one is left out, which is an article as well."""

CHANNELS: Words = {
    "YouTube": "- topic, - thema, - tema, - sujet, - argomento, - onderwerp, - ämne, - temat, - тема, "
    "- トピック, - 主题, - 主題, - 주제",
}
"""What YouTube appends to an artist's name; "VEVO" stands without a space."""


def words(table: Words) -> Iterator[str]:
    """Every word or phrase of ``table`` once."""
    return iter(dict.fromkeys(word.strip() for line in table.values() for word in line.split(",") if word.strip()))
