"""Reading the words of pictures: by tesseract, or by the reader of the extra `ads`."""

import difflib
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

from PIL import Image, ImageOps

from pipeline.inspection.readers import NEEDED, is_installed, open_text_reader
from pipeline.lettering.box import Box

_LATIN_ENDS = 0x250
_CONFIDENT = 88.0
_SIMILAR = 0.6
"""Likeness from which a word is a wanted one, misread."""
_LONG = 4
"""Letters from which a word that is read is no mark or texture."""


def can_read():
    """Return whether anything here reads pictures."""
    return shutil.which("tesseract") is not None or is_installed(*NEEDED)


def share_to_read():
    """Return the share of quoted texts to be read; tesseract alone misreads some labels."""
    return 0.98 if is_installed(*NEEDED) else 0.94


def is_latin(text):
    """Return whether a text is in a script that the readers know."""
    return all(ord(char) < _LATIN_ENDS or char in "€£’–" for char in text)


def plain(text):
    """Return the letters and digits of a text; what looks alike is written alike."""
    flat = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L")).lower()
    return (
        re.sub(r"[^a-z0-9%]", "", flat)
        .replace("0", "o")
        .replace("1", "i")
        .replace("l", "i")
        .replace("4", "a")
    )


class PictureReader:
    """Reads all words of a picture, with files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "read.png"
        self._has_tesseract = shutil.which("tesseract") is not None
        self._reader = open_text_reader() if is_installed(*NEEDED) else None

    def words(self, painting, wanted) -> list[tuple[str, float]]:
        """Return the words of a painted picture with confidences.

        It is read whole; then its copy and its product, enlarged, until all wanted texts are read.
        """
        sheet = Image.new("RGBA", painting.image.size, "#d8d8d8")
        sheet.alpha_composite(painting.image.convert("RGBA"))
        whole = sheet.convert("RGB")
        found: list[tuple[str, float]] = []
        if self._has_tesseract:
            found += self._tesseract(whole, "11")
            for crop, mode in _closer(whole, painting):
                if not unread(wanted, found):
                    return found
                found += self._tesseract(crop, mode)
        if self._reader is not None and unread(wanted, found):
            lines = self._reader.read(whole)
            found += [(word, 100.0) for line in lines for word in line.text.split()]
        return found

    def _tesseract(self, image: Image.Image, mode: str) -> list[tuple[str, float]]:
        grey = ImageOps.autocontrast(ImageOps.grayscale(image))
        grey.save(self._file)
        command = ["tesseract", str(self._file), "-", "--psm", mode, "-l", "eng", "tsv"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rows = [line.split("\t") for line in done.stdout.splitlines()[1:]]
        return [(row[11], float(row[10])) for row in rows if len(row) > 11 and row[11].strip()]


def _closer(image, painting):
    """Yield enlarged parts of a picture, each with a mode of reading that may suit it."""
    pieces = [(ink.piece.path.box(), ink.piece.size) for ink in painting.inks]
    for mode, high in (("6", 140), ("7", 140), ("8", 90), ("6", 60), ("13", 60)):
        for box, size in pieces:
            zoom = min(6.0, max(0.3, high / max(1, size)))
            yield _enlarged(image, box.grown(box.h * 0.2), zoom), mode
    if painting.product is None:
        return
    product = painting.product
    for longest in (1200, 2200):
        zoom = longest / max(product.w, product.h)
        for mode in ("11", "6"):
            yield _enlarged(image, product, zoom), mode
    w, h = product.w * 0.58, product.h * 0.58
    for x, y in ((0.0, 0.0), (0.42, 0.0), (0.0, 0.42), (0.42, 0.42), (0.21, 0.21)):
        part = Box(product.x + product.w * x, product.y + product.h * y, w, h)
        yield _enlarged(image, part, 1500 / max(w, h)), "11"
        yield _enlarged(image, part, 1500 / max(w, h)), "6"


def _enlarged(image, box, zoom):
    crop = image.crop((round(box.x), round(box.y), round(box.right), round(box.bottom)))
    size = (max(8, round(crop.width * zoom)), max(8, round(crop.height * zoom)))
    return crop.resize(size, Image.Resampling.BICUBIC)


def unread(wanted, words):
    """Return the wanted texts that are not among the words, in any order of their words."""
    seen = {plain(word) for word, _ in words}
    joined = "".join(plain(word) for word, _ in words)

    def found(word):
        return not word or word in joined or any(_close(word, one) for one in seen)

    return [t for t in wanted if not all(found(plain(word)) for word in t.split())]


def _alike(word, other):
    return difflib.SequenceMatcher(None, word, other).ratio()


def _close(word, other):
    """Return whether two words differ in one letter of at least five."""
    if len(word) < 5 or abs(len(word) - len(other)) > 1:
        return False
    short, long = sorted((word, other), key=len)
    for i in range(len(long)):
        if len(short) == len(long) and short[:i] + short[i + 1 :] == long[:i] + long[i + 1 :]:
            return True
        if len(short) < len(long) and short == long[:i] + long[i + 1 :]:
            return True
    return False


def not_asked_for(allowed, words):
    """Return the words, read with confidence, that are like none of the allowed ones."""
    known = "".join(plain(word) for word in allowed)
    parts = [plain(one) for text in allowed for one in text.split()]
    surplus = []
    for word, confidence in words:
        flat = plain(word)
        letters = sum(char.isalpha() for char in word)
        if confidence < _CONFIDENT or letters < _LONG or flat in known:
            continue
        if not any(_alike(flat, part) >= _SIMILAR or part in flat for part in parts if part):
            surplus.append(word)
    return surplus
