"""A prompt in another language, with the painter's words in English: one synonym table for all."""

import functools
import re
from dataclasses import dataclass
from importlib import resources

_TABLES = ("synonyms.txt", "icon_names.txt")
LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "pl", "ja")
UNKNOWN = "und"
"""The code of every other language; it is read for its quotes alone."""
NOUN_FIRST = frozenset(("fr", "es", "it", "pt", "pl"))
"""Languages whose nouns come before what describes them."""
_COMPOUNDS = frozenset(("de", "nl"))
"""Languages that write compound nouns as one word."""
_ENDINGS = {
    "de": ("(?:e[nrms]?|n|s|es)?", "(?:e[nrms]?)?"),
    "fr": ("(?:s|x)?", "(?:e|s|es|x)?"),
    "es": ("(?:s|es)?", "(?:[oae]s?|es)?"),
    "it": ("", "[oaie]?"),
    "pt": ("(?:s|es|ns)?", "(?:[oae]s?)?"),
    "nl": ("(?:s|en|je|jes|tje|tjes)?", "(?:e|en|s)?"),
    "pl": ("(?:a|em|owi|u|y|ów|i|ę|ą|e|om|ami|ach)?", "[a-ząćęłńóśźż]{0,4}"),
    "ja": ("", ""),
}
"""Endings of a language: of a whole word, and where the table has a tilde."""
_ENGLISH = frozenset(
    ("a", "an", "the", "of", "with", "on", "in", "at", "for", "and", "no", "without", "from")
).union(("by", "next", "to", "its", "reads", "says", "text"))
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_FUNCTION = frozenset(("a", "of", "with", "without", "on", "against", "in", "and", "for"))
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_LINKS = ("", "n", "s", "en", "es", "e")
"""Letters that link the parts of a compound."""
_SHORTEST = 3
_ALPHABETS = {
    code: frozenset("abcdefghijklmnopqrstuvwxyz'’-éèêàç" + letters)
    for code, letters in (
        ("de", "äöüß"),
        ("fr", "âëîïôœùûüÿæ"),
        ("es", "áíñóúü"),
        ("it", "ìíîòóù"),
        ("pt", "áâãíóôõúü"),
        ("nl", "áëíïóöúüĳ"),
        ("pl", "ąćęłńóśźż"),
    )
}
"""The letters of each language, in lower case, with those of common loan words."""
_FOREIGN_WORDS = 2
_LEAST_KNOWN = 0.3
"""Share of known words below which a text is in a language that the tables do not have."""


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """The words of one language: a pattern that finds them, and the English of each alternative."""

    pattern: re.Pattern[str]
    english: tuple[str, ...]

    def meaning(self, hit: re.Match[str]) -> str:
        """Return the English of a hit."""
        return self.english[(hit.lastindex or 1) - 1]


@functools.cache
def _dictionaries() -> dict[str, _Dictionary]:
    """Return the synonym table by language."""
    words: dict[str, list[tuple[str, str]]] = {code: [] for code in LANGUAGES}
    for row in _rows():
        english, *cells = (cell.strip() for cell in row.split("|"))
        for code, cell in zip(LANGUAGES, cells, strict=False):
            words[code] += [(one.strip(), english) for one in cell.split(",") if one.strip()]
    return {code: _dictionary(code, found) for code, found in words.items()}


def _rows() -> list[str]:
    """Return the rows of both tables: the painter's words, and the names of icons."""
    folder = resources.files("pipeline.imageserver.studio.words")
    texts = (folder.joinpath(name).read_text("utf-8") for name in _TABLES)
    return [row for text in texts for row in text.splitlines() if row and not row.startswith("#")]


def _dictionary(code: str, words: list[tuple[str, str]]) -> _Dictionary:
    longest_first = sorted(words, key=lambda pair: (-len(pair[0]), pair[0]))
    whole, stem = _ENDINGS[code]
    parts = []
    for said, _ in longest_first:
        word = _with_plural(said) if code == "it" else said
        ending = stem if word.endswith("~") else "" if word.endswith("'") else whole
        body = re.escape(word.rstrip("~")).replace(r"\~", stem).replace("'", "['’]")
        parts.append(f"({body}{ending})" if code == "ja" else f"({body}{_closed(word, ending)})")
    joined = "|".join(parts)
    pattern = joined if code == "ja" else rf"(?<![\w-])(?:{joined})"
    return _Dictionary(re.compile(pattern), tuple(english for _, english in longest_first))


