"""The reference of the fault rules: the effect of each fault, with an example.

`serve --help` and the page at `/docs` show it; the tests apply every example.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.imageserver.fault_injection.rules import Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultGuide:
    """One fault, its effect and an example."""

    fault: Fault
    effect: str
    example: Mapping[str, Any]

    @property
    def rule(self) -> str:
        """The example as it stands in a rules file."""
        return json.dumps(self.example)


FAULT_GUIDE = tuple(
    FaultGuide(fault=Fault(str(example["fault"])), effect=effect, example=example)
    for effect, example in (
        (
            "answers `status` with `message`, `retry_after` and `headers`; in XML on the cdn",
            {"fault": "status", "status": 503, "retry_after": 2, "times": 3},
        ),
        (
            "answers a gateway's HTML page with `status`; default 502, on the cdn 200",
            {"fault": "html", "status": 504, "when": "after"},
        ),
        (
            "answers HTTP 200 with code -1 and `message`",
            {"fault": "failure", "message": "the model is overloaded"},
        ),
        (
            "answers correctly, but `seconds` later",
            {"fault": "delay", "seconds": 0.2, "every": 2},
        ),
        (
            "never answers; the connection stays open",
            {"fault": "hang", "when": "after", "times": 1},
        ),
        (
            "closes the connection instead of answering",
            {"fault": "drop", "when": "after", "skip": 1},
        ),
        (
            "closes the connection in the middle of the answer",
            {"fault": "drop-body", "on": "cdn"},
        ),
        (
            "sends the answer byte by byte, with a pause of `seconds`",
            {"fault": "drip", "seconds": 0.001},
        ),
        ("answers with 200 and an empty body", {"fault": "empty-body"}),
        ("answers with the envelope, but without images", {"fault": "empty-images"}),
        ("answers with the envelope and `[]` as data", {"fault": "empty-data"}),
        ("leaves out one image that was charged", {"fault": "fewer-images", "match": {"n": 3}}),
        ("answers with half of the JSON", {"fault": "bad-json"}),
        (
            "paints a picture of another ratio",
            {"fault": "wrong-size", "match": {"quality": "high"}},
        ),
        (
            "paints an opaque picture instead of a transparent one",
            {"fault": "no-alpha", "match": {"background": "transparent"}},
        ),
        (
            "sends a small answer that unpacks to `megabytes`",
            {"fault": "gzip-bomb", "megabytes": 8},
        ),
        (
            "on the cdn: sends half of the image with a matching length",
            {"fault": "truncated", "on": "cdn", "chance": 0.5},
        ),
        (
            "answers `error` in OpenAI's words; `status`, `message`, `retry_after` replace its own",
            {"fault": "openai-error", "error": "moderation-output", "when": "after"},
        ),
        ("leaves out the tokens that were counted", {"fault": "no-usage"}),
        ("answers with the last image twice, which was charged once", {"fault": "extra-image"}),
        ("cuts the base64 of the last image in the middle", {"fault": "cut-base64"}),
        ("writes every slash of the JSON as `\\/`, which is valid", {"fault": "escaped-base64"}),
        (
            "sends status line and headers byte by byte, with a pause of `seconds`",
            {"fault": "slow-headers", "seconds": 0.001},
        ),
        (
            "ends a batch as `end` says, after this `share` of its lines",
            {"fault": "batch-end", "on": "batch-ends", "end": "expired", "share": 0.5},
        ),
    )
)
"""Every fault once, in the order in which help and docs show them."""

RULE_FIELDS = (
    (
        "on",
        (
            "`generate`, `edits`, `generations`, `jobs`, `api` for all four endpoints, `files`, "
            "`batches`, `batch-lines`, `batch-ends`, or `cdn`"
        ),
    ),
    ("when", "`before` or `after` the charge; faults in the answer are always after it"),
    ("skip", "number of matching requests that are answered normally first"),
    ("every", "every n-th of the matching requests after those gets the fault"),
    ("times", "most requests that get the fault"),
    ("chance", "probability of the fault, from a random source with the rules' `seed`"),
    (
        "match",
        "required values of `model quality size background n caller idempotency_key`",
    ),
)
"""The fields of a rule that select the requests it hits; the first rule that hits is applied."""
