"""Small pictures for the review page and the contact sheet, named after the image they show."""

import io
import os
from pathlib import Path

from PIL import Image

from pipeline.files.confined import ConfinedPath, make_folders, open_folder, write_whole

SIDES = (512, 256, 128)
"""Pixels of the longest side."""

_QUALITY = 80


def thumb_path(campaign: str, sha256: str, side: int) -> str:
    """Where a thumb lies, relative to the output folder; a picture of the same bytes shares it."""
    return f"{campaign}/thumbs/{sha256[:16]}-{side}.webp"


def missing_thumbs(root: Path, paths: tuple[str, ...]) -> bool:
    """Whether any of these thumbs has still to be made."""
    return not all(_exists(root, ConfinedPath.at(path)) for path in paths)


def write_thumbs(image: Image.Image, root: Path, paths: tuple[str, ...]) -> None:
    """Write an RGB or RGBA image in every side, largest first; blocks, so it runs in a worker."""
    make_folders(root, ConfinedPath.at(paths[0]).folders)
    for side, path in zip(SIDES, paths, strict=True):
        image = image.copy() if max(image.size) <= side else _shrunk(image, side)
        content = io.BytesIO()
        image.save(content, "WEBP", quality=_QUALITY, method=2)
        write_whole(root, ConfinedPath.at(path), content.getvalue())


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _exists(root: Path, place: ConfinedPath) -> bool:
    try:
        folder = open_folder(root, place.folders)
        try:
            return os.stat(place.name, dir_fd=folder, follow_symlinks=False).st_size > 0
        finally:
            os.close(folder)
    except OSError:
        return False
