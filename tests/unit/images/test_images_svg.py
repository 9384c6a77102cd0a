"""Which SVG files are drawn: shapes only, whatever else a file from anyone may hold."""

import io

import pytest
from brand_files import LOGO, svg

from pipeline.errors import ImageBroken
from pipeline.images.formats.svg import LARGEST, check_svg, svg_png
from pipeline.inspection.decoding import decode

USES = '<g id="a{}"><use href="#a{}"/><use href="#a{}"/></g>'
BOMB = '<g id="a0"><rect width="1" height="1"/></g>' + "".join(
    USES.format(n, n - 1, n - 1) for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (svg("<script>alert(1)</script>"), "has a <script>; a logo may hold shapes only"),
        (svg('<rect width="9" height="9" onclick="a()"/>'), "has a script in onclick"),
        (svg('<image href="data:image/png;base64,AA"/>'), "holds a bitmap; name the png"),
        (svg('<use xlink:href="http://x.test/a.svg#b"/>'), "refers to http://x.test/a.svg#b"),
        (svg('<use href="other.svg#b"/>'), "refers to other.svg#b; put it into the file"),
        (svg('<rect fill="url(file:///etc/passwd)"/>'), "refers to file:///etc/passwd"),
        (svg("<style>@import url(x.css);</style>"), "imports a style or a font"),
        (svg("<text>Sun</text>"), "has a <text>, which needs a font; convert its text to paths"),
        (svg('<rect><animate attributeName="x"/></rect>'), "is animated (<animate>)"),
        (svg("<foreignObject/>"), "has a <foreignObject>"),
        (svg("", "width='0' height='1'"), "has no size; give it a viewBox"),
        (svg(BOMB + '<use href="#a39"/>'), "repeats its own parts too often"),
        (svg('<g id="a"><use href="#a"/></g>'), "repeats its own parts too often"),
        (svg("<g>" * 200 + "</g>" * 200), "has too many elements, or too deeply nested ones"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 1 1"/>', "has a DOCTYPE"),
        (b'<?xml-stylesheet href="a.css"?><svg viewBox="0 0 1 1"/>', "has a stylesheet of its"),
        (b"<html/>", "begins with <html>, not with <svg>"),
        (b"<svg", "cannot be read"),
        (svg(f"<!--{' ' * LARGEST}-->"), "is too large: 2.0 MB; at most 2 MB are read"),
    ],
)
def test_what_would_act_or_be_left_out_is_refused(content, told):
    with pytest.raises(ImageBroken) as caught:
        check_svg(content)
    assert told in str(caught.value)


def test_shapes_gradients_and_styles_are_drawn_in_exactly_these_pixels():
    content = svg(
        '<defs><linearGradient id="g"><stop stop-color="red"/></linearGradient></defs>'
        '<style>.a{fill:url(#g)}</style><a href="https://sun.test"><rect class="a" width="40" '
        'height="10"/></a><use href="#g"/>'
    )
    assert check_svg(content) == check_svg(LOGO) == 4.0
    picture = decode(io.BytesIO(svg_png(content, 80, 20)))
    assert (picture.size, picture.getpixel((40, 10))) == ((80, 20), (255, 0, 0, 255))


def test_an_svg_is_not_drawn_larger_than_any_ad_file():
    with pytest.raises(ImageBroken, match="is not drawn at 9000×9000 pixels"):
        svg_png(LOGO, 9000, 9000)
