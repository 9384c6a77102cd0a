"""A stand-in of the API in a process of its own: fixed latency, one image for every URL.

`python fake_api.py LATENCY IMAGE` prints its port; it ends when its standard input does.
"""

import asyncio
import base64
import json
import sys
from pathlib import Path

from aiohttp import web


async def serve(latency, image):
    count = 0

    async def generate(request):
        nonlocal count
        await request.read()
        await asyncio.sleep(latency)
        count += 1
        url = f"http://127.0.0.1:{port}/renders/{count}.png"
        body = {"code": 0, "message": "ok", "data": {"images": [{"url": url}]}}
        return web.json_response(body)

    whole = b'{"created": 1, "data": [{"b64_json": "' + base64.b64encode(image) + b'"}], "usage": '
    whole += b'{"input_tokens": 9, "output_tokens": 196}}'

    async def inline(request):
        await request.read()
        await asyncio.sleep(latency)
        return web.Response(body=whole, content_type="application/json")

    async def picture(_request):
        return web.Response(body=image, content_type="image/png")

    application = web.Application()
    application.add_routes(
        [
            web.post("/v1/images/generate", generate),
            web.post("/v1/images/generations", inline),
            web.get("/renders/{name}", picture),
        ]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    port = runner.addresses[0][1]
    print(json.dumps({"port": port}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
