"""How one image server behaves; `serve`'s flags and the embedded provider both end up here."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class ErrorStyle(StrEnum):
    """The document shows no failure; services with this envelope do it in one of two ways."""

    HTTP = "http"
    """A real status, repeated as `code`."""
    APP = "app"
    """HTTP 200 with code -1."""


class Idempotency(StrEnum):
    """What an Idempotency-Key that was seen before does."""

    OFF = "off"
    """Nothing, as far as the document says: a repeat is charged again."""
    REPLAY = "replay"
    """The same reply, not charged again."""
    REJECT = "reject"
    """409, whatever became of the first one."""


class Engine(StrEnum):
    """Who paints."""

    PROOF = "proof"
    """2D illustration in a second."""
    NONE = "none"
    """One plain picture of the right pixels, for load tests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is refused with 429 or 413; None is no limit."""

    images_per_minute: int | None = None
    """Images, not requests: that is what providers of this kind count."""
    in_flight: int | None = None
    """Requests being painted or waiting for a painter."""
    json_bytes: int = 1024 * 1024
    """Largest JSON body."""
    upload_bytes: int = 64 * 1024 * 1024
    """Largest multipart body of an edit, all its images together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """Everything that one server is told at its start."""

    state: Path
    """Its folder: books, pictures, keys, ports. One server at a time."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: the port this state had last time, else any free one."""
    cdn_port: int = 0
    """As `port`, for the images."""
    key: str | None = field(default=None, repr=False)
    """The bearer key; None: generated at the first start and remembered."""
    credits: int | None = None
    """All credits the account was ever given; None: unlimited play credits."""
    error_style: ErrorStyle = ErrorStyle.HTTP
    idempotency: Idempotency = Idempotency.OFF
    engine: Engine = Engine.PROOF
    workers: int | None = None
    """Painter processes; None: one per CPU."""
    faults: Path | None = None
    """JSON with fault rules that hold from the start; see `faults`."""
    policy_rewrites: bool = False
    """Rewrite a prompt that the policy would refuse, as the document says may happen."""
    limits: Limits = field(default_factory=Limits)
    url_lifetime: float = 30 * 24 * 3600.0
    """Seconds for which an image URL is signed."""
    paint_seconds: float = 600.0
    """A painter that takes longer is taken for dead."""
    idle_seconds: float = 75.0
    """A connection on which no whole request arrives for so long is closed."""
    drain_seconds: float = 60.0
    """How long a stop waits for pictures in the making."""
