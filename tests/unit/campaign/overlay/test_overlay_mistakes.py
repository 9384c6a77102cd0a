"""Mistakes in overlays: each is a finding with its place and what to write, before any cost."""

import pytest
from brand_files import LOGO, bitmap, font_content, svg
from campaign_texts import HEAD

from pipeline.model.adfiles.overlay import Anchor, LogoPart, OverlayKind, PlateShape, TextPart

PROMPT = "prompt: a photo\n"

GRAMMAR = {
    "{txt: a}": "[0].txt: unknown key txt (did you mean text?)",
    "{text: a, at: top-middle}": "[1].at: must be top-left, top, top-right, left",
    "{text: a, size: 3}": "[2].size: must be a percentage such as 18%, not 3",
    "{text: a, size: 300%}": "[3].size: must be a percentage such as 18%, not 300%",
    "{text: a, color: red}": "[4].color: must be a colour such as #ff5a1f, not red",
    "{text: a, color: '#12'}": "[5].color: must be a colour such as #ff5a1f, not #12",
    "{text: a, plate: glass}": "[6].plate: must be auto, none, panel, band, shade, a colour or a",
    "{text: a, plate: {shape: glass}}": "[7].plate.shape: must be auto, none, panel, band",
    "{text: a, plate: {colour: '#fff'}}": "[8].plate.colour: unknown key colour (did you mean c",
    "{text: a, weight: 950}": "[9].weight: must be at most 900, not 950",
}
PARTS = {
    "{}": "c.yaml:8:7: adfiles.overlay[0]: names nothing to show; a part has one of logo, headl",
    "{text: a, price: b}": "[1]: names text and price; a part has one of",
    "{text: ''}": "c.yaml:10:14: adfiles.overlay[2].text: is empty",
    "{text: a, clear: 4%}": "[3].clear: does not act on a text; it is for logos",
    "{logo: brand/logo.svg, size: 4%}":
        "[4].size: does not act on a logo; a logo takes at, width, clear and plate",
    "{logo: brand/loge.svg}":
        "c.yaml:13:14: adfiles.overlay[5].logo: brand/loge.svg cannot be read: No such file or "
        "directory (did you mean brand/logo.svg?)",
    "{logo: ../../logo.svg}": "lies outside",
    "{text: a, font: intr}": "[7].font: there is no packaged font intr, and a file ends in .ttf "
        "or .otf (did you mean inter?)",
    "{text: a, font: brand/none.ttf}": "brand/none.ttf cannot be read: No such file",
    "{text: a, font: brand/logo.ttf}": "brand/logo.ttf is no font; ttf, otf and ttc files are",
    "{text: a, font: brand/web.woff2}": "brand/web.woff2 is a web font; name its ttf or otf",
    "{text: a, font: anton, weight: 700}": "[11].weight: does not act: anton has one weight",
    "{text: a, style: brand/none.yaml}": "brand/none.yaml cannot be read: No such file",
    "{text: a, style: brand/odd.yaml}": "brand/odd.yaml:2:8: color: must be a colour such",
    "{headline: a, style: brand/odd.yaml}": "brand/odd.yaml:1:1: siz: unknown key siz (did you",
    "{text: a, style: brand/list.yaml}": "brand/list.yaml is no mapping",
    "{button: a, color: '#fff', plate: '#ff5a1f'}": "[16]: the button in #ffffff on #ff5a1f has a "
        "contrast of 3.1, and 4.5 is the least; choose another colour, or leave color out",
    "{logo: brand/note.txt}": "brand/note.txt is no image; svg, png, webp and jpg files are read",
    "{logo: brand/cut.png}": "brand/cut.png cannot be used: the image cannot be decoded",
    "{logo: brand/clear.png}": "brand/clear.png shows nothing: every pixel is transparent",
    "{logo: brand/script.svg}": "brand/script.svg cannot be used: the SVG has a <script>",
}  # fmt: skip


def overlay(entries):
    lines = "".join(f"    - {entry}\n" for entry in entries)
    return f"{HEAD}{PROMPT}adfiles:\n  overlay:\n{lines}"


@pytest.mark.parametrize("mistakes", [GRAMMAR, PARTS])
def test_all_mistakes_are_told_at_once_each_with_its_place(board, mistakes):
    board.put("brand/logo.svg", LOGO).put("brand/script.svg", svg("<script/>"))
    board.put("brand/logo.ttf", b"no font at all").put("brand/web.woff2", b"wOF2" + bytes(40))
    board.put("brand/odd.yaml", "siz: 3%\ncolor: red\n").put("brand/list.yaml", "[a]\n")
    board.put("brand/note.txt", "a logo").put("brand/cut.png", bitmap()[:60])
    board.put("brand/clear.png", bitmap(color="#00000000"))
    told = board.write(overlay(mistakes)).refused()
    assert [one for one in mistakes.values() if not any(one in line for line in told)] == []


def test_mistakes_in_the_words_are_told_when_they_are_written(board):
    entries = ["{text: '{{ product.nam }}'}", '{text: "a\\u202Eb"}']
    told = board.write(overlay(entries)).refused()
    assert any("overlay[0].text: product has no column nam (did you mean" in one for one in told)
    (told,) = board.write(overlay(entries[1:])).refused()
    assert "overlay[0].text: the text holds U+202E" in told


