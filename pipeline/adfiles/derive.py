"""The tasks that make the ad files of one image, and show them before they are made."""

import hashlib
import io
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image

from pipeline.adfiles.checks import NO_SHOP, CutPicture, ShopRules, ad_file_checks
from pipeline.adfiles.choice import chosen_window
from pipeline.adfiles.encoding import KILOBYTE, encode
from pipeline.adfiles.framing import frame_image
from pipeline.adfiles.overlay.drawing import draw_overlay
from pipeline.adfiles.overlay.placing import AdFrame, rooms_for
from pipeline.adfiles.provenance.signing import ContentSigner, SignedContent, open_signer
from pipeline.adfiles.provenance.visible_mark import draw_mark
from pipeline.adfiles.provenance.xmp import xmp_packet
from pipeline.adfiles.source_image import SourceImage, open_source
from pipeline.adfiles.window import PlannedWindow, SourceShape, Target, plan_window
from pipeline.errors import AdFileFailed, ImageBroken, LocalFault
from pipeline.images.base import ImageStore, StoreLocation, local_faults
from pipeline.images.boxes import PictureBoxes
from pipeline.images.reading import read_file, sha256_of
from pipeline.images.registry import open_images
from pipeline.inspection.decoding import task_errors
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import AdFile, Flag, Recipe, Signing
from pipeline.model.adfiles.overlay import OverlayBox
from pipeline.model.adfiles.placement import Sides


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileTask:
    """One ad file to make, and the path that it is stored under."""

    recipe: Recipe
    path: str
    lines: tuple[Box, ...] | None = None
    """Lines of copy to check, in pixels of the image; `None` if it was not read."""
    shop: ShopRules = NO_SHOP


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileRefused:
    """An ad file that cannot be made, and why."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Derive:
    """Make the ad files of one image: it is decoded and measured once for all of them."""

    images: StoreLocation
    source: str
    """Path of the image in the store."""
    boxes: PictureBoxes | None = None
    """What was found in an image that does not carry its own boxes; `None`: not looked for."""
    files: tuple[AdFileTask, ...]
    signing: Signing | None = None
    """What signs the files that are to be signed."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The images that it reads."""
        return (self.source,)

    def run(self) -> tuple[AdFile | AdFileRefused, ...]:
        """Return one result for each file, in order; a failure affects only its own file.

        Raises `ImageBroken` if the image is missing, changed or cannot be decoded, `LocalFault` if
        it cannot be read or memory runs out, `TaskFailed` for any other error of a decoder.
        """
        with task_errors(self.source, failed="gave no ad file"):
            return self._derive()

    def _derive(self) -> tuple[AdFile | AdFileRefused, ...]:
        images = open_images(self.images)
        if sha256_of(images, self.source) != self.files[0].recipe.source_sha256:
            raise ImageBroken(f"{self.source} is missing, or is not the image that was approved")
        with images.open(self.source) as stream, local_faults(self.source):
            source = open_source(stream)
        shape = source.shape(self.boxes)
        signature = self._signature(images)
        writer = _AdFileWriter(images=images, source=source, shape=shape, signature=signature)
        return tuple(writer.make(file) for file in self.files)

    def _signature(self, images: ImageStore) -> "_Signature | None":
        """Return what signs the files; `None` if none is to be signed, or nothing can sign."""
        if self.signing is None or not any(file.recipe.signed for file in self.files):
            return None
        content = read_file(images, self.source)
        with Image.open(io.BytesIO(content)) as image:
            mime = image.get_format_mimetype() or ""
        return _Signature(signer=open_signer(self.signing), parent=content, parent_type=mime)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signature:
    """A signer, and the image that the files are made of."""

    signer: ContentSigner
    parent: bytes
    parent_type: str

    def about(self, recipe: Recipe, planned: PlannedWindow, path: str) -> SignedContent:
        """Return what the credentials of a file say."""
        return SignedContent(
            recipe=recipe,
            framing=planned.framing,
            title=path.rpartition("/")[2],
            parent=self.parent,
            parent_type=self.parent_type,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AdPicture:
    """The picture of an ad file before it is encoded."""

    image: Image.Image
    planned: PlannedWindow
    overlay: tuple[OverlayBox, ...] = ()


def draw_ad_picture(
    source: SourceImage, shape: SourceShape, recipe: Recipe, *, longest: int | None = None
) -> AdPicture:
    """Return the picture of a recipe, for a preview with at most `longest` pixels a side.

    Raises `AdFileFailed` if the image has too few pixels, or transparent ones that are refused, or
    if a part of the overlay does not fit.
    """
    planned, pixels = window_of(shape, recipe)
    if planned.scale > recipe.enlarge:
        raise AdFileFailed(
            f"the image has {shape.width}×{shape.height} pixels, and would have to be enlarged "
            f"{planned.scale:.1f} times for {pixels[0]}×{pixels[1]}; render it in a higher quality"
        )
    picture = source.flattened(recipe.background)
    if picture.mode == "RGBA" and not recipe.alpha:
        raise AdFileFailed(
            f"the image has transparent pixels and {recipe.placement} does not accept any; "
            "set adfiles.background to the colour to lay under it"
        )
    shown = pixels
    if longest is not None and max(pixels) > longest:
        smaller = longest / max(pixels)
        shown = (max(1, round(pixels[0] * smaller)), max(1, round(pixels[1] * smaller)))
    if not recipe.overlay and recipe.mark is None:
        framed = frame_image(picture, planned, shown, background=recipe.background)
        return AdPicture(image=framed, planned=planned)
    # words have least sizes in pixels, so an overlay is laid out in the ad file's own
    drawn = frame_image(picture, planned, pixels, background=recipe.background)
    frame = _ad_frame(shape, planned, recipe.safe, pixels)
    laid_over: tuple[OverlayBox, ...] = ()
    if recipe.overlay:
        drawn, laid_over = draw_overlay(drawn, frame, recipe.overlay)
    if recipe.mark is not None:
        product = [] if frame.product is None else [frame.product]
        avoid = [*frame.copy, *product, *(Box(*one.box) for one in laid_over)]
        drawn = draw_mark(drawn, recipe.safe, avoid)
    if shown != pixels:
        drawn = drawn.resize(shown, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return AdPicture(image=drawn, planned=planned, overlay=laid_over)


@dataclass(frozen=True, kw_only=True, slots=True)
class _AdFileWriter:
    """Makes the files of one image."""

    images: ImageStore
    source: SourceImage
    shape: SourceShape
    signature: _Signature | None

    def make(self, file: AdFileTask) -> AdFile | AdFileRefused:
        """Return the file, or why it cannot be made."""
        try:
            return self._write(file)
        except (AdFileFailed, LocalFault) as error:
            return AdFileRefused(path=file.path, reason=str(error))

    def _write(self, file: AdFileTask) -> AdFile:
        recipe = file.recipe
        drawn = draw_ad_picture(self.source, self.shape, recipe)
        planned = drawn.planned
        cut = CutPicture(
            recipe=recipe,
            shape=self.shape,
            planned=planned,
            picture=drawn.image,
            overlay=drawn.overlay,
        )
        content, quality = self._encoded(drawn, file)
        self.images.write(file.path, content)
        return AdFile(
            recipe=recipe.id,
            path=file.path,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            format=recipe.format,
            width=drawn.image.width,
            height=drawn.image.height,
            framing=planned.framing,
            kept=round(planned.kept, 4),
            extended=round(planned.extended, 4),
            scale=round(planned.scale, 4),
            window=_rounded(planned.window),
            quality=quality,
            flags=_flags(drawn),
            overlay=drawn.overlay,
            source=recipe.source_sha256,
            checks=ad_file_checks(cut, lines=file.lines, shop=file.shop),
        )

    def _encoded(self, drawn: AdPicture, file: AdFileTask) -> tuple[bytes, int | None]:
        """Return the bytes of a file and their quality; a signature is the last thing added."""
        recipe, most = file.recipe, file.recipe.max_kb
        xmp = xmp_packet(recipe)
        if not recipe.signed:
            encoded = encode(drawn.image, recipe.format, xmp=xmp, max_kb=most)
            return encoded.content, encoded.quality
        if self.signature is None:
            raise AdFileFailed("it is to be signed, and nothing here signs; see `pipeline check`")
        about = self.signature.about(recipe, drawn.planned, file.path)
        reserved = self.signature.signer.size(recipe.format, about)
        encoded = encode(drawn.image, recipe.format, xmp=xmp, max_kb=most, reserved=reserved)
        content = self.signature.signer.sign(encoded.content, recipe.format, about)
        if most is not None and len(content) > most * KILOBYTE:
            raise AdFileFailed(f"its signature needs more than {reserved:,} bytes of {most} kB")
        return content, encoded.quality


def _flags(drawn: AdPicture) -> tuple[Flag, ...]:
    """Return the flags of the window, and the one of an overlay that covers something."""
    covered = any(part.covers for part in drawn.overlay)
    there = {*drawn.planned.flags, *([Flag.COVERED] if covered else [])}
    return tuple(flag for flag in Flag if flag in there)


def _ad_frame(
    shape: SourceShape, planned: PlannedWindow, safe: Sides, pixels: tuple[int, int]
) -> AdFrame:
    """Return what the overlay has to keep clear of, in pixels of the ad file."""
    width, height = pixels
    window = planned.window
    x, y = width / window.w, height / window.h

    def placed(box: Box) -> Box:
        return Box((box.x - window.x) * x, (box.y - window.y) * y, box.w * x, box.h * y)

    return AdFrame(
        width=width,
        height=height,
        safe=safe,
        copy=tuple(placed(box) for box in shape.copy or ()),
        product=None if shape.product is None else placed(shape.product),
    )


def _rounded(box: Box) -> Sides:
    return round(box.x, 2), round(box.y, 2), round(box.w, 2), round(box.h, 2)


def window_of(shape: SourceShape, recipe: Recipe) -> tuple[PlannedWindow, tuple[int, int]]:
    """Return the window of an image that a recipe shows, and the pixels of the ad file."""
    pixels = recipe.pixels or (shape.width, shape.height)
    width, height = pixels
    target = Target(
        width=width,
        height=height,
        safe=recipe.safe,
        fit=recipe.fit,
        keep=tuple(_in_pixels(sides, shape) for sides in recipe.keep),
        focus=(
            None
            if recipe.focus is None
            else (recipe.focus[0] * shape.width, recipe.focus[1] * shape.height)
        ),
    )
    if recipe.zoom is not None:
        return chosen_window(shape, target, recipe.zoom), pixels
    planned = plan_window(shape, target)
    if recipe.overlay and shape.product is not None and not recipe.focus and not recipe.keep:
        for room in rooms_for(recipe.overlay, width, height, recipe.safe):
            roomy = plan_window(shape, replace(target, room=room))
            if set(roomy.flags) <= set(planned.flags):
                return roomy, pixels
    return planned, pixels


def _in_pixels(sides: Sides, shape: SourceShape) -> Box:
    x, y, width, height = sides
    return Box(x * shape.width, y * shape.height, width * shape.width, height * shape.height)


LONGEST = 1280
"""Most pixels of a side of a preview."""
_QUALITY = 90
_REMEMBERED = 2
"""Images that a process keeps decoded, since a person tries many windows of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFilePreview:
    """An ad file as it would be made."""

    content: bytes
    """JPEG, or WebP if it has transparent pixels; empty if it cannot be made."""
    content_type: str
    planned: PlannedWindow
    shape: SourceShape
    """The image, with its boxes."""
    refused: str = ""
    """Why it cannot be made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewAdFile:
    """Frame an image as `Derive` does, without writing anything."""

    images: StoreLocation
    source: str
    """Path of the image in the store."""
    boxes: PictureBoxes | None = None
    """As in `Derive`."""
    recipe: Recipe
    longest: int = LONGEST

    @property
    def reads(self) -> tuple[str, ...]:
        """The images that it reads."""
        return (self.source,)

    def run(self) -> AdFilePreview:
        """Return the preview; errors as those of `Derive`."""
        with task_errors(self.source, failed="gave no ad file"):
            return self._preview()

    def _preview(self) -> AdFilePreview:
        if sha256_of(open_images(self.images), self.source) != self.recipe.source_sha256:
            raise ImageBroken(f"{self.source} is missing, or is not the image that was approved")
        source, shape = _decoded(self.images, self.source, self.recipe.source_sha256, self.boxes)
        try:
            drawn = draw_ad_picture(source, shape, self.recipe, longest=self.longest)
        except AdFileFailed as error:
            planned, _ = window_of(shape, self.recipe)
            return AdFilePreview(
                content=b"", content_type="", planned=planned, shape=shape, refused=str(error)
            )
        content, content_type = _encoded(drawn.image)
        return AdFilePreview(
            content=content, content_type=content_type, planned=drawn.planned, shape=shape
        )


@lru_cache(maxsize=_REMEMBERED)
def _decoded(
    images: StoreLocation, path: str, sha256: str, boxes: PictureBoxes | None
) -> tuple[SourceImage, SourceShape]:
    """Return the decoded image; `sha256` tells it from one that replaced it."""
    del sha256
    with open_images(images).open(path) as stream, local_faults(path):
        source = open_source(stream)
    return source, source.shape(boxes)


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "WEBP", quality=_QUALITY, method=2)
        return out.getvalue(), "image/webp"
    image.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue(), "image/jpeg"
