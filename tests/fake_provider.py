"""The provider that needs no network: it answers from a script and counts what it charged."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from pipeline.errors import ArtifactError, ImageGone, ProviderError
from pipeline.model.money import FREE, Amount
from pipeline.model.names import Account
from pipeline.model.outcome import Receipt
from pipeline.model.providers.profile import Dedupe, Profile
from pipeline.model.providers.request import RenderRequest
from pipeline.providers.base import Seal
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedAnswer:
    """What one POST meets."""

    error: ProviderError | None = None
    """Raised instead of a receipt."""
    charged: bool | None = None
    """Whether the credits are taken; as `None`, they are where there is no error."""
    in_doubt: Amount = FREE
    """What of the price the receipt leaves in doubt."""
    after: float = 0.0
    """Seconds until the answer; the charge, if any, comes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedRequest:
    """One POST that arrived."""

    key: str
    request: RenderRequest


class FakeProvider:
    """Answers in the order of its script, and with a fresh image once that is used up."""

    def __init__(
        self,
        script: Iterable[ScriptedAnswer] = (),
        *,
        profile: Profile = PROFILES[GPTIMAGE],
        account: Account | None = None,
    ) -> None:
        self._script = iter(script)
        self._profile = profile
        self._account = account or Account(f"{profile.name}@fake")
        self._replies: dict[str, Receipt] = {}
        self.asked: list[ReceivedRequest] = []
        """Every POST, in order of arrival."""
        self.charged = FREE
        """What the provider's own books say."""
        self.pictures: dict[str, bytes | ArtifactError] = {}
        """What a URL brings; tests put broken images and errors here."""
        self.downloads: list[str] = []
        """Every URL that was asked for, in order."""

    @property
    def profile(self) -> Profile:
        """Prices and abilities."""
        return self._profile

    @property
    def account(self) -> Account:
        """Whose money is spent."""
        return self._account

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def submit(
        self,
        request: RenderRequest,
        *,
        key: str,
        seal: Seal,
    ) -> Receipt:
        """Take the next answer of the script; a known key is replayed where the profile does so."""
        self.asked.append(ReceivedRequest(key=key, request=request))
        if self._profile.caps.dedupe is Dedupe.KEY and key in self._replies:
            return self._replies[key]
        answer = next(self._script, ScriptedAnswer())
        receipt = self._render(request)
        if answer.charged or (answer.charged is None and answer.error is None):
            self.charged = Amount(self.charged + receipt.amount)
            self._replies[key] = receipt
        await asyncio.sleep(answer.after)
        if answer.error is not None:
            raise answer.error
        confirmed = Amount(receipt.amount - answer.in_doubt)
        return replace(receipt, amount=confirmed, in_doubt=answer.in_doubt)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The picture behind a URL; `ImageGone` for one that it never gave out."""
        self.downloads.append(url)
        picture = self.pictures.get(url, ImageGone(f"no image at {url} (HTTP 404)"))
        if isinstance(picture, ArtifactError):
            raise picture
        yield _in_chunks(picture)

    async def balance(self) -> Amount | None:
        """What is left of ten thousand credits, where the profile's money is play money."""
        return Amount(10_000 - self.charged) if self._profile.play_money else None

    def _render(self, request: RenderRequest) -> Receipt:
        number = len(self.asked)
        url = f"https://images.invalid/{number}.png"
        self.pictures[url] = png(16, 16, shade=number % 256)
        return Receipt(
            url=url,
            amount=self._profile.quote(request).at_most,
            request_id=f"fake-{number}",
            raw=b'{"code":0}',
        )


def png(width: int, height: int, *, shade: int = 128) -> bytes:
    """A small whole PNG: a grey ramp, so that it is neither blank nor equal to its neighbours."""
    rows = b"".join(
        b"\0" + bytes((shade + 16 * column + row) % 256 for column in range(width))
        for row in range(height)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        )
    )


async def _in_chunks(picture: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    for start in range(0, len(picture), size):
        yield picture[start : start + size]
