"""After a death: what the ledger, the manifest, the disk and the server's books say of each other.

`look` runs in a child (it opens the ledger) and writes down plain facts; `complaints` holds them
against what the server charged. Nothing here knows how the run works.
"""

import asyncio
import hashlib
import json
from collections import Counter

from pipeline.ledger.registry import open_ledger
from pipeline.model.campaign import Slug

CAMPAIGN = Slug("soda")
PROMISED = ("stored", "in_doubt", "paid_lost", "pending_download", "failed", "refused", "planned")
STRAYS = ("*.part", ".probe*", ".latest*", "*.new", "*.new-*")
"""What is only there for a moment in every life."""


async def _bounds(output):
    ledger = await open_ledger(output, read_only=True)
    try:
        spent = await ledger.spent()
    finally:
        await ledger.close()
    return {"confirmed": spent.confirmed, "upper": spent.upper}


async def _purchases(output):
    ledger = await open_ledger(output, read_only=True)
    try:
        entries = await ledger.campaign_entries(CAMPAIGN)
        attempts = await ledger.attempts([entry.key for entry in entries])
    finally:
        await ledger.close()
    return {job: sorted({one.purchase for one in tried}) for job, tried in attempts.items()}


def bounds(output):
    """What the ledger says was spent, whoever is writing it."""
    return asyncio.run(_bounds(output))


def look(output):
    """Everything that the output folder says now; call it where nothing is being written."""
    facts = bounds(output) | {"purchases": asyncio.run(_purchases(output))}
    place = output / CAMPAIGN / "latest" / "manifest.json"
    facts["manifest"] = json.loads(place.read_text()) if place.exists() else None
    facts["parts"] = sorted(
        str(stray.relative_to(output)) for kind in STRAYS for stray in output.rglob(kind)
    )
    return facts


def money_complaints(facts, charges, *, when):
    """The interval that holds at every instant."""
    charged = sum(price for _, price in charges)
    if facts["confirmed"] <= charged <= facts["upper"]:
        return []
    return [f"{when}: charged {charged}, the ledger says {facts['confirmed']} to {facts['upper']}"]


def final_complaints(output, facts, charges, *, rendered):
    """What has to hold once the rerun has come to its end; `rendered` had their URLs kept."""
    manifest = facts["manifest"]
    if manifest is None:
        return ["there is no manifest"]
    images = {image["job"]: image for image in manifest["images"]}
    return [
        *money_complaints(facts, charges, when="at the end"),
        *_manifest_money(manifest, charges),
        *_unreported(facts, images, charges),
        *_files(output, images),
        *(f"{job} lost its URL" for job in rendered if not images.get(job, {}).get("file")),
        *(f"{part} was left behind" for part in facts["parts"]),
    ]


def _manifest_money(manifest, charges):
    charged = sum(price for _, price in charges)
    told = manifest["totals"]["credits"]
    if not told["confirmed"] <= charged <= told["upper"]:
        yield f"charged {charged}, the manifest says {told['confirmed']} to {told['upper']}"


def _unreported(facts, images, charges):
    """Every charge belongs to a job of the ledger, and no job has two that nobody asked for."""
    buyer = {key: job for job, keys in facts["purchases"].items() for key in keys}
    yield from (f"a charge under {key} that nobody knows" for key, _ in charges if key not in buyer)
    bought = Counter(buyer[key] for key, _ in charges if key in buyer)
    for job, times in bought.items():
        if times > 1:
            yield f"{job} was charged {times} times"
        status = images[job]["status"] if job in images else "absent"
        if status not in {"stored", "in_doubt"}:
            yield f"{job} was charged and is {status}"


def _files(output, images):
    for job, image in images.items():
        if image["status"] not in PROMISED:
            yield f"{job} is {image['status']}"
        if image["status"] == "stored":
            file = output / image["file"]
            if not file.exists():
                yield f"{image['file']} is not there"
            elif hashlib.sha256(file.read_bytes()).hexdigest() != image["sha256"]:
                yield f"{image['file']} is not what was stored"
    listed = {image["file"] for image in images.values()}
    for stage in ("drafts", "finals"):
        for file in (output / CAMPAIGN / stage).rglob("*.png"):
            if str(file.relative_to(output)) not in listed:
                yield f"{file.name} is nobody's image"