def _with_plural(word: str) -> str:
    """Return an Italian word with a tilde for its last vowel, which the plural changes."""
    short = 4
    return f"{word[:-1]}~" if len(word) > short and word[-1] in "aoe" else word


def _closed(word: str, ending: str) -> str:
    return ending if word.endswith("'") else rf"{ending}(?![\w])"


@dataclass(frozen=True, slots=True)
class EnglishText:
    """A lower-case text in English words, and the language that it was written in."""

    text: str
    language: str

    @property
    def noun_first(self) -> bool:
        """True if nouns come before what describes them."""
        return self.language in NOUN_FIRST


@functools.lru_cache(maxsize=512)
def in_english(bare: str) -> EnglishText:
    """Return a prompt without its quotes in English; unknown words stay as they are."""
    language = _language(bare)
    return EnglishText(translated(bare, language), language)


def translated(text: str, language: str) -> str:
    """Return a text of a known language in English."""
    low = text.lower()
    if language in ("en", UNKNOWN):
        return low
    found = _dictionaries()[language]
    if language == "ja":
        low = low.translate(str.maketrans("、。・「」", ",. ¶¶"))
        done = found.pattern.sub(lambda hit: f" {found.meaning(hit)} ", low)
        return " ".join(re.sub(r"[のをも]", " ", done).split())
    parts: list[str] = []
    end = 0
    for hit in found.pattern.finditer(low):
        parts += [_between(low[end : hit.start()], language), found.meaning(hit), " "]
        end = hit.end()
    done = "".join([*parts, _between(low[end:], language)])
    return re.sub(r"\s+([,.;:)])", r"\1", " ".join(done.split()))


def _between(text: str, language: str) -> str:
    """Return text between known words, its compounds taken apart."""
    if language not in _COMPOUNDS:
        return text
    return _WORD.sub(lambda hit: _split(hit.group(), language), text)


def _split(word: str, language: str) -> str:
    """Return a compound as its parts in English; a word that is none stays as it is."""
    for at in range(_SHORTEST, len(word) - _SHORTEST + 1):
        last = _one(word[at:], language)
        if not last or last in _FUNCTION:
            continue
        for link in _LINKS:
            stem = word[:at].removesuffix(link) if link else word[:at]
            first = _one(stem, language)
            if first and first not in _FUNCTION:
                return f"{first} {last}"
    return word


def _one(word: str, language: str) -> str:
    found = _dictionaries()[language]
    hit = found.pattern.fullmatch(word)
    return found.meaning(hit) if hit and len(word) >= _SHORTEST else ""


def _language(bare: str) -> str:
    """Return the language with the most known words; English if no other has more."""
    if len(_JAPANESE.findall(bare)) > 1:
        return "ja"
    low = bare.lower()
    words = _WORD.findall(low)
    english = sum(word in _ENGLISH or word in _english_words() for word in words)
    scores = {
        code: sum(len(hit.group().split()) for hit in _dictionaries()[code].pattern.finditer(low))
        for code in LANGUAGES[:-1]
    }
    scores = {code: 0 if _is_foreign(words, code) else score for code, score in scores.items()}
    best = max(scores, key=lambda code: scores[code])
    known = max(scores[best], english)
    if known < len(words) * _LEAST_KNOWN and not low.isascii():
        return UNKNOWN
    return best if scores[best] > english else "en"


def _is_foreign(words: list[str], code: str) -> bool:
    """Return whether several words have letters that a language does not have."""
    foreign = [w for w in words if not (w.isascii() or set(w) <= _ALPHABETS[code])]
    return len(foreign) >= _FOREIGN_WORDS


@functools.cache
def _english_words() -> frozenset[str]:
    return frozenset(word for row in _rows() for word in row.split("|")[0].split())
