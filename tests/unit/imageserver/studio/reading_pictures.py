"""Reading the words of pictures: by tesseract, or by the reader of the extra `ads`."""

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

from PIL import Image, ImageOps

from pipeline.inspection.readers import NEEDED, is_installed, open_text_reader

_LATIN_ENDS = 0x250
_CONFIDENT = 88.0
_LONG = 4
"""Letters from which a word that is read is no mark or texture."""


def can_read():
    """Return whether anything here reads pictures."""
    return shutil.which("tesseract") is not None or is_installed(*NEEDED)


def is_latin(text):
    """Return whether a text is in a script that the readers know."""
    return all(ord(char) < _LATIN_ENDS or char in "€£’–" for char in text)


def plain(text):
    """Return the letters and digits of a text; what looks alike is written alike."""
    flat = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L")).lower()
    return re.sub(r"[^a-z0-9%]", "", flat).replace("0", "o").replace("1", "i").replace("l", "i")


class PictureReader:
    """Reads all words of a picture, with files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "read.png"
        self._reader = None if shutil.which("tesseract") else open_text_reader()

    def words(self, image: Image.Image, areas, wanted) -> list[tuple[str, float]]:
        """Return the words of a picture with confidences.

        It is read whole; then its areas, enlarged, until all wanted texts are read.
        """
        sheet = Image.new("RGBA", image.size, "#d8d8d8")
        sheet.alpha_composite(image.convert("RGBA"))
        whole = sheet.convert("RGB")
        if self._reader is not None:
            lines = self._reader.read(whole)
            return [(word, 100.0) for line in lines for word in line.text.split()]
        found = self._tesseract(whole, "11")
        crops = [_enlarged(whole, box) for box in areas]
        for mode, invert in (("6", False), ("6", True), ("11", False), ("11", True)):
            for crop in crops:
                if not unread(wanted, found):
                    return found
                found += self._tesseract(ImageOps.invert(crop) if invert else crop, mode)
        return found

    def _tesseract(self, image: Image.Image, mode: str) -> list[tuple[str, float]]:
        grey = ImageOps.autocontrast(ImageOps.grayscale(image))
        grey.save(self._file)
        command = ["tesseract", str(self._file), "-", "--psm", mode, "-l", "eng", "tsv"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rows = [line.split("\t") for line in done.stdout.splitlines()[1:]]
        return [(row[11], float(row[10])) for row in rows if len(row) > 11 and row[11].strip()]


def _enlarged(image, box):
    """Return an area of a picture with some of its surroundings, large enough to be read."""
    pad = max(12, box.h * 0.12)
    edges = (box.x - pad, box.y - pad, box.right + pad, box.bottom + pad)
    crop = image.crop(tuple(round(edge) for edge in edges))
    zoom = max(1.0, min(4.0, 900 / max(crop.size)))
    return crop.resize((round(crop.width * zoom), round(crop.height * zoom)))


def unread(wanted, words):
    """Return the wanted texts that are not among the words, in any order of their words."""
    seen = {plain(word) for word, _ in words}
    joined = "".join(plain(word) for word, _ in words)

    def found(word):
        return not word or word in joined or any(_close(word, one) for one in seen)

    return [t for t in wanted if not all(found(plain(word)) for word in t.split())]


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
        if not any(_close(flat, part) or part in flat for part in parts if part):
            surplus.append(word)
    return surplus