def test_a_logo_may_be_a_bitmap_whatever_its_name_is(board):
    for kind in ("PNG", "JPEG", "WEBP"):
        board.put(f"brand/{kind}.svg", bitmap(kind))
    board.write(overlay(f"{{logo: brand/{kind}.svg}}" for kind in ("PNG", "JPEG", "WEBP")))
    parts = overlay_of(board).parts
    assert [type(part) for part in parts] == [LogoPart] * 3


def test_letters_that_a_font_lacks_are_named_with_the_fonts_that_have_them(board):
    board.put("brand/Own.ttf", font_content("inter"))
    entry = "{text: 'ลดราคา 50%', font: brand/Own.ttf}"
    (told,) = board.write(overlay([entry])).refused()
    assert "adfiles.overlay[0].text: brand/Own.ttf has no ล (U+0E25), ด (U+0E14)" in told
    assert "packaged noto-sans-thai would do: font: [brand/Own.ttf, noto-sans-thai]" in told
    assert "(cell citrus/1x1)" in told


def test_letters_that_no_font_has_are_told(board):
    entries = ["{text: 'ᚠᚢ'}", "{text: 'ᚠ', font: [inter, heebo]}"]
    first, second = board.write(overlay(entries)).refused()
    assert "no packaged font has ᚠ (U+16A0)" in first
    assert "name a font of your own that has the letters" in first
    assert "inter and heebo have no ᚠ (U+16A0), nor has a packaged font" in second


def test_a_placement_without_text_is_told_that_nothing_is_laid_over_it(board):
    sizes = HEAD.replace("'1:1'", "'1:1', merchant-product")
    board.write(f"{sizes}{PROMPT}adfiles: {{overlay: [{{text: a}}]}}\n")
    assert any("may show no copy or logo, so nothing is laid over" in w for w in board.warnings())


def overlay_of(board, *overrides):
    variants = board.load().variants
    return variants[variants.number(overrides)].overlay


def test_every_key_acts_and_an_override_replaces_the_list(board):
    board.put("brand/logo.svg", LOGO).put("brand/Own.ttf", font_content("inter"))
    board.put("brand/sub/button.yaml", "font: ../Own.ttf\nsize: 3%\nplate: {radius: 50%}\n")
    board.write(
        f"{HEAD}{PROMPT}adfiles:\n"
        "  brand: {colors: ['#F50', '#123A2C'], fonts: [dm-serif-display]}\n"
        "  overlay:\n"
        "    - {logo: brand/logo.svg, at: top-right, width: 20%, clear: 5%, plate: panel}\n"
        "    - {headline: '{{ product.name }}', size: 9%, width: 60%, color: '#fff'}\n"
        "    - {button: Buy, style: brand/sub/button.yaml, weight: 700}\n"
        "    - {price: '1', plate: {color: '#000', opacity: 80%, padding: 50%}}\n"
        "    - {legal: x, at: top, plate: '#fff'}\n"
        "overrides:\n"
        "  - {match: {size: '1:1'}, set: {adfiles: {overlay: [{text: small}]}}}\n"
        "  - {match: {size: '1:1'}, set: {adfiles: {overlay: []}}}\n"
    )
    logo, headline, button, price, legal = overlay_of(board).parts
    assert (logo.at, logo.width, logo.clear) == (Anchor.TOP_RIGHT, 0.2, 0.05)
    assert logo.plate.shape is PlateShape.PANEL
    assert (headline.size, headline.width, headline.color) == (0.09, 0.6, "#ffffff")
    assert [font.file.shown for font in headline.fonts] == ["dm-serif-display"]
    assert all(font.file.shown.endswith("/brand/Own.ttf") for font in button.fonts)
    assert [font.weight for font in button.fonts] == [700]
    assert (button.size, button.plate.radius, button.plate.color) == (0.03, 0.5, "#ff5500")
    assert (price.plate.color, price.plate.opacity) == ("#000000", 0.8)
    assert price.plate.padding == (0.5, 0.8)
    assert (legal.at, legal.plate.shape, legal.plate.color) == (
        Anchor.TOP, PlateShape.PANEL, "#ffffff",
    )  # fmt: skip
    (small,) = overlay_of(board, 0).parts
    assert isinstance(small, TextPart)
    assert small.kind is OverlayKind.TEXT
    assert overlay_of(board, 0, 1).parts == ()


def test_words_are_written_for_each_cell_and_leave_the_job_keys_alone(board):
    keys = [job.key for job in board.write(f"{HEAD}{PROMPT}").jobs()]
    board.write(
        f"{HEAD}{PROMPT}adfiles: {{overlay: [{{headline: 'Try {{{{ product.name }}}}'}}]}}\n"
    )
    (job,) = board.jobs()
    assert (job.overlay, [job.key]) == (("Try Citrus Soda",), keys)


def test_a_changed_logo_is_a_changed_campaign(board):
    """A run repeats its last report if the campaign is unchanged; a logo is a part of it."""
    board.put("brand/logo.svg", LOGO)
    text = f"{HEAD}{PROMPT}adfiles: {{overlay: [{{logo: brand/logo.svg}}]}}\n"
    before = board.write(text).load().campaign.sha256
    board.put("brand/logo.svg", LOGO.replace(b"d02020", b"2020d0"))
    assert board.load().campaign.sha256 != before
