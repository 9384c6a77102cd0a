"""A process with painters at work, to be killed by a test; its argument is a prompt."""

import asyncio
import sys

import small_painters

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.painting.painter_pool import PainterPool


async def main() -> None:
    async with PainterPool(small_painters.tell_pid_and_stay, workers=1, seconds=60) as painters:
        await painters.paint(PaintOrder(prompt=sys.argv[1], ratio=(1, 1), quality=PaintQuality.LOW))


if __name__ == "__main__":
    asyncio.run(main())
