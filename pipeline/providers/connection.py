"""What every client needs of the network: one client with the key, one for downloads without it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Self

from pipeline.network.addresses import own_addresses
from pipeline.network.api_client import BEARER, ApiClient
from pipeline.network.image_downloads import Downloads
from pipeline.network.proxies import route_of
from pipeline.settings import ProviderSettings


class Connection:
    """An open connection to an API and to its image hosts."""

    def __init__(self, settings: ProviderSettings, *, auth: Mapping[str, str] = BEARER) -> None:
        self._settings, self._auth = settings, auth
        self._stack = AsyncExitStack()
        self.api: ApiClient
        self.downloads: Downloads

    async def __aenter__(self) -> Self:
        settings = self._settings
        own = await own_addresses(settings.base_url, patience=settings.connect_timeout)
        route = route_of(settings)
        self.api = await self._stack.enter_async_context(
            ApiClient(settings, own=own, route=route, auth=self._auth)
        )
        self.downloads = await self._stack.enter_async_context(
            Downloads(settings, own=own | await self._image_hosts(), route=route)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _image_hosts(self) -> frozenset[str]:
        """Return the addresses of the private image hosts that the campaign names."""
        found: set[str] = set()
        for host in self._settings.image_hosts:
            patience = self._settings.connect_timeout
            found |= await own_addresses(f"https://{host}", patience=patience)
        return frozenset(found)
