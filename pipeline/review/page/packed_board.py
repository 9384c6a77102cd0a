"""The whole board as one compressed answer, packed once for as long as nothing changes."""

import asyncio
import gzip
import json

from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.launches import Launches
from pipeline.review.page.options import ReviewOptions
from pipeline.review.page.page_json import index_json
from pipeline.review.page.quote import asks_somebody
from pipeline.review.page.review_state import ReviewState


class PackedBoard:
    """Packs what a page needs to begin."""

    def __init__(
        self,
        *,
        review_state: ReviewState,
        launches: Launches,
        broadcast: Broadcast,
        options: ReviewOptions,
    ) -> None:
        self._review_state = review_state
        self._launches = launches
        self._broadcast = broadcast
        self._options = options
        self._packed: tuple[object, bytes] = (None, b"")

    async def body(self) -> bytes:
        """Gzipped JSON; the page hears everything after `event` by itself."""
        board = self._review_state.board
        now = (id(board), self._broadcast.last)
        if self._packed[0] != now:
            told = {
                "event": self._broadcast.last,
                "stages": self._stages(),
                "me": self._options.reviewer,
                "complaint": self._review_state.complaint,
                "spend": self._launches.may_spend,
                "running": self._launches.running,
                "play": self._options.play_money,
            }
            self._packed = (
                now,
                await asyncio.to_thread(lambda: _pack({**index_json(board), **told})),
            )
        return self._packed[1]

    def _stages(self) -> dict[str, object]:
        """What an image of each stage costs, how many a cell has, and what was spent on them."""
        return {
            stage: {
                "quality": settings.quality,
                "chosen": asks_somebody(self._review_state.board.campaign),
                "takes": settings.takes,
                "price": self._review_state.prices.get(stage, 0),
                "spent": self._review_state.spent.get(stage, 0),
            }
            for stage, settings in self._review_state.board.campaign.stages.items()
        }


def _pack(told: dict[str, object]) -> bytes:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=4, mtime=0)
