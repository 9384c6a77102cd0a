"""Reference images: finding and hashing the files that are part of a request."""

import hashlib

from pipeline.campaign.findings import Place
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.reading.files import below_root, beside
from pipeline.campaign.reading.source import read_bytes
from pipeline.errors import CampaignError
from pipeline.model.request import Reference

_LARGEST = 50 * 1024 * 1024
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")


class References:
    """The reference images of a campaign, each read once."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self._known = loaded.prompt_cache.references

    def find(self, template: str, written: str) -> Reference | str:
        """Return the image that a template names, or what is wrong with it."""
        key = (template, written)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(template, written)
        return known

    def _read(self, template: str, written: str) -> Reference | str:
        library = self.loaded.templates
        readable = beside(written, base=library.files[template])
        try:
            below_root(readable, root=library.root, at=Place(readable.shown))
            content = read_bytes(readable.path, shown=readable.shown, limit=_LARGEST)
        except CampaignError as error:
            why = error.findings[0].complaint.removeprefix(readable.shown).strip()
            return f"the reference {readable.shown} {why}"
        if not content.startswith(_STARTS):
            return f"the reference {readable.shown} is not a PNG, JPEG or WebP"
        return Reference(path=str(readable.path), sha256=hashlib.sha256(content).hexdigest())
