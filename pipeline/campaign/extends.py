"""`extends`: mappings are merged, lists replaced, `+key` appends; the later value wins."""

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.campaign.findings import Findings, Place, refusal
from pipeline.campaign.reading.document import parse
from pipeline.campaign.reading.files import ReadableFile, below_root, beside, where_named
from pipeline.campaign.reading.located import LocatedList, LocatedMap
from pipeline.campaign.reading.source import read_text
from pipeline.errors import CampaignError

_MOST = 20
"""Most files in one chain."""


@dataclass(frozen=True, slots=True)
class ExtendedFile:
    """A campaign file, merged with all files that it extends."""

    document: LocatedMap
    findings: Findings = field(default_factory=Findings)
    bases: dict[str, ReadableFile] = field(default_factory=dict)
    """Every file of the merge, by its name in places."""


def read_extended(readable: ReadableFile, *, root: Path) -> ExtendedFile:
    """Read a campaign file and what it extends; raise `CampaignError` if one is unreadable."""
    extended = ExtendedFile(LocatedMap(Place(readable.shown, 1, 1)))
    merged = _resolved(readable, extended, root=root, chain=())
    unset = merged.get("stages") if "extends" in merged else None
    if isinstance(unset, LocatedMap):
        for name in [name for name, value in unset.items() if value is None]:
            del unset[name]
    return ExtendedFile(merged, extended.findings, extended.bases)


def _resolved(
    readable: ReadableFile, extended: ExtendedFile, *, root: Path, chain: tuple[Path, ...]
) -> LocatedMap:
    own = _read(readable, extended)
    bases, places = _named(own)
    merged = LocatedMap(own.place)
    chain = (*chain, readable.path.resolve())
    for named, at in zip(bases, places, strict=True):
        base = beside(named, base=readable)
        below_root(base, root=root, at=at, path="extends")
        if base.path.resolve() in chain:
            raise refusal(f"{base.shown} extends itself", at=at, code="extends", path="extends")
        if len(extended.bases) > _MOST:
            complaint = f"more than {_MOST} files build on each other"
            raise refusal(complaint, at=at, code="extends", path="extends")
        try:
            below = _resolved(base, extended, root=root, chain=chain)
        except CampaignError as error:
            raise where_named(error, base, at=at, path="extends") from error
        merged = _merged(merged, below, extended.findings)
    return _merged(merged, own, extended.findings)


def _read(readable: ReadableFile, extended: ExtendedFile) -> LocatedMap:
    text = read_text(readable.path, shown=readable.shown)
    document, findings = parse(text, file=readable.shown)
    for finding in findings.all:
        extended.findings.add(finding)
    extended.bases[readable.shown] = readable
    if isinstance(document, LocatedMap):
        return document
    kind = "is a list" if isinstance(document, list) else "is a single text"
    kind = "is empty" if document is None else kind
    complaint = f"{kind}; a campaign file is a mapping: campaign: …, matrix: …, prompt: …"
    raise refusal(complaint, at=Place(readable.shown, 1, 1), code="no-mapping")


def _named(document: LocatedMap) -> tuple[list[str], list[Place]]:
    """Return the files that a document extends; the grammar reports any other value."""
    extends = document.get("extends")
    if isinstance(extends, str):
        return [extends], [document.value_places["extends"]]
    if isinstance(extends, LocatedList):
        pairs = zip(extends, extends.places, strict=True)
        files = [(one, at) for one, at in pairs if isinstance(one, str)]
        return [one for one, _ in files], [at for _, at in files]
    return [], []


def _merged(base: LocatedMap, own: LocatedMap, findings: Findings) -> LocatedMap:
    """Return a new mapping; keys of `own` override those of `base`."""
    merged = LocatedMap(own.place, own.path)
    for key in base:
        merged.take(key, base)
    for key, value in own.items():
        before = base.get(key)
        if key.startswith("+"):
            _append(merged, key, own, findings)
        elif isinstance(value, LocatedMap) and isinstance(before, LocatedMap):
            at, value_at = own.key_places[key], own.value_places[key]
            merged.put(key, _merged(before, value, findings), at=at, value_at=value_at)
        elif isinstance(value, LocatedMap) and any(inner.startswith("+") for inner in value):
            at, value_at = own.key_places[key], own.value_places[key]
            fresh = _merged(LocatedMap(value.place, value.path), value, findings)
            merged.put(key, fresh, at=at, value_at=value_at)
        else:
            merged.take(key, own)
    return merged


def _append(merged: LocatedMap, key: str, own: LocatedMap, findings: Findings) -> None:
    name, value = key[1:], own[key]
    before = merged.get(name)
    at, value_at = own.key_places[key], own.value_places[key]
    if not isinstance(value, LocatedList) or not isinstance(before, LocatedList | None):
        findings.error(f"{key} appends a list to a list", at=at, code="extends", path=key)
        return
    both = LocatedList(value.place, value.path.replace(key, name))
    for source in (before, value):
        if isinstance(source, LocatedList):
            for one, place in zip(source, source.places, strict=True):
                both.put(one, at=place)
    merged.put(name, both, at=at, value_at=value_at)
