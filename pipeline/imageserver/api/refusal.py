"""Why a request is refused, before anybody decides how an answer looks. Nothing is charged."""

import re


class RefusedError(Exception):
    """A request that gets no picture; the message is for the caller, the field comes first."""

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
        """The HTTP status it has in the http style."""
        self.message = str(self)
        self.field = field
        """The field, header or query parameter that is wrong; empty where it is none of them."""
        self.kind = kind
        """A stable word for it, where the status does not say enough."""
        self.retry_after = retry_after
        """Seconds after which the same request may do better."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the message and the attributes, as errors.PipelineError does."""
        return type(self).__new__, (type(self), *self.args), vars(self)


def invalid(field: str, message: str) -> RefusedError:
    """One field is missing, extra or wrong."""
    return RefusedError(400, message, field=field)


_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_LONGEST = 60


def printable(value: object) -> str:
    """A short quotation of what came in, safe to print anywhere."""
    shown = ascii(value) if isinstance(value, (str, int, float, bool)) else kind_of(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def field_name(name: str) -> str:
    """A field as it came, where that is safe to print, else quoted."""
    return name if _PLAIN_NAME.fullmatch(name) else printable(name)


def kind_of(value: object) -> str:
    """A JSON value's kind in words."""
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
