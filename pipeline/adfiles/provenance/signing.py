"""Content credentials (C2PA): the interface of the signer, which comes with the extra `c2pa`.

The certificate and its key are named by the settings of this machine, never by a campaign file.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from pipeline.errors import UsageError
from pipeline.model.adfiles.ad_file import Framing, Recipe, Signing
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.settings import SigningSettings

SIGNER = ("pipeline.adfiles.provenance.content_credentials", "CertificateSigner")
NEEDED = "c2pa"
HINT = "pip install 'campaign-pipeline[c2pa]'"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedContent:
    """What is said about an ad file in its content credentials, besides its pixels."""

    recipe: Recipe
    framing: Framing
    title: str
    parent: bytes
    """The image that it was made of."""
    parent_type: str
    """MIME type of that image."""


class ContentSigner(Protocol):
    """Signs finished files; nothing may be changed in them afterwards."""

    def sign(self, content: bytes, form: ImageFormat, about: SignedContent) -> bytes:
        """Return the file with its signed content credentials; `AdFileFailed` if that fails."""
        ...

    def size(self, form: ImageFormat, about: SignedContent) -> int:
        """Return the most bytes that signing adds to a file of this format."""
        ...


def signing_of(settings: SigningSettings) -> Signing:
    """Return what signs ad files on this machine; tries it once.

    `UsageError` if the extra is missing, or if the certificate or its key cannot be used.
    """
    if find_spec(NEEDED) is None:
        raise UsageError(f"c2pa: sign needs the extra c2pa: {HINT}")
    missing = [
        name
        for name, value in (
            ("PIPELINE_C2PA_CERTIFICATE", settings.certificate),
            ("PIPELINE_C2PA_KEY", settings.key),
        )
        if not value
    ]
    if missing:
        raise UsageError(
            f"c2pa: sign needs a certificate and its key: set {' and '.join(missing)} to the "
            "path of a PEM file"
        )
    signing = Signing(
        certificate=settings.certificate, key=settings.key, algorithm=settings.algorithm
    )
    open_signer(signing)
    return signing


def open_signer(signing: Signing) -> ContentSigner:
    """Return a signer; `UsageError` if its certificate or key cannot be used."""
    module, kind = SIGNER
    try:
        signer: ContentSigner = getattr(import_module(module), kind)(signing)
    except ImportError as error:
        raise UsageError(f"c2pa: sign needs the extra c2pa: {HINT}") from error
    return signer
