"""Images handed to the provider: found, hashed once, part of the request."""

import hashlib

from pipeline.campaign.files import below_root, beside
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.places import Place
from pipeline.campaign.reading.source import read_bytes
from pipeline.errors import CampaignError
from pipeline.model.request import Reference

_LARGEST = 50 * 1024 * 1024
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")


class References:
    """Reads each image once."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self._known = loaded.shelf.references

    def find(self, template: str, written: str) -> Reference | str:
        """The image that a template names, or what is wrong with it."""
        key = (template, written)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(template, written)
        return known

    def _read(self, template: str, written: str) -> Reference | str:
        library = self.loaded.library
        reading = beside(written, base=library.files[template])
        try:
            below_root(reading, root=library.root, at=Place(reading.shown))
            content = read_bytes(reading.path, shown=reading.shown, limit=_LARGEST)
        except CampaignError as error:
            why = error.findings[0].complaint.removeprefix(reading.shown).strip()
            return f"the reference {reading.shown} {why}"
        if not content.startswith(_STARTS):
            return f"the reference {reading.shown} is no PNG, JPEG or WebP"
        return Reference(path=str(reading.path), sha256=hashlib.sha256(content).hexdigest())
