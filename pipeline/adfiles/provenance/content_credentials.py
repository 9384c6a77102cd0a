"""Signing ad files with c2pa-python: actions, the parent, no thumbnails.

Thumbnails would add 300 to 600 kB; without them, a signature adds 3 to 5 kB.
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import c2pa
from PIL import Image

from pipeline.adfiles.provenance.signing import SignedContent
from pipeline.adfiles.provenance.xmp import BY_AN_ALGORITHM, CREATOR, SOURCE_TYPES
from pipeline.errors import AdFileFailed, UsageError
from pipeline.model.adfiles.ad_file import Framing, Signing
from pipeline.model.adfiles.placement import ImageFormat

_TYPES = {
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.AVIF: "image/avif",
}
_PILLOW = {
    ImageFormat.JPG: "JPEG",
    ImageFormat.PNG: "PNG",
    ImageFormat.WEBP: "WEBP",
    ImageFormat.AVIF: "AVIF",
}
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}
_SPARE = 64
"""Bytes kept for numbers in the file that become longer with its size."""
_PARENT = "parent"
Action = Mapping[str, object]
"""One step, as C2PA's actions assertion has it."""
_CREATED: Action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + BY_AN_ALGORITHM}
_FRAMED = {
    Framing.SCALED: (),
    Framing.CROPPED: ("c2pa.cropped",),
    Framing.EXTENDED: ("c2pa.cropped", "c2pa.edited"),
    Framing.PADDED: ("c2pa.edited",),
}


class CertificateSigner:
    """`ContentSigner` with a certificate chain and a private key in PEM files."""

    def __init__(self, signing: Signing) -> None:
        """Read both files; `UsageError` if they cannot be read or do not belong together."""
        self._signing = signing
        self._certificate = _read(signing.certificate, "PIPELINE_C2PA_CERTIFICATE")
        self._key = _read(signing.key, "PIPELINE_C2PA_KEY")
        try:
            sample = _smallest(ImageFormat.JPG)
            self._sign(sample, _TYPES[ImageFormat.JPG], actions=[_CREATED], parent=None)
        except (c2pa.C2paError, ValueError) as error:
            raise UsageError(
                f"{signing.certificate} and its key cannot sign with {signing.algorithm} "
                f"(PIPELINE_C2PA_ALGORITHM): {error}"
            ) from error

    def sign(self, content: bytes, form: ImageFormat, about: SignedContent) -> bytes:
        """See `ContentSigner`."""
        parent = (about.parent, about.parent_type)
        try:
            return self._sign(
                content, _TYPES[form], actions=_actions(about), parent=parent, title=about.title
            )
        except (c2pa.C2paError, ValueError) as error:
            raise AdFileFailed(f"cannot be signed: {error}") from error

    def size(self, form: ImageFormat, about: SignedContent) -> int:
        """See `ContentSigner`; signs the smallest file of the format to find out."""
        smallest = _smallest(form)
        return len(self.sign(smallest, form, about)) - len(smallest) + _SPARE

    def _sign(
        self,
        content: bytes,
        mime: str,
        *,
        actions: Sequence[Action],
        parent: tuple[bytes, str] | None,
        title: str = "",
    ) -> bytes:
        manifest = {
            "claim_generator_info": [{"name": CREATOR}],
            "title": title,
            "format": mime,
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
        }
        information = c2pa.C2paSignerInfo(
            alg=self._signing.algorithm.encode(),
            sign_cert=self._certificate,
            private_key=self._key,
            ta_url=None,
        )
        out = io.BytesIO()
        settings = c2pa.Settings.from_dict(_SETTINGS)
        with c2pa.Signer.from_info(information) as signer, c2pa.Context(settings) as context:
            builder = c2pa.Builder(json.dumps(manifest), context)
            if parent is not None:
                told = {"title": "original", "relationship": "parentOf", "label": _PARENT}
                builder.add_ingredient(json.dumps(told), parent[1], io.BytesIO(parent[0]))
            builder.sign(signer, mime, io.BytesIO(content), out)
        return out.getvalue()


def _actions(about: SignedContent) -> Sequence[Action]:
    """Return what was done to the parent, in order."""
    opened: Action = {
        "action": "c2pa.opened",
        "digitalSourceType": SOURCE_TYPES + about.recipe.labels.source_type,
        "parameters": {"ingredientIds": [_PARENT]},
    }
    done = [*_FRAMED[about.framing], "c2pa.resized"]
    done += ["c2pa.edited"] if about.recipe.mark is not None else []
    return [opened, *({"action": name} for name in dict.fromkeys(done))]


def _smallest(form: ImageFormat) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "white").save(out, _PILLOW[form])
    return out.getvalue()


def _read(path: str, variable: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{variable}: {path}: {error.strerror}") from error
