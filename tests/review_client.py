"""A client of the review server that sends what our own page sends."""

import json
from contextlib import asynccontextmanager

import aiohttp
from review_case import SLUG

API = f"/api/runs/{SLUG}"


@asynccontextmanager
async def browsing(case, *, launch=None, **options):
    async with case.server(launch=launch, **options) as server:
        base = f"http://127.0.0.1:{server.port}"
        jar = aiohttp.CookieJar(unsafe=True)  # an IP address may have cookies too
        async with aiohttp.ClientSession(base, cookie_jar=jar) as session:
            yield Browser(session, base), server


class Browser:
    """Sends what our own page sends."""

    def __init__(self, session, base):
        self.session, self.base = session, base

    async def get(self, path, **extra):
        async with self.session.get(path, **extra) as reply:
            body = await reply.read()
            is_json = reply.content_type == "application/json"
            return reply.status, json.loads(body) if is_json else body

    async def post(self, path, body, **headers):
        sent = {"X-Review": "1", "Origin": self.base, "Sec-Fetch-Site": "same-origin", **headers}
        sent = {name: value for name, value in sent.items() if value is not None}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
        async with self.session.post(path, data=data, headers=sent) as reply:
            text = await reply.text()
            is_json = reply.content_type == "application/json"
            return reply.status, json.loads(text) if is_json else text

    async def index(self):
        return (await self.get(f"{API}/cells"))[1]

    async def decide(self, cell, decision, *, base=0, take=1, stage="draft", **more):
        index = await self.index()
        number = index["cells"]["name"].index(cell)
        row = index[stage][number]
        seen = row[3][take - 1][0] if row else ""
        op = {"cell": cell, "stage": stage, "decision": decision, "base": base, "take": take}
        return await self.post(f"{API}/decisions", {"ops": [{**op, "seen": seen, **more}]})
