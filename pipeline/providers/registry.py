"""Providers by name; the module of a client is imported when it is opened."""

from collections.abc import Mapping
from importlib import import_module
from urllib.parse import urlsplit

from pipeline.errors import KeyMissing, UsageError
from pipeline.model.names import Account, ProfileName
from pipeline.model.provider import Profile
from pipeline.providers.base import Provider
from pipeline.providers.profiles import EMBEDDED, GPTIMAGE, PROFILES
from pipeline.settings import ProviderSettings

KEY_VARIABLE = "GPTIMAGE_API_KEY"
KEY_HOSTS_VARIABLE = "GPTIMAGE_KEY_HOSTS"

# Importing a client takes a third of a second, too long for a command like `status`.
_CLIENTS: Mapping[ProfileName, tuple[str, str]] = {
    GPTIMAGE: ("pipeline.providers.gptimage", "GptImage"),
    EMBEDDED: ("pipeline.providers.gptimage", "GptImage"),
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
    if not settings.key:
        raise KeyMissing(provider=name, variable=KEY_VARIABLE)
    if not (settings.key.isascii() and settings.key.isprintable()) or " " in settings.key:
        raise UsageError(f"the key in {KEY_VARIABLE} contains characters that no key has")
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError("the provider's base URL must look like https://host, without a password")
    if not settings.key_may_go:
        host = parts.hostname if parts.scheme == "https" and not parts.port else settings.base_url
        raise UsageError(
            f"the campaign file would send the key in {KEY_VARIABLE} to {settings.base_url}, "
            f"but it was set for {settings.key_url}; nothing was sent.\n"
            f"If that host may have your key: {KEY_HOSTS_VARIABLE}={host}"
        )
    module, client = _CLIENTS[profile.name]
    provider: Provider = getattr(import_module(module), client)(
        profile, account or account_at(profile.name, settings.base_url), settings
    )
    return provider
