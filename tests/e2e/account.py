"""Hold a run's account against the disk and against the embedded server's own books.

`python -m tests.e2e.account OUTPUT` audits every campaign of an output folder; exit 1 with the
complaints where something does not add up.
"""

import hashlib
import json
import sys
from pathlib import Path

import apsw

SCHEMAS = ("campaign-pipeline/run-manifest/1", "campaign-pipeline/run-manifest/2")
PAID = {"stored", "pending_download", "paid_lost"}


def charged(output):
    """What the embedded servers charged, by their own books: (total, [idempotency key, ...])."""
    total, keys = 0, []
    for place in sorted(output.glob(".embedded/*/books.db")):
        books = apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            for price, key in books.execute(
                "select entry.credits, purchase.idempotency_key from entry"
                " join purchase on purchase.id = entry.purchase where entry.kind = 'capture'"
            ):
                total += price
                keys.append(key)
        finally:
            books.close()
    return total, keys


def manifest(output, campaign):
    return json.loads((output / campaign / "latest" / "manifest.json").read_text())


def complaints(output, campaign):
    """Everything about one campaign's account that does not hold."""
    account = manifest(output, campaign)
    wrong = []
    if account["schema"] not in SCHEMAS:
        wrong.append(f"schema is {account['schema']}")
    for image in account["images"]:
        if image["status"] != "stored":
            continue
        file = output / image["file"]
        if not file.exists():
            wrong.append(f"{image['file']} is not there")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != image["sha256"]:
            wrong.append(f"{image['file']} is not what was stored")
    money = account["totals"]["credits"]
    listed = sum(image["credits"] for image in account["images"] if image["status"] in PAID)
    if listed + money["gone"] != money["confirmed"]:
        wrong.append(f"{listed} listed + {money['gone']} gone is not {money['confirmed']}")
    return wrong


def audit(output):
    """Every complaint about an output folder that only the embedded server was used in."""
    campaigns = sorted(path.parent.name for path in output.glob("*/latest"))
    wrong = [f"{name}: {text}" for name in campaigns for text in complaints(output, name)]
    totals = [manifest(output, name)["totals"]["credits"] for name in campaigns]
    total, _ = charged(output)
    low, high = sum(t["confirmed"] for t in totals), sum(t["upper"] for t in totals)
    if not low <= total <= high:
        wrong.append(f"the server charged {total}, the manifests say {low} to {high}")
    return campaigns, total, wrong


def main(arguments):
    campaigns, total, wrong = audit(Path(arguments[0]))
    for text in wrong:
        print(text)
    if not wrong:
        print(f"{', '.join(campaigns)}: every file is what was stored, {total} credits agree")
    return 1 if wrong or not campaigns else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
