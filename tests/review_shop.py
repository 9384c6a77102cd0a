"""A campaign with ad files under review, rendered once by the image server that ships inside."""

import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.adfiles.record import AdFileRecord
from pipeline.app.campaign import load
from pipeline.app.commands.review import ReviewPageOptions, review_server
from pipeline.settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
SLUG = "shop"
TEXT = """\
campaign: shop
matrix:
  product: [{id: citrus, name: Citrus Soda, look: an amber glass bottle, headline: SUMMER CRUSH}]
  size:
    - {id: strip, px: 600x100}
    - {id: tall, px: 200x400}
    - {id: tile, px: 300x250}
prompt: |
  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a wet studio table,
  soft reflections, premium lighting, poster layout with the headline "{{ product.headline }}".
stages: {draft: {quality: low, review: auto}, final: {quality: low}}
adfiles: {formats: {strip: [jpg, png]}}
"""
STRIP, TALL, TILE = range(3)
"""Cells: `strip` is flagged, since most of it continues the picture; the others are not."""


@dataclass(frozen=True)
class ReviewShop:
    folder: Path

    @property
    def file(self):
        return self.folder / "shop.yaml"

    @property
    def output(self):
        return self.folder / "output"

    @property
    def reviews(self):
        return (self.folder / "reviews" / "shop.yaml").read_text()

    @property
    def record(self):
        return AdFileRecord(self.output, SLUG)

    def run(self, *words):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "pipeline", *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def copy(self, to):
        shutil.copytree(self.folder, to, symlinks=True)
        return ReviewShop(to)

    @asynccontextmanager
    async def server(self, reviewer="ana"):
        options = ReviewPageOptions(campaign=self.file, output=self.output, reviewer=reviewer)
        settings = replace(read_settings(), output=self.output)
        async with review_server(
            load(options, settings), options, settings, console=None
        ) as server:
            yield server


def render_shop(folder):
    """Render the campaign with its ad files; takes some seconds."""
    shop = ReviewShop(folder)
    shop.file.write_text(TEXT)
    ended = shop.run("run", "shop.yaml")
    assert ended.returncode == 0, ended.stderr
    return shop
