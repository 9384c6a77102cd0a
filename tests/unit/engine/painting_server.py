"""A process with painters at work, to be killed by a test; its argument is a prompt."""

import asyncio
import sys

import small_painters

from pipeline.engine.order import Order, Quality
from pipeline.engine.painters import Painters


async def main() -> None:
    async with Painters(small_painters.tell_pid_and_stay, workers=1, seconds=60) as painters:
        await painters.paint(Order(prompt=sys.argv[1], ratio=(1, 1), quality=Quality.LOW))


if __name__ == "__main__":
    asyncio.run(main())
