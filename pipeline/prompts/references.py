"""Reference images and masks: finding, checking and hashing files that are part of a request."""

import hashlib
from pathlib import Path

from pipeline.campaign.findings import Place
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.reading.files import below_root, beside
from pipeline.campaign.reading.source import read_bytes
from pipeline.errors import CampaignError, ImageBroken
from pipeline.images.formats.shape import Shape
from pipeline.images.formats.structure import StructureScan
from pipeline.model.artifact import Alpha, ImageKind
from pipeline.model.providers.request import Reference
from pipeline.suggestions import listing

_STARTS = {
    ImageKind.PNG: b"\x89PNG\r\n\x1a\n",
    ImageKind.JPEG: b"\xff\xd8\xff",
    ImageKind.WEBP: b"RIFF",
}
_NAMES = {ImageKind.PNG: "PNG", ImageKind.JPEG: "JPEG", ImageKind.WEBP: "WebP"}


class References:
    """The reference images and masks of a campaign, each read once."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self._known = loaded.prompt_cache.references
        self._shapes: dict[str, Shape | str] = {}
        """Shape, or what is wrong with the file, by sha256."""

    def find(self, template: str, written: str, *, mask: bool = False) -> Reference | str:
        """Return the image that a template names, or what is wrong with it."""
        key = (template, written)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(template, written, mask=mask)
        return known

    def mask_problem(self, mask: Reference, first: Reference | None) -> str | None:
        """Return why a mask does not fit the first reference image; `None` if it does."""
        if first is None:
            return "needs a reference image, whose part it marks"
        shape, other = (self._shape(one) for one in (mask, first))
        if isinstance(shape, str):
            return f"the mask is damaged: {shape}"
        if shape.alpha is Alpha.NONE:
            return "the mask has no transparent pixels, which mark what is painted anew"
        if isinstance(other, str):
            return f"the first reference is damaged: {other}"
        if (shape.width, shape.height) != (other.width, other.height):
            return (
                f"the mask has {shape.width}×{shape.height} pixels, and the first reference "
                f"{other.width}×{other.height}: they must be equal"
            )
        return None

    def _shape(self, reference: Reference) -> Shape | str:
        if reference.sha256 not in self._shapes:
            scan = StructureScan()
            try:
                caps = self.loaded.profile.caps
                most = max(caps.reference_bytes, caps.mask_bytes)
                scan.feed(read_bytes(Path(reference.path), shown=reference.path, limit=most))
                self._shapes[reference.sha256] = scan.finish()
            except (ImageBroken, CampaignError) as error:
                self._shapes[reference.sha256] = str(error)
        return self._shapes[reference.sha256]

    def _read(self, template: str, written: str, *, mask: bool) -> Reference | str:
        library, caps = self.loaded.templates, self.loaded.profile.caps
        readable = beside(written, base=library.files[template])
        kinds = (ImageKind.PNG,) if mask else caps.reference_kinds
        what = "mask" if mask else "reference"
        try:
            below_root(readable, root=library.root, at=Place(readable.shown))
            limit = caps.mask_bytes if mask else caps.reference_bytes
            content = read_bytes(readable.path, shown=readable.shown, limit=limit)
        except CampaignError as error:
            why = error.findings[0].complaint.removeprefix(readable.shown).strip()
            return f"the {what} {readable.shown} {why}"
        if not content.startswith(tuple(_STARTS[kind] for kind in kinds)):
            known = listing([_NAMES[kind] for kind in kinds], last="or")
            return f"the {what} {readable.shown} is not a {known}"
        return Reference(path=str(readable.path), sha256=hashlib.sha256(content).hexdigest())
