"""One line for each request that was answered: who asked, how it ended, what it cost.

Neither prompts nor signatures nor keys are in it.
"""

import logging
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

REQUESTS = "pipeline.imageserver.requests"
"""The logger; whoever wants the lines sets its level to INFO."""
CALLER = web.RequestKey("caller", str)
"""The id of the key that asked, once it is known."""
WHY = web.RequestKey("why", str)
"""Why a request was refused."""

_UNSPOKEN = ("/healthz", "/_playground/static/")
"""What machines and pages ask for all day; told only where it fails."""
_ERROR = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """One request and its end; goes with the log record as `answered`."""

    method: str
    path: str
    status: int
    seconds: float
    remote: str
    request_id: str
    caller: str
    credits: int
    """Charged now."""
    why: str

    def __str__(self) -> str:
        """As a person reads it."""
        seconds = f"{self.seconds:.2f} s" if self.seconds >= 1 else f"{self.seconds * 1000:.0f} ms"
        cost = f"{self.credits} credits" if self.credits else ""
        parts = (f"{self.method} {self.path} {self.status}", seconds, cost, self.caller, self.why)
        return " · ".join(part for part in parts if part)


class RequestLog(AbstractAccessLogger):
    """What aiohttp tells of every answer, turned into one record."""

    @property
    def enabled(self) -> bool:
        """Whether anybody listens."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Record one answer."""
        answered = _answered(request, response, time)
        if answered.status >= _ERROR or not answered.path.startswith(_UNSPOKEN):
            self.logger.info("%s", answered, extra={"answered": answered})


def _answered(request: web.BaseRequest, response: web.StreamResponse, seconds: float) -> Answered:
    replayed = "Idempotent-Replayed" in response.headers
    charged = response.headers.get("X-Credits-Charged", "0")
    return Answered(
        method=request.method,
        path=request.rel_url.raw_path,
        status=response.status,
        seconds=round(seconds, 4),
        remote=request.remote or "",
        request_id=response.headers.get("X-Request-Id", ""),
        caller=request.get(CALLER, ""),
        credits=0 if replayed else int(charged),
        why=request.get(WHY, ""),
    )
