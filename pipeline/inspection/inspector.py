"""Looking at stored images from the event loop: decoding, alpha and thumbs in worker processes."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pipeline.errors import ImageBroken
from pipeline.executors.process_pool import ProcessPool
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.inspection.checks import DecodedImage
from pipeline.inspection.decoding import examine
from pipeline.model.artifact import Artifact


class Looker:
    """Decodes images of one output folder; the workers are the caller's to open and close."""

    def __init__(self, root: Path, workers: ProcessPool) -> None:
        self._root, self._workers = root.resolve(), workers

    async def look(self, artifact: Artifact, *, thumbs_for: str = "") -> DecodedImage:
        """What the image shows; with `thumbs_for` a campaign, its thumbs are made on the way.

        Both cost one decoding. `ImageBroken` where the image cannot be decoded to its last pixel,
        `LocalFault` where the disk fails or the file is gone. Safe to repeat.
        """
        thumbs = (
            tuple(thumb_path(thumbs_for, artifact.sha256, side) for side in SIDES)
            if thumbs_for
            else ()
        )
        try:
            return await self._workers.run(examine, self._root, artifact.path, thumbs)
        except BrokenProcessPool as error:
            raise ImageBroken("the image ends every process that decodes it") from error
