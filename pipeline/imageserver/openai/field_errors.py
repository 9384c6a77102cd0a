"""OpenAI's words for a field that is missing, of the wrong type, or of a value it cannot have."""

from collections.abc import Sequence

from pipeline.imageserver.api.refusal import kind_of
from pipeline.imageserver.openai.errors import USER, OpenAiError

MAX_SHOWN = 64
"""Characters of a value that a message repeats."""


def invalid_value(param: str, message: str) -> OpenAiError:
    """Return the refusal of a value of the right type."""
    return OpenAiError(400, message, code="invalid_value", param=param, error_type=USER)


def missing(name: str) -> OpenAiError:
    """Return the refusal of a request without a field that it must have."""
    return OpenAiError(
        400,
        f"Missing required parameter: {name!r}.",
        code="missing_required_parameter",
        param=name,
    )


def wrong_type(name: str, expected: str, value: object) -> OpenAiError:
    """Return the refusal of a value of another JSON type."""
    return OpenAiError(
        400,
        f"Invalid type for {name!r}: expected {expected}, but got {kind_of(value)} instead.",
        code="invalid_type",
        param=name,
    )


def unlisted(name: str, value: object, choices: Sequence[str]) -> OpenAiError:
    """Return the refusal of a value that is none of the choices."""
    *others, last = [f"'{choice}'" for choice in choices]
    listed = f"{', '.join(others)} and {last}" if others else last
    shown = value[:MAX_SHOWN] if isinstance(value, str) else kind_of(value)
    return OpenAiError(
        400,
        f"Invalid value: '{shown}'. Supported values are: {listed}.",
        code="invalid_value",
        param=name,
    )


def above_maximum(name: str, value: int, most: int) -> OpenAiError:
    """Return the refusal of a number that is too large."""
    return OpenAiError(
        400,
        f"Invalid {name!r}: integer above maximum value. Expected a value <= {most}, but got "
        f"{value} instead.",
        code="integer_above_max_value",
        param=name,
    )


def below_minimum(name: str, value: int, least: int) -> OpenAiError:
    """Return the refusal of a number that is too small."""
    return OpenAiError(
        400,
        f"Invalid {name!r}: integer below minimum value. Expected a value >= {least}, but got "
        f"{value} instead.",
        code="integer_below_min_value",
        param=name,
    )


def too_long(name: str, length: int, most: int) -> OpenAiError:
    """Return the refusal of a string that is too long."""
    return OpenAiError(
        400,
        f"Invalid {name!r}: string too long. Expected a string with maximum length {most}, but "
        f"got a string with length {length} instead.",
        code="string_above_max_length",
        param=name,
    )
