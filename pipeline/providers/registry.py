"""Providers by name; the module of a client is imported when it is opened."""

import re
from collections.abc import Mapping
from importlib import import_module
from urllib.parse import urlsplit

from pipeline.errors import KeyMissing, UsageError
from pipeline.model.names import Account, ProfileName
from pipeline.model.providers.profile import Profile
from pipeline.providers.base import Provider
from pipeline.providers.names import COMPATIBLE, EMBEDDED, GPTIMAGE, OPENAI
from pipeline.providers.profiles import PROFILES
from pipeline.settings import OPENAI_URL, ProviderSettings

_VERSION = re.compile(r"/v[0-9]+(?:/|$)")

_NOT_OPENAI = (
    ("sk-ant-", "Anthropic"),
    ("sk-or-", "OpenRouter"),
    ("sk-admin-", "an OpenAI administrator, which makes no images"),
)
"""How keys begin that look like OpenAI's and are not."""
_ONLY_OPENAI = ("sk-proj-", "sk-svcacct-", "sk-admin-")

# Importing a client takes a third of a second, too long for a command like `status`.
_CLIENTS: Mapping[ProfileName, tuple[str, str]] = {
    GPTIMAGE: ("pipeline.providers.gptimage", "GptImage"),
    EMBEDDED: ("pipeline.providers.gptimage", "GptImage"),
    OPENAI: ("pipeline.providers.openai_api.client", "OpenAI"),
    COMPATIBLE: ("pipeline.providers.openai_api.client", "OpenAI"),
}


def profiles() -> Mapping[ProfileName, Profile]:
    """Return every profile by name."""
    return PROFILES


def profile_named(name: str) -> Profile:
    """Return a profile by name; raise `UsageError` if there is none."""
    profile = PROFILES.get(ProfileName(name))
    if profile is None:
        raise UsageError(f"there is no provider {name}; there are {', '.join(sorted(PROFILES))}")
    return profile


def account_at(name: ProfileName, base_url: str) -> Account:
    """Return the account of a profile at a base URL: `gptimage@https://api.gptimageapi.dev`."""
    parts = urlsplit(base_url)
    place = parts.netloc.rpartition("@")[2].lower()
    return Account(f"{name}@{parts.scheme}://{place}{parts.path.rstrip('/')}")


def open_provider(
    name: str, *, settings: ProviderSettings, account: Account | None = None
) -> Provider:
    """Return a provider, to be entered with `async with`.

    Pass `account` if the base URL does not identify it, as for a server on a temporary port. Raises
    `KeyMissing` if there is no key, `UsageError` if name, URL or key is not valid, or if the key
    was set for another host.
    """
    profile = profile_named(name)
    check_url(profile, settings)
    _check_key(profile, settings)
    module, client = _CLIENTS[profile.name]
    provider: Provider = getattr(import_module(module), client)(
        profile, account or account_at(profile.name, settings.base_url), settings
    )
    return provider


def check_url(profile: Profile, settings: ProviderSettings) -> None:
    """Raise `UsageError` for a base URL that cannot work."""
    parts = urlsplit(settings.base_url)
    if not settings.base_url and profile.name == COMPATIBLE:
        raise UsageError(
            "provider compatible needs the URL of your server, e.g. "
            f"{settings.prefix}_BASE_URL=http://127.0.0.1:8000/v1 or providers.compatible.base_url"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        url = settings.base_url
        shown = f" {url}" if url and "@" not in url else ""
        version = "/v1" if profile.name != GPTIMAGE else ""
        raise UsageError(
            f"the base URL{shown} of provider {profile.name} must look like https://host{version}, "
            f"without a password; nothing was sent.\nSet {settings.prefix}_BASE_URL"
        )
    if profile.name == OPENAI and not _VERSION.search(parts.path):
        raise UsageError(
            f"the base URL {settings.base_url} has no version; nothing was sent.\n"
            f"Set {settings.prefix}_BASE_URL={settings.base_url}/v1"
        )


def _check_key(profile: Profile, settings: ProviderSettings) -> None:
    """Refuse a key that is missing, not valid, of another service, or set for another host."""
    variable, host = settings.key_variable, urlsplit(settings.base_url).hostname
    if not settings.key and profile.name == COMPATIBLE:
        return
    if not settings.key:
        raise KeyMissing(provider=profile.name, variable=variable)
    if not (settings.key.isascii() and settings.key.isprintable()) or " " in settings.key:
        raise UsageError(f"the key in {variable} contains characters that no key has")
    if profile.name == OPENAI and host == urlsplit(OPENAI_URL).hostname:
        other = next((whose for start, whose in _NOT_OPENAI if settings.key.startswith(start)), "")
        other = other or ("" if settings.key.startswith("sk-") else "another service")
        if other:
            raise UsageError(
                f"the key in {variable} is one of {other}: OpenAI's begin with sk-proj- or sk-; "
                "nothing was sent"
            )
    if profile.name == GPTIMAGE and settings.key.startswith(_ONLY_OPENAI):
        raise UsageError(
            f"the key in {variable} is one of OpenAI; nothing was sent.\n"
            "Set OPENAI_API_KEY instead, and run with --provider openai"
        )
    if not settings.key_may_go:
        parts = urlsplit(settings.base_url)
        place = parts.hostname if parts.scheme == "https" and not parts.port else settings.base_url
        raise UsageError(
            f"the campaign file would send the key in {variable} to {settings.base_url}, "
            f"but it was set for {settings.key_url}; nothing was sent.\n"
            f"If that host may have your key: {settings.key_hosts_variable}={place}"
        )
