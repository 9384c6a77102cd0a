"""The vendored icons: found by name, synonym and emoji; each stands where it says."""

import json
import re
from importlib import resources

import pytest

from pipeline.imageserver.studio.colors import hls
from pipeline.imageserver.studio.drawing.repainting import repaint
from pipeline.imageserver.studio.scene.icons import find_icon, icon

SHEET = json.loads(
    (resources.files("pipeline.imageserver.studio") / "glyphs" / "fluent.json").read_text("utf-8")
)


def test_there_are_some_hundreds_of_icons():
    assert len(SHEET["icons"]) >= 300


def test_every_synonym_leads_to_an_icon():
    assert [word for word, name in SHEET["synonyms"].items() if name not in SHEET["icons"]] == []


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("a smash burger", "hamburger"),
        ("two red sneakers", "running-shoe"),
        ("a teddy bear", "teddy-bear"),
        ("a wood table", ""),
        ("🎸", "guitar"),
        ("a chocolate birthday cake", "birthday-cake"),
        ("", ""),
    ],
)
def test_the_last_and_longest_name_of_a_phrase_is_meant(phrase, name):
    assert find_icon(phrase) == name


def test_an_icons_ids_are_its_own():
    owners = {}
    for name in SHEET["icons"]:
        for part in icon(name).body.split('id="')[1:]:
            ident = part.split('"')[0]
            assert owners.setdefault(ident, name) == name


def test_every_icon_has_ink_of_some_size():
    assert [name for name in SHEET["icons"] if min(icon(name).ink.w, icon(name).ink.h) < 4] == []


def test_the_licence_travels_with_the_icons():
    folder = resources.files("pipeline.imageserver.studio") / "glyphs"
    assert "MIT License" in (folder / "LICENSE-fluent-emoji.txt").read_text("utf-8")


def test_a_repainted_icon_keeps_its_lights_and_what_is_of_another_colour():
    shirt = icon("t-shirt")
    blue = repaint(shirt, "#2364d2")
    tones = set(re.findall(r"#[0-9A-Fa-f]{6}", blue))
    hues = [hls(tone)[0] for tone in tones if hls(tone)[2] > 0.2]
    assert sum(abs(hue - hls("#2364d2")[0]) < 0.05 for hue in hues) > len(hues) * 0.6
    assert len({round(hls(tone)[1], 1) for tone in tones}) > 3
    colors = r"#[0-9A-Fa-f]{6}|0 0 0 0 [\d.]+ 0 0 0 0 [\d.]+ 0 0 0 0 [\d.]+"
    assert re.sub(colors, "", blue) == re.sub(colors, "", shirt.body)


def test_the_inner_shades_of_a_repainted_icon_turn_with_it():
    """At 1936 pixels a red shirt had fringes of its own green."""
    red = repaint(icon("t-shirt"), "#d7263d")
    shades = re.findall(r"0 0 0 0 ([\d.]+) 0 0 0 0 ([\d.]+) 0 0 0 0 ([\d.]+)", red)
    colored = [tuple(map(float, one)) for one in shades if max(map(float, one)) > 0.2]
    assert colored
    assert all(r >= g for r, g, _ in colored)
