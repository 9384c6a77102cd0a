"""The origin of an ad file, as XMP metadata: made by a model, from which image and prompt.

Sources: IPTC Photo Metadata Standard 2025.1 (DigitalSourceType, AltTextAccessibility), IPTC
NewsCodes "digitalsourcetype", XMP specification part 1.
"""

from xml.sax.saxutils import escape, quoteattr

from pipeline.model.adfiles.ad_file import FileLabels, Recipe

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
BY_A_MODEL = "trainedAlgorithmicMedia"
"""An image API's pictures."""
BY_AN_ALGORITHM = "algorithmicMedia"
"""The embedded renderer's pictures: drawn by rules, without a trained model."""
COMPOSITES = {
    BY_A_MODEL: "compositeWithTrainedAlgorithmicMedia",
    BY_AN_ALGORITHM: "compositeSynthetic",
}
"""The same with an overlay; the second is a composite, but not of a trained model's work."""
CREATOR = "campaign-pipeline"

_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="r"?>'
_NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "adfile": "urn:campaign-pipeline:ad-file:",
}


def xmp_packet(recipe: Recipe) -> bytes:
    """Return the XMP of an ad file, as UTF-8."""
    labels = recipe.labels
    simple = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + labels.source_type,
        "photoshop:Credit": labels.credit,
        "xmp:CreatorTool": CREATOR,
        "adfile:Placement": recipe.placement,
        "adfile:Recipe": recipe.id,
        "adfile:OriginalSHA256": recipe.source_sha256,
        "adfile:PromptSHA256": labels.prompt_sha256,
        "adfile:VisibleLabel": recipe.mark or "",
    }
    spaces = "".join(f' xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())
    attributes = "".join(f" {name}={quoteattr(text)}" for name, text in simple.items() if text)
    return (
        f'{_BEGIN}<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about=""{spaces}{attributes}>{_texts(labels)}</rdf:Description>'
        f"</rdf:RDF></x:xmpmeta>{_END}"
    ).encode()


def _texts(labels: FileLabels) -> str:
    """Return the alternative text, in the two properties where screen readers look for it."""
    if not labels.alt_text:
        return ""
    words = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(labels.alt_text)}</rdf:li></rdf:Alt>'
    return "".join(
        f"<{name}>{words}</{name}>"
        for name in ("Iptc4xmpCore:AltTextAccessibility", "dc:description")
    )
