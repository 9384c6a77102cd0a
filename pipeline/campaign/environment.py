"""Environment variables in campaign files: `{{ env.NAME }}`.

A campaign file comes from a repository, and the environment belongs to the owner of the machine. A
file may name a variable that contains an address, but none that contains a key, unless the owner
lists it in PIPELINE_FILE_VARIABLES. Otherwise a webhook could send the key to any host.
"""

import os
import re
from collections.abc import Iterator, Mapping

from pipeline.campaign.feeds.remote import is_url
from pipeline.campaign.grammar.checking import CheckedFile
from pipeline.campaign.reading.located import Step, dotted
from pipeline.errors import UsageError

ALLOWED = "PIPELINE_FILE_VARIABLES"

_KEYS = (
    *("GPTIMAGE_API_KEY", "OPENAI_API_KEY", "COMPATIBLE_API_KEY"),
    *("PIPELINE_SERVE_KEY", "PIPELINE_LEDGER"),
)
"""Variables whose value is a secret of this program."""

_VARIABLE = re.compile(r"\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", re.ASCII)
_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY|PRIVATEKEY"
    r"|(?:^|_)(?:KEYS?|PASS|PWD|PAT|JWT|COOKIE|BEARER)(?:_|$|\d)"
)
_SHORTEST_KEY = 6


def fill_environment(text: str, environment: Mapping[str, str]) -> str:
    """Return a text with each `{{ env.NAME }}` filled in.

    Raises `KeyError` if a variable is not set, and `UsageError` if the result would contain a key,
    whichever variable holds it. Call it only at the moment of use: the result may be a secret.
    """
    for name in _VARIABLE.findall(text):
        if _is_refused(name, environment):
            raise UsageError(_complaint(name))
    filled = _VARIABLE.sub(lambda found: environment[found[1]], text)
    for name in _KEYS:
        value = environment.get(name, "").strip()
        if len(value) >= _SHORTEST_KEY and value in filled and name not in _allowed(environment):
            raise UsageError(f"it would contain the value of {name}; {_how_to_allow(name)}")
    return filled


def named_variables(checked: CheckedFile) -> list[str]:
    """Return the names of the variables that a campaign file has in it."""
    names = (name for _, text in _texts(checked) for name in _VARIABLE.findall(text))
    return list(dict.fromkeys(names))


def check_variables(checked: CheckedFile, environment: Mapping[str, str] = os.environ) -> None:
    """Report variables in a campaign file that contain a secret, in all keys that allow them."""
    for steps, text in _texts(checked):
        for name in _VARIABLE.findall(text):
            if _is_refused(name, environment):
                checked.findings.error(
                    _complaint(name),
                    at=checked.place(*steps),
                    path=dotted(steps),
                    code="secret-variable",
                )


def _texts(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], str]]:
    yield from _receivers(checked)
    for key in ("store", "public_url"):
        text = getattr(checked.file.output, key)
        if text:
            yield ("output", key), text
    for name, table in checked.file.data.items():
        if is_url(table.source):
            yield ("data", name, "source"), table.source
    for number, host in enumerate(checked.file.feed_hosts):
        yield ("feed_hosts", number), host
    for name, provider in checked.file.providers.items():
        for key in ("base_url", "ca_file"):
            text = getattr(provider, key)
            if text:
                yield ("providers", name, key), text
        for number, host in enumerate(provider.image_hosts):
            yield ("providers", name, "image_hosts", number), host


def _receivers(checked: CheckedFile) -> Iterator[tuple[tuple[Step, ...], str]]:
    for number, notice in enumerate(checked.file.notify):
        for key in ("webhook", "ping", "to"):
            texts = getattr(notice, key)
            if isinstance(texts, str):
                yield ("notify", number, key), texts
            else:
                yield from (
                    (("notify", number, key, nth), one) for nth, one in enumerate(texts or ())
                )


def _is_refused(name: str, environment: Mapping[str, str]) -> bool:
    secret = name in _KEYS or _SECRET_NAME.search(name.upper()) is not None
    return secret and name not in _allowed(environment)


def _allowed(environment: Mapping[str, str]) -> frozenset[str]:
    return frozenset(re.split(r"[\s,]+", environment.get(ALLOWED, "")))


def _complaint(name: str) -> str:
    return f"{name} holds a secret, which the file would send to the host it names; " + (
        _how_to_allow(name)
    )


def _how_to_allow(name: str) -> str:
    return f"if you trust this file with it, set {ALLOWED}={name} in the environment"
