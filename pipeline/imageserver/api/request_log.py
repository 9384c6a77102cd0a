"""The request log: one line for each answered request, with its caller, status and cost.

It holds no prompts, no signatures and no keys.
"""

import logging
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

REQUESTS = "pipeline.imageserver.requests"
"""The logger's name; set its level to INFO to get the lines."""
CALLER = web.RequestKey("caller", str)
"""The id of the request's key, once it is known."""
REQUEST_ID = web.RequestKey("request_id", str)
"""The id under which the request is answered."""
CHARGED = web.RequestKey("charged", int)
"""What this request was charged, in the account's unit."""
UNIT = web.AppKey("unit", str)
"""The account's unit, see `WireFormat.unit`."""
REFUSAL_REASON = web.RequestKey("why", str)
"""Why a request was refused."""

_QUIET_PATHS = ("/healthz", "/_playground/static/")
"""Paths that are requested all the time; they are logged only when they fail."""
_ERROR = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRecord:
    """One answered request; the attribute `answered` of its log record."""

    method: str
    path: str
    status: int
    seconds: float
    remote: str
    request_id: str
    caller: str
    credits: int
    """What this request was charged, in `unit`; 0 for a replay."""
    why: str
    unit: str = "credits"

    def __str__(self) -> str:
        """Return the record as one line for a person."""
        seconds = f"{self.seconds:.2f} s" if self.seconds >= 1 else f"{self.seconds * 1000:.0f} ms"
        cost = self._cost() if self.credits else ""
        parts = (f"{self.method} {self.path} {self.status}", seconds, cost, self.caller, self.why)
        return " · ".join(part for part in parts if part)

    def _cost(self) -> str:
        """Return the charge in words: credits, or dollars with as many digits as it has."""
        if self.unit == "credits":
            return f"{self.credits} credits"
        return f"${self.credits / 1e9:.9f}".rstrip("0").rstrip(".")


class RequestLog(AbstractAccessLogger):
    """An aiohttp access logger that writes one record for each answer."""

    @property
    def enabled(self) -> bool:
        """True if the logger is set to log requests."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one answer."""
        record = _record_of(request, response, time)
        if record.status >= _ERROR or not record.path.startswith(_QUIET_PATHS):
            self.logger.info("%s", record, extra={"answered": record})


def _unit_of(request: web.BaseRequest) -> str:
    """Return the unit of the application's account; a request that is no HTTP has none."""
    return request.app.get(UNIT, "credits") if isinstance(request, web.Request) else "credits"


def _record_of(
    request: web.BaseRequest, response: web.StreamResponse, seconds: float
) -> RequestRecord:
    return RequestRecord(
        method=request.method,
        path=request.rel_url.raw_path,
        status=response.status,
        seconds=round(seconds, 4),
        remote=request.remote or "",
        request_id=request.get(REQUEST_ID, ""),
        caller=request.get(CALLER, ""),
        credits=request.get(CHARGED, 0),
        why=request.get(REFUSAL_REASON, ""),
        unit=_unit_of(request),
    )
