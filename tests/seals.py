"""Seals for tests: one that must not be used, and one in memory."""

import io
import json

from pipeline.network.reply import Reply
from pipeline.providers.openai_api.kept_replies import KeptReply


class NoSeal:
    """The seal for a provider whose replies name a URL; receiving anything is an error."""

    async def begin(self, head):
        raise AssertionError(f"a reply was sealed: {head}")

    write = end = discard = begin

    def read(self):
        raise AssertionError("no reply was sealed")


NO_SEAL = NoSeal()


class MemorySeal:
    """Keeps one reply in memory, and remembers what was done with it."""

    def __init__(self, *, profile="openai", model="gpt-image-2", at_most=0, name="ab12-1"):
        self.about = {"profile": profile, "model": model, "at_most": at_most}
        self.name = name
        self.steps = []
        self.body = b""

    async def begin(self, head: Reply):
        self.steps.append("begin")
        self.body = json.dumps(self.about | KeptReply.head_of(head)).encode() + b"\n"

    async def write(self, piece):
        self.body += piece

    async def end(self):
        self.steps.append("end")

    async def discard(self):
        self.steps.append("discard")

    def read(self):
        return KeptReply.read(self.name, io.BytesIO(self.body))
