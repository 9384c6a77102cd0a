"""Which providers there are, by name; a client's module is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from urllib.parse import urlsplit

from pipeline.errors import KeyMissing, UsageError
from pipeline.model.provider import Account, Profile, ProfileName
from pipeline.providers.base import Provider
from pipeline.providers.profiles import EMBEDDED, GPTIMAGE, PROFILES
from pipeline.settings import ProviderSettings

KEY_VARIABLE = "GPTIMAGE_API_KEY"

# Importing a client costs a third of a second, which a command like `status` must not pay.
_CLIENTS: Mapping[ProfileName, tuple[str, str]] = {
    GPTIMAGE: ("pipeline.providers.gptimage", "GptImage"),
    EMBEDDED: ("pipeline.providers.gptimage", "GptImage"),
}


def profiles() -> Mapping[ProfileName, Profile]:
    """Every profile that can be opened, by name."""
    return PROFILES


def profile_named(name: str) -> Profile:
    """The profile of a name; `UsageError` names those that there are."""
    profile = PROFILES.get(ProfileName(name))
    if profile is None:
        raise UsageError(f"no provider is named {name}; there are {', '.join(sorted(PROFILES))}")
    return profile


def account_at(name: ProfileName, base_url: str) -> Account:
    """The account that a profile has at a base URL: `gptimage@https://api.gptimageapi.dev`."""
    parts = urlsplit(base_url)
    place = parts.netloc.rpartition("@")[2].lower()
    return Account(f"{name}@{parts.scheme}://{place}{parts.path.rstrip('/')}")


def open_provider(
    name: str, *, settings: ProviderSettings, account: Account | None = None
) -> Provider:
    """A provider to be entered with `async with`.

    `account` is given where the base URL does not name it, as for a server on a passing port.
    Raises `KeyMissing` without a key, `UsageError` for a name, URL or key that cannot work.
    """
    profile = profile_named(name)
    if not settings.key:
        raise KeyMissing(provider=name, variable=KEY_VARIABLE)
    if not (settings.key.isascii() and settings.key.isprintable()) or " " in settings.key:
        raise UsageError(f"the key in {KEY_VARIABLE} holds characters that no key has")
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError("the provider's base URL must look like https://host, without a password")
    module, client = _CLIENTS[profile.name]
    provider: Provider = getattr(import_module(module), client)(
        profile, account or account_at(profile.name, settings.base_url), settings
    )
    return provider
