"""After a crash: hold the ledger, the manifest, the disk and the server's charges together.

`read_facts` opens the ledger, so it runs in a child, and returns plain facts; the complaints hold
them against what the server charged. Nothing here knows how the run works.
"""

import asyncio
import hashlib
import json
from collections import Counter

from pipeline.ledger.registry import open_ledger
from pipeline.model.names import Slug

CAMPAIGN = Slug("soda")
STATUSES = ("stored", "in_doubt", "paid_lost", "pending_download", "failed", "refused", "planned")
TEMPORARY = ("*.part", ".probe*", ".latest*", "*.new", "*.new-*")
"""Files that every run removes or renames."""


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
    """Return what the ledger says was spent; another process may be writing it."""
    return asyncio.run(_bounds(output))


def read_facts(output):
    """Return all that the output folder says now; nothing may be writing to it."""
    facts = bounds(output) | {"purchases": asyncio.run(_purchases(output))}
    file = output / CAMPAIGN / "latest" / "manifest.json"
    facts["manifest"] = json.loads(file.read_text()) if file.exists() else None
    facts["parts"] = sorted(
        str(part.relative_to(output)) for kind in TEMPORARY for part in output.rglob(kind)
    )
    return facts


def sealed(output):
    """Return the purchases whose replies are sealed and not removed yet."""
    return sorted(
        file.name.rpartition("-")[0]
        for file in (output / ".replies").glob("*-*")
        if not file.name.endswith(".part")
    )


def sealed_complaints(facts, purchases):
    """Check that every image whose reply was sealed before the crash is stored in the end."""
    images = {image["job"]: image for image in facts["manifest"]["images"]}
    buyer = {key: job for job, keys in facts["purchases"].items() for key in keys}
    for purchase in purchases:
        status = images.get(buyer.get(purchase), {}).get("status", "absent")
        if status != "stored":
            yield f"the reply to {purchase} was sealed, and its image is {status}"


def money_complaints(facts, charges, *, when):
    """Check the charges against the ledger's interval, which holds at every instant."""
    charged = sum(price for _, price in charges)
    if facts["confirmed"] <= charged <= facts["upper"]:
        return []
    return [f"{when}: charged {charged}, the ledger says {facts['confirmed']} to {facts['upper']}"]


def final_complaints(
    output,
    facts,
    charges,
    *,
    acknowledged,
    statuses=("stored", "in_doubt"),
    keys_known=True,
    sealed=(),
):
    """Check what has to hold after the rerun; the URLs of `acknowledged` jobs were kept.

    `sealed`: purchases whose replies were sealed before the crash.
    `statuses`: of jobs that were charged. Without `keys_known` the ledger was rebuilt: no charge
    can be given to its job, and only their number is compared.
    """
    manifest = facts["manifest"]
    if manifest is None:
        return ["there is no manifest"]
    images = {image["job"]: image for image in manifest["images"]}
    return [
        *money_complaints(facts, charges, when="at the end"),
        *_manifest_money(manifest, charges),
        *(
            _unreported(facts, images, charges, statuses=statuses)
            if keys_known
            else _too_many(images, charges, statuses=statuses)
        ),
        *sealed_complaints(facts, sealed),
        *_files(output, images),
        *(f"{job} lost its URL" for job in acknowledged if not images.get(job, {}).get("file")),
        *(f"{part} was left behind" for part in facts["parts"]),
    ]


def _manifest_money(manifest, charges):
    charged = sum(price for _, price in charges)
    unit = "nano_usd" if "nano_usd" in manifest["totals"] else "credits"
    totals = manifest["totals"][unit]
    if not totals["confirmed"] <= charged <= totals["upper"]:
        yield f"charged {charged}, the manifest says {totals['confirmed']} to {totals['upper']}"


def _too_many(images, charges, *, statuses):
    """Check that no more was charged than one image for each job that can have cost something."""
    paid = [job for job, image in images.items() if image["status"] in statuses]
    if len(charges) > len(paid):
        yield f"{len(charges)} charges for {len(paid)} jobs"


def _unreported(facts, images, charges, *, statuses):
    """Check that every charge belongs to a job of the ledger, and that no job has two."""
    buyer = {key: job for job, keys in facts["purchases"].items() for key in keys}
    yield from (
        f"a charge under {key} that the ledger does not know"
        for key, _ in charges
        if key not in buyer
    )
    bought = Counter(buyer[key] for key, _ in charges if key in buyer)
    for job, times in bought.items():
        if times > 1:
            yield f"{job} was charged {times} times"
        status = images[job]["status"] if job in images else "absent"
        if status not in statuses:
            yield f"{job} was charged and is {status}"


def _files(output, images):
    for job, image in images.items():
        if image["status"] not in STATUSES:
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
                yield f"{file.name} belongs to no job"
