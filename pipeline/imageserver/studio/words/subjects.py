"""What a prompt is about: its subject, camera, and what goes with it."""

import re

from pipeline.imageserver.studio.scene.icons import emoji_names, find_icon
from pipeline.imageserver.studio.scene.scene import Camera
from pipeline.imageserver.studio.words import lexicon
from pipeline.imageserver.studio.words.languages import UNKNOWN, EnglishText
from pipeline.imageserver.studio.words.noun_phrases import phrases
from pipeline.imageserver.studio.words.subject_reader import Subject, SubjectReader

DENIED = re.compile(
    r"\b(?:no|without|not)\s+(?:any\s+)?(?:a\s+)?(?:other\s+|further\s+)?[a-z-]+"
    r"(?:\s+(?:or|and)\s+[a-z-]+)?(?:\s+(?:at all|please))?"
)
_CAMERAS = tuple(
    (camera, re.compile(pattern))
    for camera, pattern in (
        (
            Camera.OVERHEAD,
            (
                r"\b(?:seen |viewed |shot |view )?from above\b|\btop view\b|\bknolling\b|"
                r"\boverhead(?: (?:shot|view|angle|flat lay|photo))?\b|"
                r"\b(?:lying )?flat[ -]?lay\b|\btop[ -]?down(?: (?:view|shot))?\b|"
                r"\bbird'?s[ -]eye(?: view)?\b"
            ),
        ),
        (
            Camera.LOW_ANGLE,
            (
                r"\b(?:seen |viewed |shot )?from below\b|\bhero angle\b|"
                r"\blow[ -]angle(?: (?:shot|view))?\b|\bworm'?s[ -]eye(?: view)?\b"
            ),
        ),
        (
            Camera.CLOSE_UP,
            r"\b(?:extreme )?close[ -]?up(?: (?:shot|view|of))?\b|\bmacro(?: shot)?\b",
        ),
    )
)
"""The words for each view; the first that is found decides."""


def find_subject(english: EnglishText) -> Subject:
    """Return what a prompt, in English and without its quotes, is about."""
    text = DENIED.sub(" ", english.text.replace("’", "'"))
    camera = next((c for c, pattern in _CAMERAS if pattern.search(text)), Camera.EYE_LEVEL)
    subject = Subject(camera=camera, text=text)
    for _, pattern in _CAMERAS:
        text = pattern.sub(" , ", text)
    if named := emoji_names(text.lstrip()[:1]):  # an emoji in front is the subject
        text = f"{named} {text.lstrip()[1:]}"
    found = phrases(text, noun_first=english.noun_first)
    if english.language != UNKNOWN:  # any of its words could be the noun
        SubjectReader(subject, found, noun_first=english.noun_first).read()
    if not subject.noun and not subject.unknown:
        _emoji(subject, english.text.replace("¶", " "))
    return subject


def _emoji(subject: Subject, text: str) -> None:
    """Take the subject from an emoji, if the text has one."""
    names = emoji_names(text)
    for word in names.split():
        family = lexicon.THINGS.get(word) or lexicon.CONTAINERS.get(word)
        family = family or lexicon.THINGS.get(f"{word}s")
        if family:
            subject.noun, subject.family = word, family
            return
    if glyph := find_icon(text):
        name = glyph.replace("-", " ")
        subject.noun, subject.icon = name, glyph
        subject.family = lexicon.THINGS.get(name)
