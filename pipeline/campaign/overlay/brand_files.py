"""Logos, fonts and style files that a campaign names, each read and checked once."""

import hashlib
import io

from pipeline.campaign.findings import Place
from pipeline.campaign.grammar.checking import CheckedFile, validated
from pipeline.campaign.grammar.overlay import OverlayStylePart
from pipeline.campaign.reading.document import parse
from pipeline.campaign.reading.files import (
    ReadableFile,
    below_root,
    beside,
    project_root,
    where_named,
)
from pipeline.campaign.reading.located import LocatedMap
from pipeline.campaign.reading.source import decode, read_bytes
from pipeline.errors import CampaignError, ImageBroken
from pipeline.images.formats.svg import check_svg, svg_png
from pipeline.inspection.decoding import decode as decode_image
from pipeline.lettering.fonts import (
    PACKAGED,
    LetteringError,
    font_problem,
    has_weights,
    packaged_font,
)
from pipeline.model.adfiles.overlay import BrandFile
from pipeline.suggestions import did_you_mean, listing

_MOST_LOGO, _MOST_FONT, _MOST_STYLE = 20_000_000, 40_000_000, 100_000
"""Most bytes of a file."""
_TRIED_WIDTH = 256
"""Pixels at which a logo is drawn to see that it shows anything."""
_FONT_ENDINGS = (".ttf", ".otf", ".ttc")


class BrandFiles:
    """The files of a campaign's brand; what is wrong with them is added to its findings."""

    def __init__(self, checked: CheckedFile) -> None:
        self._checked = checked
        self._root = project_root(checked.readable.path)
        self._contents: dict[str, bytes | None] = {}
        self._sound: dict[tuple[str, str], bool] = {}
        self._styles: dict[str, OverlayStylePart] = {}
        self._bases: dict[str, ReadableFile] = {}
        """Style files by their name in places: paths in them are relative to them."""

    def logo(self, named: str, *, at: Place, path: str) -> BrandFile | None:
        """Return a logo that can be drawn, or `None` after reporting why it cannot."""
        readable = beside(named, base=self._base(at))
        content = self._read(readable, at=at, path=path, limit=_MOST_LOGO)
        if content is None:
            return None
        complaint = _logo_problem(content)
        return self._usable(readable, content, complaint, at=at, path=path)

    def font(self, named: str, *, at: Place, path: str) -> BrandFile | None:
        """Return a packaged font by its name, or a font file; `None` after reporting a mistake."""
        if named in PACKAGED:
            try:
                font = packaged_font(named)
            except LetteringError as error:
                self._complain(f"{error.reason}; {error.hint}", at=at, path=path)
                return None
            if font is None:
                complaint = f"{named} is not installed; install the extra cjk"
                self._complain(complaint, at=at, path=path)
                return None
            return BrandFile(shown=named, path=font.path, sha256=font.sha256)
        if not named.lower().endswith((*_FONT_ENDINGS, ".woff", ".woff2")):
            hint = did_you_mean(named, PACKAGED) or f"; packaged are {listing(sorted(PACKAGED))}"
            complaint = f"there is no packaged font {named}, and a file ends in .ttf or .otf{hint}"
            self._complain(complaint, at=at, path=path)
            return None
        readable = beside(named, base=self._base(at))
        content = self._read(readable, at=at, path=path, limit=_MOST_FONT)
        if content is None:
            return None
        return self._usable(readable, content, font_problem(content), at=at, path=path)

    def is_variable(self, font: BrandFile) -> bool:
        """Return whether a font that was found has more than one weight."""
        content = self._contents.get(font.path)
        if content is None:
            with open(font.path, "rb") as file:  # noqa: PTH123 - a packaged font's own path
                content = self._contents[font.path] = file.read()
        return has_weights(content)

    def style(self, named: str, *, at: Place, path: str) -> tuple[OverlayStylePart, Place]:
        """Return a style file's settings, and a place in it; empty ones after a mistake."""
        readable = beside(named, base=self._base(at))
        inside = Place(readable.shown, 1, 1)
        if readable.shown not in self._styles:
            self._styles[readable.shown] = self._style(readable, at=at, path=path)
            self._bases[readable.shown] = readable
        return self._styles[readable.shown], inside

    def _base(self, at: Place) -> ReadableFile:
        return self._bases.get(at.file) or self._checked.base(at)

    def _style(self, readable: ReadableFile, *, at: Place, path: str) -> OverlayStylePart:
        nothing = OverlayStylePart.model_validate({})
        content = self._read(readable, at=at, path=path, limit=_MOST_STYLE)
        if content is None:
            return nothing
        findings = self._checked.findings
        try:
            document, found = parse(decode(content, shown=readable.shown), file=readable.shown)
        except CampaignError as error:
            findings.extend(error.findings)
            return nothing
        findings.merge(found)
        if not isinstance(document, LocatedMap):
            self._complain(f"{readable.shown} is no mapping", at=at, path=path)
            return nothing
        return validated(OverlayStylePart, document, findings) or nothing

    def _read(self, readable: ReadableFile, *, at: Place, path: str, limit: int) -> bytes | None:
        key = str(readable.path)
        if key not in self._contents:
            self._contents[key] = None
            try:
                below_root(readable, root=self._root, at=at, path=path)
                self._contents[key] = read_bytes(readable.path, shown=readable.shown, limit=limit)
            except CampaignError as error:
                named = where_named(error, readable, at=at, path=path)
                self._checked.findings.extend(named.findings)
        return self._contents[key]

    def _usable(
        self, readable: ReadableFile, content: bytes, complaint: str, *, at: Place, path: str
    ) -> BrandFile | None:
        if complaint:
            self._complain(f"{readable.shown} {complaint}", at=at, path=path)
            return None
        digest = hashlib.sha256(content).hexdigest()
        return BrandFile(shown=readable.shown, path=str(readable.path), sha256=digest)

    def _complain(self, complaint: str, *, at: Place, path: str) -> None:
        self._checked.findings.error(complaint, at=at, path=path, code="overlay")


def _logo_problem(content: bytes) -> str:
    """Return why a logo cannot be drawn; empty if it can."""
    try:
        if _is_svg(content):
            ratio = check_svg(content)
            height = max(1, min(4 * _TRIED_WIDTH, round(_TRIED_WIDTH / ratio)))
            picture = decode_image(io.BytesIO(svg_png(content, _TRIED_WIDTH, height)))
        else:
            picture = decode_image(io.BytesIO(content))
    except ImageBroken as error:
        if "cannot identify" in str(error):
            return "is no image; svg, png, webp and jpg files are read"
        return f"cannot be used: {error}"
    if picture.mode == "RGBA" and picture.getchannel("A").getbbox() is None:
        return "shows nothing: every pixel is transparent"
    return ""


def _is_svg(content: bytes) -> bool:
    """Return whether a file is XML, and not one of the bitmaps that are read."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
