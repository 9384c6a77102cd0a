"""How often the checks are wrong, on the gallery of the image server's studio.

`python -m tests.bench.check_rates` paints about 130 pictures, needs the extra `ads`, and prints for
each check how many good pictures it complains of and how many bad ones it misses.
"""

import io
import itertools
import sys
from pathlib import Path

from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "unit" / "imageserver" / "studio"))
from studio_gallery import GALLERY

from pipeline.adfiles.checks import CutPicture, ShopRules, ad_file_checks
from pipeline.adfiles.framing import frame_image
from pipeline.adfiles.source_image import open_source
from pipeline.adfiles.window import Target, plan_window
from pipeline.imageserver.painting.painter import PaintQuality, UnpaintableError
from pipeline.imageserver.studio import proof
from pipeline.inspection.local_ssim import lowest_ssim
from pipeline.inspection.palette import palette_check, picture_colors
from pipeline.inspection.quoted_text import quoted_texts, text_check
from pipeline.inspection.readers import open_text_reader
from pipeline.inspection.similarity import difference_hash, different_bits
from pipeline.model.adfiles.ad_file import FileLabels, Recipe
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.check import LEAST_SCORES, CampaignCheck, CheckOutcome

SURE = 0.5
GROUND = "#d8d8d8"


def painted(piece, quality):
    """The pixels of a piece on a plain ground, and its own; `None` if it cannot be painted."""
    try:
        source = open_source(io.BytesIO(proof.paint(piece.order(quality)).png))
    except UnpaintableError:
        return None
    return source


def with_typo(piece):
    """The piece with a letter missing in its longest quoted word; `None` without such a word."""
    words = [word for text in quoted_texts(piece.prompt) for word in text.split()]
    plain = [word for word in words if word.isascii() and word.isalpha() and len(word) > 3]
    if not plain:
        return None
    word = max(plain, key=len)
    middle = len(word) // 2
    wrong = word[:middle] + word[middle + 1 :]
    start = piece.prompt.index(f"{word}", piece.prompt.index('"'))
    prompt = piece.prompt[:start] + wrong + piece.prompt[start + len(word) :]
    return piece._replace(name=f"{piece.name}-typo", prompt=prompt)


class Rates:
    """Counts of wrong results by check."""

    def __init__(self):
        self.false, self.missed = {}, {}

    def good(self, check, passed):
        """Count a picture that should pass."""
        wrong, of = self.false.get(check, (0, 0))
        self.false[check] = (wrong + (not passed), of + 1)

    def bad(self, check, passed):
        """Count a picture that should not pass."""
        wrong, of = self.missed.get(check, (0, 0))
        self.missed[check] = (wrong + passed, of + 1)

    def __str__(self):
        lines = ["check      false        missed"]
        for check in self.false | self.missed:
            false = "{} of {}".format(*self.false.get(check, (0, 0)))
            missed = "{} of {}".format(*self.missed.get(check, (0, 0)))
            lines.append(f"{check:<10} {false:<12} {missed}")
        return "\n".join(lines)


def read(reader, source):
    lines = reader.read(source.flattened(GROUND).convert("RGB"))
    return [line.text for line in lines if line.sure >= SURE]


def shop_check(source, color="#ffffff"):
    """The result of a shop's rules for a square file on white."""
    recipe = Recipe(
        source_sha256="0" * 64,
        placement="shop",
        pixels=(1000, 1000),
        background=color,
        format=ImageFormat.JPG,
        labels=FileLabels(source_type=""),
    )
    shape = source.shape()
    planned = plan_window(shape, Target(width=1000, height=1000))
    picture = frame_image(source.flattened(color), planned, (1000, 1000), background=color)
    cut = CutPicture(recipe=recipe, shape=shape, planned=planned, picture=picture)
    rules = ShopRules(text=False, background=color, fill=0.5)
    found = ad_file_checks(cut, lines=(), shop=rules)
    return next(one for one in found if one.check is CampaignCheck.SHOP)


def measure(pieces):
    """The rates of all checks over these pieces of the gallery."""
    rates, reader = Rates(), open_text_reader()
    finals, drafts = {}, {}
    for piece in pieces:
        final = painted(piece, PaintQuality.MEDIUM)
        if final is None:
            continue
        draft = painted(piece, PaintQuality.LOW)
        finals[piece.name], drafts[piece.name] = final, draft
        found = text_check(piece.prompt, read(reader, final))
        if found.result is not CheckOutcome.UNREAD:
            rates.good("text", found.result is CheckOutcome.PASS)
        alike = lowest_ssim(draft.flattened(GROUND), final.flattened(GROUND))
        rates.good("drift", alike >= LEAST_SCORES[CampaignCheck.DRIFT])
        brand = [*picture_colors(draft.pixels)][:2]
        rates.good("palette", palette_check(brand, picture_colors(final.pixels)).score == 1.0)
        wrong = with_typo(piece)
        other = wrong and painted(wrong, PaintQuality.MEDIUM)
        if other:
            found = text_check(piece.prompt, read(reader, other))
            rates.bad("text", found.result is CheckOutcome.PASS)
            alike = lowest_ssim(draft.flattened(GROUND), other.flattened(GROUND))
            rates.bad("drift", alike >= LEAST_SCORES[CampaignCheck.DRIFT])
        out = io.BytesIO()
        final.flattened(GROUND).convert("RGB").save(out, "JPEG", quality=40)
        same = Image.open(out).resize((600, 400))
        bits = different_bits(difference_hash(final.flattened(GROUND)), difference_hash(same))
        rates.bad("duplicate", bits >= LEAST_SCORES[CampaignCheck.DUPLICATE])
        shop = shop_check(final).result is CheckOutcome.PASS
        fit = final.has_alpha and not final.shape().copy
        (rates.good if fit else rates.bad)("shop", shop)
    for one, other in itertools.combinations(sorted(finals), 2):
        first, second = finals[one], finals[other]
        bits = different_bits(
            difference_hash(first.flattened(GROUND)), difference_hash(second.flattened(GROUND))
        )
        if one.split("-")[0] != other.split("-")[0]:
            rates.good("duplicate", bits >= LEAST_SCORES[CampaignCheck.DUPLICATE])
    colors = {name: picture_colors(source.pixels) for name, source in finals.items()}
    for one, other in itertools.permutations(sorted(finals), 2):
        if one.split("-")[0] != other.split("-")[0]:
            brand = [*picture_colors(drafts[one].pixels)][:2]
            rates.bad("palette", palette_check(brand, colors[other]).score == 1.0)
    for one, other in itertools.pairwise(sorted(finals)):
        alike = lowest_ssim(drafts[one].flattened(GROUND), finals[other].flattened(GROUND))
        rates.bad("drift", alike >= LEAST_SCORES[CampaignCheck.DRIFT])
    return rates


if __name__ == "__main__":
    print(measure(GALLERY))
