"""Why a request is refused, before anybody decides how an answer looks. Nothing is charged."""


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
