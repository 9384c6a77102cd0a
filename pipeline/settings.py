"""Every setting with its default and the environment variable that sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from pipeline.errors import UsageError
from pipeline.model.money import Amount, Unit

GPTIMAGE_URL = "https://api.gptimageapi.dev"
OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """Address, key and timeouts of an image API.

    The variables of each API begin with a name of its own: GPTIMAGE_API_KEY, OPENAI_API_KEY.
    """

    prefix: str = "GPTIMAGE"
    """How the names of its variables begin."""
    base_url: str = GPTIMAGE_URL
    """URL of the API. GPTIMAGE_BASE_URL."""
    base_url_given: bool = False
    """True if `base_url` comes from the environment; it then overrides the campaign file."""
    key: str = field(default="", repr=False)
    """The bearer key; never written anywhere. GPTIMAGE_API_KEY."""
    key_url: str = ""
    """The URL that the key was set for; empty if that is `base_url`.

    GPTIMAGE_BASE_URL, or the API's own.
    """
    key_hosts: tuple[str, ...] = ()
    """Further hosts or URLs that may have the key. GPTIMAGE_KEY_HOSTS."""
    reply_timeout: float | None = None
    """Seconds to wait for the answer to one POST before it counts as lost; `None`: by the model."""
    connect_timeout: float = 15.0
    """Seconds to wait for a connection; nothing has been sent before it is made."""
    download_timeout: float = 60.0
    """Seconds without a byte after which a download fails."""
    image_hosts: tuple[str, ...] = ()
    """Private hosts, besides the API's own, from which images may be fetched."""
    dialect: str = ""
    """How a compatible server differs from OpenAI's API; see `providers.dialects`."""
    edits_path: str | None = None
    """Path of the endpoint that takes images; `None` for the profile's own, if any."""
    balance_path: str | None = None
    """Path of the endpoint that returns the credits left; `None` for the profile's own, if any."""
    trust_env: bool | None = None
    """Use HTTPS_PROXY and NO_PROXY; `None` means as the campaign file says, false by default.

    PIPELINE_TRUST_ENV=1, or =0.
    """
    ca_file: str | None = None
    """A PEM file with authorities to trust besides the system's. PIPELINE_CA_FILE."""
    image_limit: int = 64 * 1024 * 1024
    """Largest image that is accepted, in bytes."""

    @property
    def key_variable(self) -> str:
        """The environment variable with the key."""
        return f"{self.prefix}_API_KEY"

    @property
    def key_hosts_variable(self) -> str:
        """The environment variable with further hosts that may have the key."""
        return f"{self.prefix}_KEY_HOSTS"

    @property
    def key_may_go(self) -> bool:
        """True if the settings of this machine allow sending the key to `base_url`."""
        origin = origin_of(self.base_url)
        return origin in {origin_of(self.key_url or self.base_url), *self._key_origins}

    @property
    def plain_is_allowed(self) -> bool:
        """True if the key may be sent to `base_url` over plain http, also to a public address."""
        return origin_of(self.base_url) in self._key_origins

    @property
    def _key_origins(self) -> frozenset[str]:
        hosts = (host if "://" in host else f"https://{host}" for host in self.key_hosts)
        return frozenset(origin_of(host) for host in hosts)


_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, e.g. `https://x.test:443`; empty if it has no host."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


