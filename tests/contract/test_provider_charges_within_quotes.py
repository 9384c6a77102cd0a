"""What the image server charges on OpenAI's wire is never more than what planning reserves.

Both count tokens by themselves, from the same published tables; they share no code.
"""

import base64
import io

import pytest
from PIL import Image

from pipeline.imageserver.openai.image_requests import edit_from_json, generation_from
from pipeline.imageserver.openai.models import MODELS
from pipeline.model.providers.request import Quality, Reference, RenderRequest
from pipeline.providers.openai_api.models import OPENAI_PROFILE

PROMPTS = ("a soda", "word " * 400, "数" * 700, "x" * 30_000)
LISTED = ("1024x1024", "1536x1024", "1024x1536")
ANY = (*LISTED, "3840x2160", "1536x864", "864x1536", "1024x656")


def cases(name):
    for quality in MODELS[name].qualities:
        for size in ANY if MODELS[name].any_size else LISTED:
            yield {"model": name, "quality": quality, "size": size}


def quote(case, prompt, references=()):
    request = RenderRequest(
        prompt=prompt,
        model=case["model"],
        size=case["size"],
        quality=Quality(case["quality"]),
        references=references,
    )
    return OPENAI_PROFILE.quote(request)


def test_both_know_the_same_models():
    assert set(MODELS) == {model.name for model in OPENAI_PROFILE.models.values()}


@pytest.mark.parametrize("name", MODELS)
def test_a_generation_costs_at_most_what_is_reserved(name):
    for prompt in PROMPTS:
        for case in cases(name):
            charged = generation_from(case | {"prompt": prompt}).image_request.credits
            assert charged <= quote(case, prompt).at_most, case


@pytest.mark.parametrize("count", [1, 16])
def test_an_edit_costs_at_most_what_is_reserved(count):
    out = io.BytesIO()
    Image.new("RGB", (1536, 1024)).save(out, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    images = {"images": [{"image_url": url}] * count, "prompt": "a soda"}
    references = (Reference(path="pack.png", sha256="0" * 64),) * count
    for name in MODELS:
        for case in cases(name):
            edit = edit_from_json(case | images, read_file=str.encode)
            assert edit.image_request.credits <= quote(case, "a soda", references).at_most, case
