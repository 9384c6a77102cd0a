from pathlib import Path

import aiohttp
import pytest
from image_server_client import PROMPT, Client, png, serving

from pipeline.imageserver.options import Engine, Limits


def form(**fields: object) -> aiohttp.FormData:
    made = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bytes):
                made.add_field(name, one, filename="a.png", content_type="image/png")
            else:
                made.add_field(name, one)
    return made


async def edit(client: Client, **fields: object):
    return await client.post(form(**fields), path="/v1/images/edits")


async def test_an_edit_keeps_the_ratio_of_its_image_and_is_charged(tmp_path: Path):
    async with serving(tmp_path) as client:
        status, reply = await edit(client, prompt=PROMPT, image=png((64, 48)), quality="low")
        assert (status, reply["code"]) == (200, 0)
        image = await client.image(reply)
        assert image.width / image.height == pytest.approx(4 / 3, rel=0.005)
        assert client.server.charged() == 2


async def test_every_field_of_generate_is_understood(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await edit(
            client,
            prompt=PROMPT,
            model="gpt-image-2",
            image=[png(), png()],
            mask=png(mode="RGBA"),
            size="16:9",
            quality="medium",
            n="2",
            background="transparent",
        )
        assert len(reply["data"]["images"]) == 2
        assert (await client.image(reply)).mode == "RGBA"
        assert client.server.charged() == 12


async def test_a_panorama_is_edited_at_the_steepest_ratio_there_is(tmp_path: Path):
    async with serving(tmp_path) as client:
        _, reply = await edit(client, prompt=PROMPT, image=png((400, 40)), quality="low")
        image = await client.image(reply)
        assert image.width / image.height == pytest.approx(3, rel=0.005)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("prompt", {"image": png()}),
        ("image", {"prompt": PROMPT}),
        ("image", {"prompt": PROMPT, "image": b"GIF89a"}),
        ("image", {"prompt": PROMPT, "image": b""}),
        ("image", {"prompt": PROMPT, "image": png()[:20]}),
        ("image", {"prompt": PROMPT, "image": png((9000, 1))}),
        ("image", {"prompt": PROMPT, "image": [png((1, 1))] * 17}),
        ("mask", {"prompt": PROMPT, "image": png(), "mask": png((1, 1))}),
        ("mask", {"prompt": PROMPT, "image": png(), "mask": [png(), png()]}),
        ("n", {"prompt": PROMPT, "image": png(), "n": "1.5"}),
        ("n", {"prompt": PROMPT, "image": png(), "n": "11"}),
        ("size", {"prompt": PROMPT, "image": png(), "size": "1024x1024"}),
        ("quality", {"prompt": PROMPT, "image": png(), "quality": "best"}),
        ("seed", {"prompt": PROMPT, "image": png(), "seed": "1"}),
        ("prompt", {"prompt": [PROMPT, PROMPT], "image": png()}),
    ],
)
async def test_a_wrong_field_is_named_and_costs_nothing(
    tmp_path: Path, field: str, fields: dict[str, object]
):
    async with serving(tmp_path) as client:
        status, reply = await edit(client, **fields)
        assert (status, reply["code"]) == (400, 400)
        assert reply["message"].startswith(f"{field}: ")
        assert client.server.charged() == 0


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n--x--", b"--x\r\nContent-Disposition: nonsense\r\n\r\na"]
)
async def test_a_broken_form_is_refused(tmp_path: Path, body: bytes):
    async with serving(tmp_path) as client:
        kind = "multipart/form-data; boundary=x"
        status, reply = await client.post(body, path="/v1/images/edits", Content_Type=kind)
        assert (status, reply["code"]) == (400, 400)


async def test_json_is_no_form(tmp_path: Path):
    async with serving(tmp_path) as client:
        status, _ = await client.post({"prompt": PROMPT}, path="/v1/images/edits")
        assert status == 415


async def test_an_upload_over_the_limit_is_refused(tmp_path: Path):
    async with serving(tmp_path, limits=Limits(upload_bytes=1000)) as client:
        status, _ = await edit(client, prompt=PROMPT, image=png() + b"\0" * 1000)
        assert status == 413


@pytest.mark.parametrize("field", ["image", "mask"])
async def test_a_file_cut_short_in_its_middle_was_blamed_on_the_prompt(tmp_path: Path, field: str):
    async with serving(tmp_path, engine=Engine.PROOF) as client:
        files = {"image": png(mode="RGBA"), "mask": png(mode="RGBA")}
        files[field] = files[field][:60]
        status, reply = await edit(client, prompt=PROMPT, quality="low", **files)
        assert (status, reply["message"].partition(": ")[0]) == (422, field)
        assert client.server.charged() == 0
