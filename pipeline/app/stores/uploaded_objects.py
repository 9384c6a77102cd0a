"""What was uploaded, compared with what the store lists now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.images.object_store.address import store_address
from pipeline.images.object_store.base import FoundObject, ObjectVersion
from pipeline.images.object_store.registry import open_objects
from pipeline.model.names import Slug
from pipeline.state.upkeep.upload_record import (
    UploadedObject,
    UploadRecord,
    newest_store,
    uploaded_campaigns,
)


class ObjectCondition(StrEnum):
    """What has become of an object that was uploaded."""

    MISSING = "missing"
    CHANGED = "changed by others"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectsChecked:
    """The condition of the objects that were uploaded."""

    objects: int
    bad: Mapping[str, str]
    """URL → `ObjectCondition`, for each object that is not as it was uploaded."""


def check_objects(output: Path, campaign: Slug | None) -> ObjectsChecked:
    """Compare the uploads of a campaign, or of all, with what their stores list; blocks.

    Sizes and versions are compared, and nothing is read. `StoreFault` if a store does not answer.
    """
    wanted = uploaded_campaigns(output) if campaign is None else [campaign]
    count, bad = 0, dict[str, str]()
    for one in wanted:
        if not (url := newest_store(output, one)):
            continue
        uploaded = [*UploadRecord(output, one, url)]
        count += len(uploaded)
        bad |= _bad_objects(url, one, uploaded)
    return ObjectsChecked(objects=count, bad=bad)


async def remove_object(output: Path, campaign: Slug, path: str) -> None:
    """Remove an object that was uploaded, unless others have changed it; safe to repeat.

    `StoreFault` if the store fails.
    """
    url = newest_store(output, campaign)
    record = UploadRecord(output, campaign, url)
    uploaded = record.at(path)
    if uploaded is None:
        return
    store = open_objects(store_address(url))
    if _condition(uploaded, await store.head(path)) is None:
        await store.delete(path)
    record.remove(path)


def _bad_objects(url: str, campaign: Slug, uploaded: Sequence[UploadedObject]) -> Mapping[str, str]:
    store = open_objects(store_address(url))
    found = {one.path: one for one in store.found_below(campaign)}
    conditions = {one.path: _condition(one, found.get(one.path)) for one in uploaded}
    return {
        store.address.at(path): str(condition)
        for path, condition in sorted(conditions.items())
        if condition is not None
    }


def _condition(uploaded: UploadedObject, found: FoundObject | None) -> ObjectCondition | None:
    if found is None:
        return ObjectCondition.MISSING
    same = found.size == uploaded.bytes and _same_version(uploaded, found.version)
    return None if same else ObjectCondition.CHANGED


def _same_version(uploaded: UploadedObject, found: ObjectVersion) -> bool:
    """Return whether a listing names the version; some stores list no generation."""
    if uploaded.generation and found.generation:
        return uploaded.generation == found.generation
    return uploaded.etag == found.etag
