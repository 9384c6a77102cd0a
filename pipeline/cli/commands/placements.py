"""`pipeline placements [WORD]`: list where ads run, and what a file for each place must be."""

import argparse
import json
import sys

from pipeline.app.commands.placements import last_checked, list_placements
from pipeline.cli.terminal import counted, folded, paint, say, table
from pipeline.model.adfiles.placement import Grade, Placement

GRADES = {
    Grade.PRIMARY: "read on the platform's own page",
    Grade.SECOND: "independent sheets agree; the platform's page could not be read",
    Grade.CUSTOM: "a convention; no platform says it",
    Grade.UNREAD: "no page could be read: compare it with the platform before you upload",
}
THOUSAND = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "word",
        nargs="?",
        metavar="WORD",
        help="only placements of this name, platform, ratio or pixels: story, tiktok, 4:5, 728x90",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each placement; a single one with its source and notes."""
    found = list_placements(arguments.word)
    if arguments.json:
        print(json.dumps([_row(one) for one in found], indent=1, ensure_ascii=False))
        return 0
    rows: list[tuple[str, ...]] = [
        ("Placement", "Pixels", "At most", "Formats", "Keep free", "Known")
    ]
    rows += [_line(one) for one in found]
    lines = table(rows, right=frozenset({1, 2}))
    print(paint(lines[0], "bold"))
    print("\n".join(lines[1:]))
    if len(found) == 1:
        for text in _details(found[0]):
            print("\n".join(folded(text, stream=sys.stdout, most=80)))
        return 0
    say(
        f"{counted(len(found), 'placement')}, looked up on {last_checked()}. "
        "Keep free: % of top/right/bottom/left."
    )
    say("`pipeline placements NAME` shows the source and notes of one.")
    return 0


def _line(one: Placement) -> tuple[str, ...]:
    shares = "/".join(f"{share * 100:.0f}" for share in one.safe)
    return (
        one.id,
        f"{one.pixels[0]}x{one.pixels[1]}",
        _weight(one.max_kb),
        " ".join(one.formats),
        shares if any(one.safe) else "–",
        one.grade.value,
    )


def _weight(kilobytes: int | None) -> str:
    if kilobytes is None:
        return "–"
    if kilobytes < THOUSAND:
        return f"{kilobytes} kB"
    return f"{kilobytes / THOUSAND:.4g} MB"


def _details(one: Placement) -> list[str]:
    lines = [f"{one.title}. Grade {one.grade}: {GRADES[one.grade]}."]
    if one.minimum is not None:
        lines.append(f"Smallest pixels accepted: {one.minimum[0]}x{one.minimum[1]}.")
    if not one.text:
        lines.append("No copy, logo or badge may be on the image.")
    if one.background:
        lines.append(f"Background {one.background}; the product fills {one.fill:.0%} of the frame.")
    if one.note:
        lines.append(f"Note: {one.note}.")
    return [*lines, f"Source ({one.seen}): {one.source}"]


def _row(one: Placement) -> dict[str, object]:
    return {
        "placement": one.id,
        "title": one.title,
        "width": one.pixels[0],
        "height": one.pixels[1],
        "max_kb": one.max_kb,
        "formats": list(one.formats),
        "safe": list(one.safe),
        "minimum": list(one.minimum) if one.minimum else None,
        "text": one.text,
        "background": one.background or None,
        "fill": one.fill or None,
        "alpha": one.alpha,
        "grade": one.grade,
        "seen": one.seen,
        "source": one.source,
        "note": one.note or None,
    }
