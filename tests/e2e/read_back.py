"""Ad files of an export, read by a program that shares no code with this one: exiftool.

`python -m tests.e2e.read_back EXPORT` compares pixels, format, weight, metadata and the rows of
both tables, and needs Debian's libimage-exiftool-perl.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

PLACEMENTS = 3
"""Fewest placements that the main command has to deliver files for."""


def table(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def complaints(export):
    """Everything that is not as the tables say."""
    assets = table(export / "assets.csv")
    listed = {row["Image"] for row in table(export / "google-ads-editor.csv")}
    read = subprocess.run(
        ["exiftool", "-j", "-n", *(export / row["file"] for row in assets)],
        capture_output=True,
        check=True,
    )
    for row, found in zip(assets, json.loads(read.stdout), strict=True):
        expected = {
            "ImageWidth": int(row["width"]),
            "ImageHeight": int(row["height"]),
            "MIMEType": row["mime"],
            "FileSize": int(row["bytes"]),
            "AltTextAccessibility": row["alt_text"],
            "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/"
            + row["source_type"],
        }
        for name, value in expected.items():
            if found.get(name) != value:
                yield f"{row['file']}: {name} is {found.get(name)}, not {value}"
        if row["file"] not in listed:
            yield f"{row['file']} has no row in google-ads-editor.csv"
    on_disk = {str(p.relative_to(export)) for p in export.glob("*/*") if p.parts[-2] != "originals"}
    for name in on_disk - {row["file"] for row in assets}:
        yield f"{name} has no row in assets.csv"
    places = {row["placement"] for row in assets}
    if len(places) < PLACEMENTS:
        yield f"only {len(places)} placements have files: {', '.join(sorted(places))}"


def main(arguments):
    export = Path(arguments[0])
    wrong = list(complaints(export))
    for text in wrong:
        print(text)
    if not wrong:
        print(f"{len(table(export / 'assets.csv'))} ad files are what the tables say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
