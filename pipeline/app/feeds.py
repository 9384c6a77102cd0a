"""Reading feeds that are named by URL: fetched if they changed, or from their snapshots."""

import asyncio
import os
import tempfile
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.app.event_loop import run_in_loop
from pipeline.app.options import FeedReading
from pipeline.app.run.facts import utc_stamp
from pipeline.campaign.environment import fill_environment
from pipeline.campaign.feeds.remote import RemoteFeed, download_url, ending_of, further_name
from pipeline.errors import FeedNotFetched, UsageError
from pipeline.model.names import Slug
from pipeline.network.feed_downloads import FeedReply, FeedRequest, feed_downloads, fetch_feeds
from pipeline.network.proxies import route_of
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.saved_plans import planned_feeds
from pipeline.state.upkeep.feed_snapshots import FeedSnapshot, FeedSnapshots, url_digest

Found = Path | FeedNotFetched
"""The file of a feed, or why there is none."""
Replies = Mapping[str, FeedReply | FeedNotFetched | None]
"""The reply of each URL; `None` if its newest snapshot is up to date."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedReader:
    """`FeedFiles` over the network and the snapshots of an output folder."""

    reading: FeedReading
    settings: Settings
    plan: str | None = None
    """Id of a saved plan, whose snapshots are read; `None` if there is none."""
    temporary: ExitStack | None = None
    """Owns the files if there is no output folder; `None`: the folder is made."""

    def files_of(
        self, feeds: Sequence[RemoteFeed], *, campaign: Slug, hosts: Sequence[str]
    ) -> Mapping[RemoteFeed, Found]:
        """See `FeedFiles`."""
        snapshots = FeedSnapshots(output=self._output(), campaign=campaign)
        found = dict(self._planned(feeds, snapshots))
        urls: dict[RemoteFeed, str] = {}
        try:
            named = [_filled(host) for host in hosts]
            for feed in feeds:
                if feed not in found:
                    urls[feed] = download_url(_filled(feed.source), sheet=feed.sheet)
        except FeedNotFetched as error:
            return dict.fromkeys(feeds, error) | found
        newest = snapshots.newest()
        known = {url: newest[url_digest(url)] for url in urls.values() if url_digest(url) in newest}
        if self.reading is not FeedReading.FETCH:
            kept = ((feed, self._kept(known.get(url), snapshots)) for feed, url in urls.items())
            found |= {feed: file for feed, file in kept if file is not None}
        to_fetch = {feed: url for feed, url in urls.items() if feed not in found}
        if to_fetch:
            intact = {url: one for url, one in known.items() if _is_intact(one, snapshots)}
            replies = _run(self._fetch(to_fetch.values(), intact, hosts=named))
            found |= _keep(to_fetch, replies, intact, snapshots=snapshots)
        return found

    def _output(self) -> Path:
        if self.temporary is None:
            return open_output(self.settings.output)
        if self.settings.output.is_dir():
            return self.settings.output.resolve()
        folder = tempfile.TemporaryDirectory(prefix="campaign-pipeline-")
        return Path(self.temporary.enter_context(folder)).resolve()

    def _planned(
        self, feeds: Sequence[RemoteFeed], snapshots: FeedSnapshots
    ) -> Iterator[tuple[RemoteFeed, Found]]:
        """Yield the snapshots that the saved plan was made of."""
        if self.plan is None:
            return
        digests = planned_feeds(snapshots.output, snapshots.campaign, self.plan)
        for feed in feeds:
            sha256 = digests.get(further_name(feed), digests.get(feed.source))
            if sha256 is not None:
                yield (
                    feed,
                    snapshots.intact(sha256)
                    or FeedNotFetched(
                        f"lost the snapshot {sha256[:12]} that plan {self.plan} was made of; "
                        "run pipeline plan again"
                    ),
                )

    def _kept(self, newest: FeedSnapshot | None, snapshots: FeedSnapshots) -> Found | None:
        """Return the newest snapshot of a feed; `None` if it should be fetched."""
        if newest is not None and _is_intact(newest, snapshots):
            return snapshots.path(newest.file)
        if self.reading is FeedReading.KEPT_FIRST:
            return None
        why = "it was changed since it was fetched" if newest else "it was never fetched"
        return FeedNotFetched(f"has no snapshot to use: {why}; run it without --feeds kept once")

    async def _fetch(
        self, urls: Iterable[str], known: Mapping[str, FeedSnapshot], *, hosts: Sequence[str]
    ) -> Replies:
        requests = {
            url: FeedRequest(url=url, etag=known[url].etag, last_modified=known[url].last_modified)
            if url in known
            else FeedRequest(url=url)
            for url in urls
        }
        route = route_of(self.settings.gptimage)
        async with feed_downloads(self.settings.feeds, hosts=hosts, route=route) as downloads:
            return await fetch_feeds(downloads, requests)


def _keep(
    urls: Mapping[RemoteFeed, str],
    replies: Replies,
    known: Mapping[str, FeedSnapshot],
    *,
    snapshots: FeedSnapshots,
) -> dict[RemoteFeed, Found]:
    """Write what was fetched as snapshots, and return the files."""
    found: dict[str, Found] = {}
    checked: list[FeedSnapshot] = []
    for feed, url in urls.items():
        if url in found:
            continue
        reply = replies[url]
        try:
            if isinstance(reply, FeedNotFetched):
                raise _with_way_out(reply, known.get(url))
            newest = (
                replace(known[url], source=feed.source, checked=utc_stamp())
                if reply is None
                else _written(feed, url, reply, snapshots)
            )
        except FeedNotFetched as error:
            found[url] = error
        else:
            checked.append(newest)
            found[url] = snapshots.path(newest.file)
    if checked:
        snapshots.enter(checked)
    return {feed: found[url] for feed, url in urls.items()}


def _written(
    feed: RemoteFeed, url: str, reply: FeedReply, snapshots: FeedSnapshots
) -> FeedSnapshot:
    with reply.content:
        ending = ending_of(
            reply.start, url=url, media_type=reply.media_type, file_name=reply.file_name
        )
        file = snapshots.keep(reply.sha256, ending, reply.content)
    now = utc_stamp()
    return FeedSnapshot(
        source=feed.source,
        url=url_digest(url),
        sha256=reply.sha256,
        file=file.name,
        fetched=now,
        checked=now,
        etag=reply.etag,
        last_modified=reply.last_modified,
    )


def _is_intact(newest: FeedSnapshot, snapshots: FeedSnapshots) -> bool:
    return snapshots.intact(newest.sha256, name=newest.file) is not None


def _filled(text: str) -> str:
    try:
        return fill_environment(text, os.environ)
    except KeyError as missing:
        raise FeedNotFetched(f"needs the variable {missing.args[0]}, which is not set") from missing
    except UsageError as error:
        raise FeedNotFetched(f"is not fetched: {error}") from error


def _with_way_out(error: FeedNotFetched, kept: FeedSnapshot | None) -> FeedNotFetched:
    if kept is None:
        return error
    return FeedNotFetched(f"{error}; --feeds kept uses the snapshot of {kept.checked}")


def _run(fetching: Coroutine[None, None, Replies]) -> Replies:
    """Run the requests to their end, also for a caller inside an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run_in_loop(fetching)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run_in_loop, fetching).result()
