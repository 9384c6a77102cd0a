"""Signed content credentials: read back with their parent, and within the weight."""

import hashlib
import io
import json
from dataclasses import replace

import pytest
from PIL import Image, ImageFilter
from signing_certificate import write_certificate

from pipeline.adfiles.derive import AdFileRefused, AdFileTask, Derive
from pipeline.adfiles.provenance.signing import open_signer, signing_of
from pipeline.errors import UsageError
from pipeline.images.registry import images_in
from pipeline.model.adfiles.ad_file import FileLabels, Recipe, Signing
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.settings import SigningSettings, read_settings

c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif"}
SOURCE = "soda/finals/a.png"


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    variables = write_certificate(tmp_path_factory.mktemp("certificate"))
    return signing_of(read_settings(variables).signing)


@pytest.fixture
def output(tmp_path):
    noise = Image.effect_noise((640, 480), 60).filter(ImageFilter.GaussianBlur(1)).convert("RGB")
    (tmp_path / "soda/finals").mkdir(parents=True)
    noise.save(tmp_path / SOURCE)
    return tmp_path


def recipe(output, **more):
    fields = {
        "source_sha256": hashlib.sha256((output / SOURCE).read_bytes()).hexdigest(),
        "placement": "medium-rectangle",
        "pixels": (300, 250),
        "format": ImageFormat.JPG,
        "labels": FileLabels(source_type="trainedAlgorithmicMedia", credit="Sunburst GmbH"),
        "signed": True,
    }
    return Recipe(**{**fields, **more})


def made(output, wanted, signing):
    path = f"soda/adfiles/a.{wanted.format}"
    task = Derive(
        images=images_in(output).location,
        source=SOURCE,
        files=(AdFileTask(recipe=wanted, path=path),),
        signing=signing,
    )
    (result,) = task.run()
    return result, output / path


def read_back(file, form):
    reader = c2pa.Reader(TYPES[form], io.BytesIO(file.read_bytes()))
    told = json.loads(reader.json())
    return told["manifests"][told["active_manifest"]], reader.get_validation_state()


@pytest.mark.parametrize("form", [*ImageFormat])
def test_a_signed_file_names_its_parent_and_how_it_was_made(output, signing, form):
    original = (output / SOURCE).read_bytes()
    result, file = made(output, recipe(output, format=form), signing)
    manifest, state = read_back(file, form)
    assert state == "Valid"
    (parent,) = manifest["ingredients"]
    assert (parent["relationship"], "thumbnail" in parent) == ("parentOf", False)
    assert "thumbnail" not in manifest
    (actions,) = (one for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2")
    first = actions["data"]["actions"][0]
    assert first["action"] == "c2pa.opened"
    assert first["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert manifest["signature_info"]["issuer"] == "Sunburst GmbH"
    assert (output / SOURCE).read_bytes() == original
    with Image.open(file) as image:
        image.load()
        assert image.size == (300, 250)
        assert b"Sunburst GmbH" in image.info["xmp"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == result.sha256


@pytest.mark.parametrize("form", ["jpg", "webp", "avif"])
def test_room_for_the_signature_is_kept_before_the_weight_is_met(output, signing, form):
    for most in (8, 14):
        wanted = recipe(output, format=ImageFormat(form), max_kb=most)
        result, file = made(output, wanted, signing)
        if isinstance(result, AdFileRefused):
            assert "is the most" in result.reason
            continue
        assert file.stat().st_size == result.bytes <= most * 1000
        assert read_back(file, form)[1] == "Valid"


def test_a_changed_byte_is_noticed(output, signing):
    _, file = made(output, recipe(output), signing)
    content = bytearray(file.read_bytes())
    content[-40] ^= 1
    file.write_bytes(content)
    assert read_back(file, "jpg")[1] == "Invalid"


def test_a_signature_is_another_recipe_and_nothing_unsigned_is_passed_off(output, signing):
    wanted = recipe(output)
    assert wanted.id != replace(wanted, signed=None).id
    result, file = made(output, wanted, None)
    assert "nothing here signs" in result.reason
    assert not file.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "set PIPELINE_C2PA_CERTIFICATE and PIPELINE_C2PA_KEY to the path"),
        ({"certificate": "c.pem"}, "set PIPELINE_C2PA_KEY to the path"),
        ({"certificate": "/nowhere/c.pem", "key": "k.pem"}, "/nowhere/c.pem: No such file"),
    ],
)
def test_what_is_missing_is_told_with_what_to_set(settings, said):
    with pytest.raises(UsageError, match=said):
        signing_of(SigningSettings(**settings))


def test_a_key_of_another_algorithm_or_no_key_at_all_is_told_at_once(tmp_path):
    variables = write_certificate(tmp_path)
    settings = read_settings({**variables, "PIPELINE_C2PA_ALGORITHM": "ed25519"}).signing
    with pytest.raises(UsageError, match="cannot sign with ed25519"):
        signing_of(settings)
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(UsageError, match="cannot sign with es256"):
        open_signer(Signing(certificate=settings.certificate, key=settings.key, algorithm="es256"))


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setattr("pipeline.adfiles.provenance.signing.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs the extra c2pa: pip install .*\[c2pa\]"):
        signing_of(SigningSettings())
