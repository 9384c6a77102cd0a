"""The API guide's advice on prompts, as rules with codes."""

import re
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_QUOTE = 6
"""Most words in one quoted text; longer ones are often misspelt on the image."""
MOST_QUOTED = 25
"""Most quoted words on one image."""

_QUOTED = re.compile('["“„«]([^"“”„«»\n]{1,400})["”“»]')
_LAYOUT = re.compile(
    r"\b(posters?|menus?|boards?|screens?|packs?|packag\w*|panels?|labels?|billboards?|cards?|"
    r"price ?tags?|banners?|signs?|signage|flyers?|leaflets?|covers?|stickers?|badges?|"
    r"storefronts?|magazines?|adverts?|advertisements?|placards?|brochures?|vouchers?|coupons?)\b",
    re.IGNORECASE,
)
_SAYING = re.compile(
    r"\b(headline|slogan|tagline|caption|lettering|that (?:says|reads)|saying|reading|"
    r"with the (?:text|words?))\b",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"\b(on|in|at|against|beside|under|over|inside|in front of|above|atop|amid|among)\s+"
    r"(?:(?:an?|the|some|its|their)\s+)?\w+|\b(background|backdrop|studio|cut-?out|isolated)\b",
    re.IGNORECASE,
)
_LIGHT = re.compile(
    r"\b(\w*light\w*|lit|backlit|sun\w*|shadows?|glow\w*|golden hour|neon|softbox|reflections?|"
    r"bright|dim|dusk|dawn|noon|high-key|low-key|rim|candle\w*)\b",
    re.IGNORECASE,
)
_FRAMING = re.compile(
    r"\b(close-?up|macro|wide|shot|angle|cent(?:re|er)(?:ed|d)?|composition|overhead|top-?down|"
    r"flat ?lay|portrait|landscape|lens|\d+ ?mm|fram(?:ed|ing)|crop\w*|view|perspective|"
    r"foreground|photo|photograph|product photo|packshot|full-?body|eye level|hero|thirds?|"
    r"copy space|negative space|bird's[- ]eye)\b",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"\b(?:photo|photograph|picture|image|shot|packshot|render|illustration|portrait|view) of\s*"
    r"(?:[,.;:]|$|(?:on|in|at|by|with|against|under|beside)\b)"
    r"|\A\W*(?:on|in|at|with|against|under|beside)\s",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(
    r"\[\[[^\]\n]{1,60}\]\]|\{[^{}|\n]{0,60}\|[^{}\n]{0,60}\}|\b__[A-Za-z][\w*/-]{0,40}__\b"
    r"|\{\{[^}\n]{0,60}\}\}|%[A-Za-z_][\w.]*%|<[a-z]\w*[._][\w.]+>"
    r"|\b(?:TODO|TBD|FIXME|NaN|undefined)\b|\b[Ll]orem ipsum\b"
    r"|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)",
    re.ASCII,
)
_GAP = re.compile(
    r"\S{0,20} ?(?:\"\"|“”|„“|«\s{0,9}»).{0,12}|\S{0,20}[\w,] {2,9}\S.{0,12}"
    r"|\S{1,20} {1,9}[,.](?=\s|$)"
)
_GAP_SIGNS = ('""', "“”", "„“", "«", "  ", " ,", " .")
"""Every gap contains one of these; testing for them costs 1 % of matching the pattern."""
_SCENES = re.compile(
    r"\b(collage|split[- ]screen|diptych|triptych|comic strip|storyboard|before and after|"
    r"(?:first|second|third|scene|panel|frame) \d+|(?:second|third|fourth) scene|"
    r"(?:two|three|four|five|several|multiple|different) scenes)\b",
    re.IGNORECASE,
)
_BACKDROP = re.compile(
    r"\b(?:on|against|in front of|in|at)\s+(?:an?\s+|the\s+)?(?:\w+[ -]){0,3}"
    r"(background|backdrop|table|tabletop|beach|kitchen|street|room|forest|park|garden|wall|sky|"
    r"blanket|counter|shelf|desk|floor|bar|cafe|office)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Advice:
    """One rule that a prompt does not follow."""

    code: str
    complaint: str


def lint_prompt(prompt: str, *, transparent: bool = False) -> tuple[Advice, ...]:
    """Return the rules of the API guide that a prompt breaks."""
    found = (rule(prompt) for rule in _RULES)
    advice = [one for one in found if one is not None]
    if transparent and (backdrop := _BACKDROP.search(prompt)):
        complaint = f'the background is transparent, but the prompt describes one: "{backdrop[0]}"'
        advice.append(Advice("lint-backdrop", complaint))
    return tuple(advice)


def _unquoted(prompt: str) -> Advice | None:
    saying = _SAYING.search(prompt)
    if saying is None or _QUOTED.search(prompt):
        return None
    complaint = f'"{saying[0]}" announces words on the image; put them in quotes'
    return Advice("lint-quote", complaint)


def _long(prompt: str) -> Advice | None:
    longest = max((one[1] for one in _QUOTED.finditer(prompt)), key=_words, default="")
    if _words(longest) <= LONGEST_QUOTE:
        return None
    complaint = (
        f"a quoted text has {_words(longest)} words; more than {LONGEST_QUOTE} are often misspelt"
    )
    return Advice("lint-long-quote", complaint)


def _much(prompt: str) -> Advice | None:
    total = sum(_words(one[1]) for one in _QUOTED.finditer(prompt))
    if total <= MOST_QUOTED:
        return None
    return Advice("lint-much-text", f"{total} words are quoted; fewer are spelt more reliably")


def _layout(prompt: str) -> Advice | None:
    if not _QUOTED.search(prompt) or _LAYOUT.search(_QUOTED.sub("", prompt)):
        return None
    complaint = "text is quoted, but no layout is named (poster, packaging panel, billboard, …)"
    return Advice("lint-layout", complaint)


def _missing(pattern: re.Pattern[str], code: str, complaint: str) -> Callable[[str], Advice | None]:
    def rule(prompt: str) -> Advice | None:
        return None if pattern.search(_QUOTED.sub("", prompt)) else Advice(code, complaint)

    return rule


def _subject(prompt: str) -> Advice | None:
    absent = _NO_SUBJECT.search(prompt)
    if absent is None:
        return None
    complaint = f'no subject is named: "{absent[0].strip()}" is followed by nothing'
    return Advice("lint-subject", complaint)


def _placeholder(prompt: str) -> Advice | None:
    left = _PLACEHOLDER.search(prompt)
    if left is None:
        return None
    complaint = f'"{left[0]}" looks like a placeholder, and is sent as written'
    return Advice("lint-placeholder", complaint)


def _gap(prompt: str) -> Advice | None:
    gap = any(sign in prompt for sign in _GAP_SIGNS) and _GAP.search(prompt)
    if not gap:
        return None
    return Advice("lint-empty", f"an empty value seems to have left a gap: {gap[0].strip()}")


def _scenes(prompt: str) -> Advice | None:
    several = _SCENES.search(prompt)
    if several is None:
        return None
    return Advice("lint-scenes", f'"{several[0]}": one scene per prompt works best')


def _words(text: str) -> int:
    return len(text.split())


_RULES: tuple[Callable[[str], Advice | None], ...] = (
    _unquoted,
    _long,
    _much,
    _layout,
    _missing(_SETTING, "lint-setting", "no setting is named (on a wet table, in a studio, …)"),
    _missing(_LIGHT, "lint-light", "no lighting is named (soft daylight, rim light, …)"),
    _missing(_FRAMING, "lint-framing", "no framing is named (close-up, centred, overhead, …)"),
    _scenes,
    _subject,
    _placeholder,
    _gap,
)
