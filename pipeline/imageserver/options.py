"""Settings of one image server, set by `serve`'s flags or by the embedded server."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class WireFormat(StrEnum):
    """The HTTP APIs that a server can speak, one at a time."""

    GPTIMAGE = "gptimage"
    """The documented API, paid in credits."""
    OPENAI = "openai"
    """OpenAI's Images, Files and Batch APIs, paid by tokens."""
    AZURE = "azure"
    """Azure OpenAI: deployments in the path, its own errors."""
    LITELLM = "litellm"
    """LiteLLM's proxy, which repeats failed requests by itself."""
    VLLM_OMNI = "vllm-omni"
    SGLANG = "sglang"
    LOCALAI = "localai"
    SD_CPP = "sd-cpp"
    """stable-diffusion.cpp's server."""
    XINFERENCE = "xinference"

    @property
    def unit(self) -> str:
        """The unit of the account: `credits`, or `nano-USD` (10⁻⁹ dollars)."""
        return "credits" if self is WireFormat.GPTIMAGE else "nano-USD"

    @property
    def hosted(self) -> bool:
        """True for OpenAI and its gateways: they moderate, and are paid by tokens."""
        return self in {WireFormat.OPENAI, WireFormat.AZURE, WireFormat.LITELLM}


class ErrorStyle(StrEnum):
    """The form of failures. The document shows none; services of this kind use one of two."""

    HTTP = "http"
    """A real HTTP status, repeated as `code`."""
    APP = "app"
    """HTTP 200 with code -1."""


class Idempotency(StrEnum):
    """The effect of an Idempotency-Key that was used before."""

    OFF = "off"
    """No effect: a repeated request is charged again. The document mentions no effect."""
    REPLAY = "replay"
    """The same reply, not charged again."""
    REJECT = "reject"
    """Status 409, whatever became of the first request."""


class Engine(StrEnum):
    """The painters that a server can use."""

    PROOF = "proof"
    """2D illustrations, in about a second each."""
    NONE = "none"
    """A plain picture of the right size, for load tests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits above which a request is refused with 429 or 413; None for no limit."""

    images_per_minute: int | None = None
    """Images, not requests, as providers of this kind count them."""
    in_flight: int | None = None
    """Requests being painted or waiting for a painter."""
    json_bytes: int = 1024 * 1024
    """Largest JSON body."""
    file_bytes: int = 200 * 1024 * 1024
    """Largest uploaded file, e.g. the input of a batch."""
    batch_lines: int = 50_000
    """Most requests of a batch."""
    upload_bytes: int = 64 * 1024 * 1024
    """Largest multipart body of an edit, with all its images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """Settings of one server."""

    state: Path
    """Folder of the account, pictures, keys and ports. One server uses it at a time."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: the port of the last start, else any free one."""
    cdn_port: int = 0
    """Port of the image host; 0 as for `port`."""
    key: str | None = field(default=None, repr=False)
    """The bearer key; None: generated at the first start and saved."""
    wire: WireFormat = WireFormat.GPTIMAGE
    """The API that clients speak. A state folder serves APIs of one unit of money only."""
    credits: int | None = None
    """All money the account was ever given, in the wire's unit; None for unlimited play money."""
    error_style: ErrorStyle = ErrorStyle.HTTP
    idempotency: Idempotency = Idempotency.OFF
    engine: Engine = Engine.PROOF
    workers: int | None = None
    """Number of painter processes; None for one per CPU."""
    faults: Path | None = None
    """JSON file with the fault rules at the start; see `fault_injection`."""
    policy_rewrites: bool = False
    """Rewrite prompts that the content policy would refuse, which the document allows."""
    batch_window: float = 24 * 3600.0
    """Seconds after which a batch expires."""
    batch_delay: float = 0.0
    """Seconds that a batch stays in each status at least."""
    limits: Limits = field(default_factory=Limits)
    url_lifetime: float = 30 * 24 * 3600.0
    """Seconds for which an image URL is valid."""
    paint_seconds: float = 600.0
    """Seconds after which a painter's process is killed."""
    idle_seconds: float = 75.0
    """Seconds without a whole request after which a connection is closed."""
    drain_seconds: float = 60.0
    """Seconds for which a stop waits for pictures that are being painted."""
