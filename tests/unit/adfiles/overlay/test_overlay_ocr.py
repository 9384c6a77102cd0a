"""Overlays read back by OCR: every letter of ordinary copy in twelve languages of Europe.

rapidocr reads Latin and confuses some accents, so accents are compared in most texts only; that
each letter has its own shape is tested against FreeType, in every run of the tests.
"""

import re
import unicodedata

import pytest
from PIL import Image, ImageDraw

from pipeline.adfiles.overlay.drawing import draw_overlay
from pipeline.adfiles.overlay.placing import AdFrame
from pipeline.campaign.overlay.parts import Overlay
from pipeline.inspection.readers import open_text_reader
from pipeline.model.adfiles.overlay import Anchor, OverlayKind, Plate, TextPart
from pipeline.prompts.overlay_texts import written_overlay

pytestmark = pytest.mark.thorough
TEXTS = (
    "Fresh from the orchard, only this weekend", "Frisch gepresst in den Tag, Größe und Süße",
    "Un réveil éclatant, crème brûlée et façade", "Příliš žluťoučký kůň, čerstvý džus",
    "Wyciśnij z dnia więcej, gęślą jaźń", "Yaz\u0131n ferah tad\u0131, ağaç gölgesi",
    "Smørrebrød, ål og æble", "El pingüino, años de sabor", "Città, perché, così, però",
    "Pão, maçã, coração", "Hyvää yötä, äiti", "Ștefan și țara, mămăligă",
)  # fmt: skip
SIDE = 1080
VERBATIM = 0.75
"""Least share of texts of which each accent is read as well; 61 of 72 were."""


def letters(text):
    plain = unicodedata.normalize("NFKD", text).lower()
    for one, other in (("ß", "ss"), ("\u0131", "i"), ("ø", "o"), ("æ", "ae"), ("ł", "l")):
        plain = plain.replace(one, other)
    return re.sub(r"[^a-z0-9]", "", plain)


def ramp(start, end):
    image = Image.new("RGB", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for y in range(SIDE):
        shade = [round(a + (b - a) * y / SIDE) for a, b in zip(start, end, strict=True)]
        draw.line((0, y, SIDE, y), fill=tuple(shade))
    return image


@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(600)
def test_every_letter_of_ordinary_copy_is_read_back():
    pytest.importorskip("rapidocr")
    reader = open_text_reader()
    missed, verbatim, asked = [], 0, 0
    for image in (ramp((240, 220, 190), (200, 150, 110)), ramp((40, 30, 50), (90, 60, 80))):
        for size in (0.03, 0.05):
            for text in TEXTS:
                part = TextPart(
                    kind=OverlayKind.TEXT, at=Anchor.TOP, text=text, fonts=(), weight=550,
                    size=size, width=0.95, color="", plate=Plate(),
                )  # fmt: skip
                overlay = Overlay(parts=(part,), templates=("",))
                frame = AdFrame(width=SIDE, height=SIDE, safe=(0, 0, 0, 0), copy=(), product=None)
                drawn, _ = draw_overlay(image, frame, written_overlay(overlay, [text], language=""))
                lines = sorted(
                    reader.read(drawn), key=lambda line: (round(line.box.y / 20), line.box.x)
                )
                seen = " ".join(line.text for line in lines)
                asked += 1
                verbatim += "".join(text.split()) in "".join(seen.split())
                if letters(text) not in letters(seen):
                    missed.append((text, seen))
    assert missed == []
    assert verbatim >= VERBATIM * asked
