"""All described prompts, painted and read back; takes compared; a report of it all.

`python tests/unit/imageserver/studio/test_studio_pictures.py` prints the report.
"""

import hashlib
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

import pytest
from expected_pictures import expected_pictures, misheard
from PIL import Image, ImageChops
from reading_pictures import (
    PictureReader,
    can_read,
    is_latin,
    not_asked_for,
    share_to_read,
    unread,
)

from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.studio import proof

ALL = tuple(expected_pictures())
SAMPLE = ("two-labels", "kettlebell", "ja-tokei", "cutout-bottle")
"""What CI paints; the thorough sweep paints all."""
_VISIBLE = 8
"""Difference of a channel from which two pixels are seen to differ."""


def difference(one, other):
    """Return the share of pixels in which two pictures differ; of a cut-out, of its own pixels."""
    channels = ImageChops.difference(one, other).split()
    most = channels[0]
    for channel in channels[1:]:
        most = ImageChops.lighter(most, channel)
    changed = most.point(lambda value: 255 if value > _VISIBLE else 0)
    if one.mode != "RGBA":
        return changed.histogram()[255] / (one.width * one.height)
    either = ImageChops.lighter(one.getchannel("A"), other.getchannel("A"))
    solid = either.point(lambda value: 255 if value > 96 else 0)
    return ImageChops.darker(changed, solid).histogram()[255] / max(1, solid.histogram()[255])


def takes(expected, count):
    return [proof.paint_picture(expected.order(index=i)) for i in range(count)]


def check_takes(expected, count):
    """Seven cut-outs of eight had two identical takes."""
    painted = takes(expected, count)
    told = [painting.understood["words"] for painting in painted]
    assert all(words == told[0] for words in told)
    shares = [difference(a.image, b.image) for a, b in combinations(painted, 2)]
    assert min(shares) >= 0.15


@pytest.mark.parametrize("expected", [p for p in ALL if p.name in SAMPLE], ids=lambda one: one.name)
def test_two_takes_of_a_sample_differ_and_keep_their_words(expected):
    check_takes(expected, 2)


@pytest.mark.thorough
@pytest.mark.parametrize("expected", ALL, ids=lambda one: one.name)
def test_four_takes_differ_and_keep_their_words(expected):
    check_takes(expected, 4)


@pytest.mark.thorough
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not can_read(), reason="nothing here reads pictures")
def test_the_words_of_all_pictures_are_read_back(tmp_path):
    found = report(tmp_path)
    assert found["read"] >= share_to_read() * found["quoted"], found["missed"]
    assert found["misheard"] == []
    assert found["seconds"] <= 0.6
    assert found["surplus"] == []


def report(folder, quality=PaintQuality.MEDIUM, pictures=ALL):
    """Paint and read pictures; return what was found."""
    reader = PictureReader(folder)
    quoted, missed, surplus, wrong = 0, [], [], []
    seconds = pixels = 0.0
    for expected in pictures:
        start = time.process_time()
        painting = proof.paint_picture(expected.order(quality))
        seconds += time.process_time() - start
        image = painting.image
        pixels += image.width * image.height
        wanted = [text for text in expected.words if is_latin(text)]
        words = reader.words(painting, wanted)
        quoted += len(wanted)
        missed += [(expected.name, text) for text in unread(wanted, words)]
        allowed = [*expected.words, str(painting.understood["subject"])]
        if all(is_latin(text) for text in allowed):
            surplus += [(expected.name, word) for word in not_asked_for(allowed, words)]
        wrong += [(expected.name, one) for one in misheard(expected, painting.understood)]
    return {
        "quoted": quoted,
        "read": quoted - len(missed),
        "missed": missed,
        "surplus": surplus,
        "misheard": wrong,
        "seconds": seconds / (pixels / 1e6),
    }


def test_a_picture_is_the_same_bytes_on_a_second_run():
    expected = next(one for one in ALL if one.name == "two-labels")
    first, second = (proof.paint(expected.order()).png for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None
    first, last = (int(one) for one in (*sys.argv[1:3], "0", "1000")[:2])
    for name, value in report(Path(tempfile.mkdtemp()), pictures=ALL[first:last]).items():
        print(f"{name}: {value}")
