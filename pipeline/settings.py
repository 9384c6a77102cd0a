"""Every knob, its default, and the environment variable that sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GPTIMAGE_URL = "https://api.gptimageapi.dev"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """How an image API is reached."""

    base_url: str = GPTIMAGE_URL
    """Where the API answers. GPTIMAGE_BASE_URL."""
    base_url_given: bool = False
    """Whether the environment gives `base_url`; then it replaces the one of a campaign file."""
    key: str = field(default="", repr=False)
    """The bearer key; never written anywhere. GPTIMAGE_API_KEY."""
    reply_timeout: float = 600.0
    """Seconds to wait for the answer to one POST before it counts as lost."""
    connect_timeout: float = 15.0
    """Seconds to wait for a connection; nothing is sent before it stands."""
    download_timeout: float = 60.0
    """Seconds without a byte before a download is given up."""
    image_hosts: tuple[str, ...] = ()
    """Private hosts, besides the API's own, from which images may be fetched."""
    balance_path: str | None = None
    """Where the API tells the credits left; as `None`, where the profile says, if it does."""
    trust_env: bool | None = None
    """Whether HTTPS_PROXY and NO_PROXY are used; `None`: as the campaign file says, else no.

    PIPELINE_TRUST_ENV=1, or =0.
    """
    ca_file: str | None = None
    """A PEM file with authorities to trust besides the system's. PIPELINE_CA_FILE."""
    image_limit: int = 64 * 1024 * 1024
    """Largest image that is accepted, in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderingSettings:
    """How patiently one job is rendered, and how fast all of them are."""

    concurrency: int = 8
    """Most requests in flight at one time; a campaign's `run.concurrency` wins. --concurrency."""
    images_per_minute: float | None = None
    """Most images asked for per minute."""
    send_tries: int = 4
    """POSTs of one purchase that provably were not sent, before the job fails."""
    download_tries: int = 5
    """Downloads of one image in a run, before it waits for the next run."""
    doubts_in_a_row: int = 3
    """Unanswered requests in a row that open the circuit."""
    throttle_patience: float = 900.0
    """Seconds of being asked for patience, without one answer, before the run stops."""
    replays: int = 4
    """Times that a purchase in doubt is posted again in a run, where keys are honoured."""
    replay_patience: float = 900.0
    """Seconds to wait for a purchase whose key is still being answered."""
    drain: float = 120.0
    """Seconds that images in flight are waited for after the first signal. --drain."""
    default_run_budget: int = 1000
    """Credits that one run may spend where neither file nor --max-credits says so."""
    ask_above: int = 200
    """Credits above which a run asks on a terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The whole configuration, grouped by the room that reads it."""

    output: Path = Path("output")
    """Where everything is written. PIPELINE_OUTPUT, --output."""
    gptimage: ProviderSettings = field(default_factory=ProviderSettings)
    rendering: RenderingSettings = field(default_factory=RenderingSettings)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings as the environment has them; command-line flags are laid over them later."""
    return Settings(
        output=Path(environment.get("PIPELINE_OUTPUT") or "output"),
        gptimage=ProviderSettings(
            base_url=(environment.get("GPTIMAGE_BASE_URL") or GPTIMAGE_URL).rstrip("/"),
            key=environment.get("GPTIMAGE_API_KEY", "").strip(),
            base_url_given=bool(environment.get("GPTIMAGE_BASE_URL")),
            trust_env={"": None, "0": False}.get(environment.get("PIPELINE_TRUST_ENV", ""), True),
            ca_file=environment.get("PIPELINE_CA_FILE") or None,
        ),
    )
