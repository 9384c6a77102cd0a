"""The prompts whose pictures were described before they were painted, and what must be seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality

FOLDER = Path(__file__).parent / "prompts_to_paint"
ROLES = {
    "headline": "headline",
    "subline": "sub",
    "button": "cta",
    "price": "price",
    "label": "label",
    "menu": "menu",
    "caption": "caption",
}
SAME_PARTS = {"pot": "jar"}
"""Parts that another language calls by one word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One prompt, and what must be seen in its picture."""

    name: str
    prompt: str
    ratio: tuple[int, int]
    language: str
    see: Mapping[str, Any]

    def order(self, quality: PaintQuality = PaintQuality.LOW, index: int = 0) -> PaintOrder:
        """Return the order of a take of the picture."""
        return PaintOrder(
            prompt=self.prompt,
            ratio=self.ratio,
            quality=quality,
            index=index,
            transparent="transparent background" in self.prompt,
        )

    @property
    def words(self) -> dict[str, str]:
        """The quoted words, each with the role in which it must be painted."""
        return {
            text: ROLES[role]
            for role, texts in self.see["words"].items()
            for text in _listed(texts)
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def expected_pictures() -> Iterator[Expected]:
    """Yield all prompts."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, row in yaml.safe_load(path.read_text("utf-8")).items():
            across, down = (int(side) for side in row["size"].split(":"))
            yield Expected(
                name=name,
                prompt=row["prompt"],
                ratio=(across, down),
                language=row["lang"],
                see=row["see"],
            )


def misheard(expected: Expected, told: Mapping[str, Any]) -> list[str]:
    """Return what a picture's statement has otherwise than what must be seen."""
    see, wrong = expected.see, []
    contents, subject = str(told.get("contents", "")), str(told["subject"])
    names = {subject, contents, f"{contents} {subject}", f"{subject} of {contents}"}
    names.add(f"{contents.rsplit(' ', 1)[-1]} {subject}")
    if not names & set(_listed(see["subject"])):
        wrong.append(f"subject {subject!r}")
    if "count" in see and see["count"] != told["count"]:
        wrong.append(f"count {told['count']}")
    if see.get("camera", "eye level") != told["camera"]:
        wrong.append(f"camera {told['camera']}")
    wrong += [
        f"{part} is not {color}"
        for part, color in see.get("colors", {}).items()
        if not _has_color(told, part, color)
    ]
    shown = [*told["props"], contents, *told["colors"]]
    wrong += [
        f"no {prop}" for prop in see.get("props", ()) if not any(prop in one for one in shown)
    ]
    return wrong


def _has_color(told: Mapping[str, Any], part: str, color: Any) -> bool:
    colors = told["colors"]
    places = [part, SAME_PARTS.get(part, part)]
    if not any(place in colors for place in places):
        places = [str(told["subject"])]
    heard = next((colors[place] for place in places if place in colors), [])
    return bool(heard == color if isinstance(color, list) else heard[:1] == [color])
