"""Forms with images: what is sent is what was planned."""

import hashlib
import io
import re
from contextlib import closing

import pytest
from fake_provider import png
from PIL import Image

from pipeline.errors import Rejected
from pipeline.model.providers.request import Reference
from pipeline.providers.masks import MaskPart
from pipeline.providers.multipart import EditForm, read_verified

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 99
WEBP = b"RIFF\x10\x00\x00\x00WEBP" + b"webp" * 9


@pytest.fixture
def image(tmp_path):
    """Writes images, and returns references to them."""

    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return Reference(path=str(path), sha256=hashlib.sha256(content).hexdigest())

    return written


async def sent(form):
    with closing(form):
        return b"".join([piece async for piece in form.body()])


def parts_of(form, body):
    """(Name, file name, type, content) of each part."""
    boundary = form.headers["Content-Type"].partition("boundary=")[2].encode()
    start, *parts, end = body.split(b"--" + boundary)
    assert (start, end) == (b"", b"--\r\n")
    found = []
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        told = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode()))
        kind = head.decode().partition("Content-Type: ")[2]
        found.append((told["name"], told.get("filename"), kind, content.removesuffix(b"\r\n")))
    return found


async def test_a_form_has_every_field_and_image_and_the_length_that_it_says(image):
    references = [
        image("pack shot.png", png(8, 8)),
        image("b.jpeg", JPEG),
        image("c.webp", WEBP),
    ]
    fields = {"prompt": 'a "can"\nof söda', "n": "1"}
    form = EditForm(fields, references, image_field="image[]", key="k")
    body = await sent(form)
    assert form.headers["Content-Length"] == str(len(body))
    found = parts_of(form, body)
    assert [(name, content.decode()) for name, _, _, content in found[:2]] == [*fields.items()]
    assert found[2:] == [
        ("image[]", "image-1.png", "image/png", png(8, 8)),
        ("image[]", "image-2.jpg", "image/jpeg", JPEG),
        ("image[]", "image-3.webp", "image/webp", WEBP),
    ]
    assert b"pack shot" not in body


async def test_the_same_request_is_the_same_body(image):
    reference = image("a.png", png(8, 8))
    bodies = [
        await sent(EditForm({"n": "1"}, [reference], image_field="image", key=key)) for key in "aab"
    ]
    assert bodies[0] == bodies[1] != bodies[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(png(9, 9)), "has changed since it was planned"),
        (lambda path: path.write_bytes(b""), "has changed since it was planned"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    ],
)
def test_an_image_that_changed_after_the_plan_is_refused_before_anything_is_sent(
    image, tmp_path, change, words
):
    reference = image("a.png", png(8, 8))
    change(tmp_path / "a.png")
    with pytest.raises(Rejected, match=words):
        EditForm({}, [reference], image_field="image", key="k")
    with pytest.raises(Rejected, match=words):
        read_verified(reference)


async def test_an_image_that_changes_while_it_is_sent_ends_the_request(image, tmp_path):
    reference = image("a.png", png(8, 8))
    form = EditForm({}, [reference], image_field="image", key="k")
    (tmp_path / "a.png").write_bytes(png(9, 9))
    with pytest.raises(OSError, match="changed while it was sent"):
        await sent(form)


def masked(alpha):
    """A mask of two pixels with these alphas."""
    drawn = Image.new("RGBA", (2, 1))
    drawn.putdata([(9, 9, 9, one) for one in alpha])
    content = io.BytesIO()
    drawn.save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("white", [False, True])
async def test_a_mask_follows_the_images_in_the_form_that_the_server_takes(image, white):
    """vLLM-Omni paints where a mask is white, OpenAI where it is transparent."""
    pack, mask = image("pack.png", png(2, 1)), image("mask.png", masked((0, 255)))
    part = MaskPart(reference=mask, field="mask_image" if white else "mask", white_is_painted=white)
    form = EditForm({"prompt": "x"}, [pack], image_field="image", key="k", mask=part)
    length = int(form.headers["Content-Length"])
    body = await sent(form)
    assert len(body) == length
    _, picture, (name, file, kind, content) = parts_of(form, body)
    assert picture[:2] == ("image", "image-1.png")
    assert (name, file, kind) == (part.field, "mask.png", "image/png")
    if white:
        with Image.open(io.BytesIO(content)) as opened:
            assert (opened.mode, opened.tobytes()) == ("L", bytes((255, 0)))
    else:
        assert content == masked((0, 255))


async def test_a_mask_that_has_changed_is_not_sent(image, tmp_path):
    pack, mask = image("pack.png", png(2, 1)), image("mask.png", masked((0, 255)))
    (tmp_path / "mask.png").write_bytes(masked((255, 255)))
    for white in (False, True):
        part = MaskPart(reference=mask, white_is_painted=white)
        with pytest.raises(Rejected, match="has changed since it was planned"):
            EditForm({}, [pack], image_field="image", key="k", mask=part)
