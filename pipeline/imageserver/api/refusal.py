"""Refused requests, and quoting of input in their messages."""

import re


class RefusedError(Exception):
    """A refused request, for which nothing is charged; the message begins with the wrong field."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str = "",
        kind: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.status = status
        """The HTTP status in the error style `http`."""
        self.message = str(self)
        self.field = field
        """The field, header or query parameter that is wrong; empty if none of them is."""
        self.kind = kind
        """A stable word for the reason, if the status does not say enough."""
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the message and the attributes, as errors.PipelineError does."""
        return type(self).__new__, (type(self), *self.args), vars(self)


def invalid(field: str, message: str) -> RefusedError:
    """Return the refusal of one field that is missing, unknown or wrong."""
    return RefusedError(400, message, field=field)


_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_MAX_LENGTH = 60


def printable(value: object) -> str:
    """Return a value of the request quoted, shortened and safe to print."""
    quoted = ascii(value) if isinstance(value, (str, int, float, bool)) else kind_of(value)
    return quoted if len(quoted) <= _MAX_LENGTH else f"{quoted[: _MAX_LENGTH - 3]}..."


def field_name(name: str) -> str:
    """Return a field's name as it is if that is safe to print, else quoted."""
    return name if _PLAIN_NAME.fullmatch(name) else printable(name)


def kind_of(value: object) -> str:
    """Return the type of a JSON value in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