DEFAULT_RUN_BUDGET: Mapping[Unit, Amount] = MappingProxyType(
    {Unit.CREDITS: Amount(1000), Unit.DOLLARS: Amount(20_000_000_000)}
)
ASK_ABOVE: Mapping[Unit, Amount] = MappingProxyType(
    {Unit.CREDITS: Amount(200), Unit.DOLLARS: Amount(5_000_000_000)}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderingSettings:
    """Limits on the rate, retries and budget of rendering."""

    concurrency: int = 8
    """Most requests in flight at once; a campaign's `run.concurrency` overrides it.

    --concurrency.
    """
    images_per_minute: float | None = None
    """Most images requested per minute."""
    send_tries: int = 4
    """POSTs of one purchase that provably were not sent, after which the job fails."""
    download_tries: int = 5
    """Downloads of one image in a run, after which it waits for the next run."""
    doubts_in_a_row: int = 3
    """Consecutive requests in doubt after which the run stops (the circuit opens)."""
    throttle_patience: float = 900.0
    """Seconds of nothing but throttled replies, after which the run stops."""
    replays: int = 4
    """Times that a run posts a purchase in doubt again, if the provider honours keys."""
    replay_patience: float = 900.0
    """Seconds to wait for a purchase whose first request is still being processed."""
    drain: float = 120.0
    """Seconds to wait for images in flight after the first signal. --drain."""
    default_run_budget: Mapping[Unit, Amount] = field(default_factory=lambda: DEFAULT_RUN_BUDGET)
    """Budget of a run, if neither the campaign file nor an option sets one: 1000 credits or $20.

    --max-credits, --max-cost.
    """
    ask_above: Mapping[Unit, Amount] = field(default_factory=lambda: ASK_ABOVE)
    """Amount above which a run asks for confirmation on a terminal: 200 credits or $5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSettings:
    """Limits on feeds that are fetched by URL."""

    size_limit: int = 128 * 1024 * 1024
    """Largest feed that is fetched, in bytes after decompression."""
    connect_timeout: float = 15.0
    """Seconds to wait for a connection."""
    patience: float = 60.0
    """Seconds to wait for the first byte, and without a byte after which a fetch fails."""
    total_timeout: float = 180.0
    """Seconds that one feed may take, with all tries."""
    tries: int = 3
    """Requests for one feed, if the host does not answer or asks to try again."""
    pause: float = 1.0
    """Seconds before the second try; twice as many before each further one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningSettings:
    """What signs the content credentials of ad files (`provenance: {c2pa: sign}`)."""

    certificate: str = ""
    """Path of a PEM file with the certificate and those above it. PIPELINE_C2PA_CERTIFICATE."""
    key: str = ""
    """Path of a PEM file with the private key. PIPELINE_C2PA_KEY."""
    algorithm: str = "es256"
    """es256, es384, es512, ps256, ps384, ps512 or ed25519. PIPELINE_C2PA_ALGORITHM."""


class ExecutorName(StrEnum):
    """Where decoding, checks and ad files are computed."""

    LOCAL = "local"
    """In a few processes beside this one."""
    INLINE = "inline"
    """In this process, on systems that allow no further one."""
    RAY = "ray"
    """On a Ray cluster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorSettings:
    """Where decoding, checks and ad files are computed."""

    name: ExecutorName = ExecutorName.LOCAL
    """PIPELINE_EXECUTOR, --executor."""
    ray_address: str = "auto"
    """HOST:PORT of the head of a Ray cluster, or `auto`: RAY_ADDRESS, or the one that runs here.

    PIPELINE_RAY_ADDRESS, --ray-address.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The whole configuration."""

    output: Path = Path("output")
    """The output folder. PIPELINE_OUTPUT, relative to the project; --output, to the current one."""
    gptimage: ProviderSettings = field(default_factory=ProviderSettings)
    """Also for the embedded server, which has the same API."""
    openai: ProviderSettings = field(
        default_factory=lambda: ProviderSettings(prefix="OPENAI", base_url=OPENAI_URL)
    )
    compatible: ProviderSettings = field(
        default_factory=lambda: ProviderSettings(prefix="COMPATIBLE", base_url="")
    )
    rendering: RenderingSettings = field(default_factory=RenderingSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    signing: SigningSettings = field(default_factory=SigningSettings)
    executor: ExecutorSettings = field(default_factory=ExecutorSettings)

    def of(self, provider: str) -> ProviderSettings:
        """Return the settings of a provider by name."""
        return {"openai": self.openai, "compatible": self.compatible}.get(provider, self.gptimage)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in the environment; command-line flags override them later."""
    return Settings(
        output=Path(environment.get("PIPELINE_OUTPUT") or "output"),
        gptimage=_provider_settings("GPTIMAGE", GPTIMAGE_URL, environment),
        openai=_provider_settings("OPENAI", OPENAI_URL, environment),
        compatible=_provider_settings("COMPATIBLE", "", environment),
        signing=SigningSettings(
            certificate=environment.get("PIPELINE_C2PA_CERTIFICATE", ""),
            key=environment.get("PIPELINE_C2PA_KEY", ""),
            algorithm=environment.get("PIPELINE_C2PA_ALGORITHM") or "es256",
        ),
        executor=ExecutorSettings(
            name=_executor(environment.get("PIPELINE_EXECUTOR") or ExecutorName.LOCAL),
            ray_address=environment.get("PIPELINE_RAY_ADDRESS") or "auto",
        ),
    )


def _executor(name: str) -> ExecutorName:
    try:
        return ExecutorName(name)
    except ValueError:
        names = ", ".join(ExecutorName)
        raise UsageError(
            f"PIPELINE_EXECUTOR={name}: there is no such executor; there are: {names}"
        ) from None


def ledger_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of a ledger that several machines share; empty for a file.

    PIPELINE_LEDGER. It contains a password, so it is no part of the settings, which may be shown.
    """
    return environment.get("PIPELINE_LEDGER", "").strip()


def _provider_settings(
    prefix: str, default: str, environment: Mapping[str, str]
) -> ProviderSettings:
    base_url = (environment.get(f"{prefix}_BASE_URL") or default).rstrip("/")
    return ProviderSettings(
        prefix=prefix,
        base_url=base_url,
        key_url=base_url,
        key_hosts=tuple(environment.get(f"{prefix}_KEY_HOSTS", "").replace(",", " ").split()),
        key=environment.get(f"{prefix}_API_KEY", "").strip(),
        base_url_given=bool(environment.get(f"{prefix}_BASE_URL")),
        trust_env={"": None, "0": False}.get(environment.get("PIPELINE_TRUST_ENV", ""), True),
        ca_file=environment.get("PIPELINE_CA_FILE") or None,
    )
