"""The reference of the fault rules: what each fault does, with a rule that shows it.

`serve --help` and the page at `/docs` are made of it; the tests act every example out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.imageserver.fault_injection.rules import Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultGuide:
    """One fault, for who writes a rule."""

    fault: Fault
    does: str
    example: Mapping[str, Any]

    @property
    def rule(self) -> str:
        """The example as a rules file has it."""
        return json.dumps(self.example)


FAULTS = tuple(
    FaultGuide(fault=Fault(str(example["fault"])), does=does, example=example)
    for does, example in (
        (
            "`status` and `message` in the envelope (XML on the cdn); `retry_after`, `headers`",
            {"fault": "status", "status": 503, "retry_after": 2, "times": 3},
        ),
        (
            "a gateway's HTML page with `status`: 502 unless told, 200 on the cdn",
            {"fault": "html", "status": 504, "when": "after"},
        ),
        (
            "HTTP 200 with code -1 and `message`",
            {"fault": "failure", "message": "the model is overloaded"},
        ),
        (
            "the right answer, `seconds` later than usual",
            {"fault": "delay", "seconds": 0.2, "every": 2},
        ),
        (
            "no answer at all; the connection stays open",
            {"fault": "hang", "when": "after", "times": 1},
        ),
        (
            "the connection is closed instead of an answer",
            {"fault": "drop", "when": "after", "skip": 1},
        ),
        (
            "the connection is closed in the middle of the answer",
            {"fault": "drop-body", "on": "cdn"},
        ),
        (
            "the answer comes a byte at a time, `seconds` between them",
            {"fault": "drip", "seconds": 0.001},
        ),
        ("200 and nothing", {"fault": "empty-body"}),
        ("the envelope without images", {"fault": "empty-images"}),
        ("the envelope with `[]` for data", {"fault": "empty-data"}),
        ("one image less than was paid for", {"fault": "fewer-images", "match": {"n": 3}}),
        ("half of the JSON", {"fault": "bad-json"}),
        ("a picture of another ratio", {"fault": "wrong-size", "match": {"quality": "high"}}),
        (
            "an opaque picture where a transparent one was asked for",
            {"fault": "no-alpha", "match": {"background": "transparent"}},
        ),
        (
            "a small answer that unpacks to `megabytes`",
            {"fault": "gzip-bomb", "megabytes": 8},
        ),
        (
            "on the cdn: half of the image as if it were all of it",
            {"fault": "truncated", "on": "cdn", "chance": 0.5},
        ),
    )
)
"""Every fault once, in the order in which they are told."""

WHICH = (
    ("on", "`api` (every endpoint that sells), `generate`, `edits`, `generations`, `jobs`, `cdn`"),
    ("when", "`before` or `after` the charge; what spoils an answer is always after it"),
    ("skip", "so many fitting requests go by first"),
    ("every", "then each n-th of them is hit"),
    ("times", "this often at most"),
    ("chance", "with this probability, from the seeded source"),
    (
        "match",
        "only requests with these values: `quality size background n caller idempotency_key`",
    ),
)
"""What every rule may say about which requests it hits; the first rule that hits is acted out."""
