"""`verify` where images cannot be decoded because of the machine, and not of the image."""

import pytest
from encoded_pictures import encoded, pieces

from pipeline.app.commands.verify import _Verifier
from pipeline.errors import ImageBroken, TaskDied, WorkerFault
from pipeline.images.local.store import LocalImageStore
from pipeline.images.reading import Condition
from pipeline.model.names import Slug
from pipeline.state.output.kept_checks import KeptChecks


class FailingExecutor:
    at_once = 1

    def __init__(self, error):
        self._error = error

    async def run(self, _task):
        raise self._error


@pytest.mark.parametrize(
    ("error", "condition"),
    [
        (TaskDied("Inspect ended every process it ran in"), Condition.UNDECODED),
        (WorkerFault("no memory (worker a)"), Condition.UNDECODED),
        (ImageBroken("cannot be decoded"), Condition.BROKEN),
    ],
)
async def test_a_task_that_fails_is_told_of_its_image_and_the_others_are_verified(
    tmp_path, error, condition
):
    """It ended the command in the middle, and nothing was told of any image."""
    images, campaign = LocalImageStore(tmp_path), Slug("c")
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    verifier = _Verifier(
        images=images,
        executor=FailingExecutor(error),
        kept={campaign: KeptChecks(tmp_path, campaign)},
    )
    found = await verifier.conditions([(campaign, artifact)] * 2)
    assert found == [("c/a.png", condition)] * 2
