"""The content policy: words that are refused or removed, as the API document says."""

import re

from pipeline.imageserver.api.refusal import RefusedError

_FORBIDDEN = {
    "sexual content": ("nude", "nudity", "naked", "porn", "pornographic", "erotic", "nsfw"),
    "violence": ("gore", "gory", "beheading", "dismembered", "mutilated", "torture"),
    "hate": ("swastika", "nazi", "lynching"),
    "self-harm": ("suicide", "self-harm"),
    "drugs": ("cocaine", "heroin", "methamphetamine"),
}
_REASON = {word: reason for reason, words in _FORBIDDEN.items() for word in words}
_WORD = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _REASON), key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)


def violation_of(prompt: str) -> str:
    """Return why a prompt is not permitted; empty if it is."""
    found = _WORD.search(prompt)
    return "" if found is None else _REASON[found[1].lower()]


def apply_content_policy(prompt: str, *, rewrites: bool) -> str:
    """Return the prompt to paint: unchanged, or without the words that are not permitted.

    Raises RefusedError 400 if the prompt is refused; nothing is charged then.
    """
    found = _WORD.search(prompt)
    if found is None:
        return prompt
    rewritten = " ".join(_WORD.sub(" ", prompt).split())
    if rewrites and any(character.isalnum() for character in rewritten):
        return rewritten
    reason = _REASON[found[1].lower()]
    raise RefusedError(
        400, f"prompt violates the content policy: {reason}", kind="moderation_blocked"
    )
