"""The whole board as one compressed answer, packed once for as long as nothing changes."""

import asyncio
import gzip
import json

from pipeline.reviewing.broadcast import Broadcast
from pipeline.reviewing.desk import Desk
from pipeline.reviewing.options import ReviewOptions
from pipeline.reviewing.quote import asks_somebody
from pipeline.reviewing.till import Till
from pipeline.reviewing.wire import index_json


class Packing:
    """Packs what a page needs to begin."""

    def __init__(
        self, *, desk: Desk, till: Till, broadcast: Broadcast, options: ReviewOptions
    ) -> None:
        self._desk = desk
        self._till = till
        self._broadcast = broadcast
        self._options = options
        self._packed: tuple[object, bytes] = (None, b"")

    async def body(self) -> bytes:
        """Gzipped JSON; the page hears everything after `event` by itself."""
        board = self._desk.board
        now = (id(board), self._broadcast.last)
        if self._packed[0] != now:
            told = {
                "event": self._broadcast.last,
                "stages": self._stages(),
                "me": self._options.reviewer,
                "complaint": self._desk.complaint,
                "spend": self._till.may_spend,
                "running": self._till.running,
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
                "chosen": asks_somebody(self._desk.board.campaign),
                "takes": settings.takes,
                "price": self._desk.prices.get(stage, 0),
                "spent": self._desk.spent.get(stage, 0),
            }
            for stage, settings in self._desk.board.campaign.stages.items()
        }


def _pack(told: dict[str, object]) -> bytes:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=4, mtime=0)
