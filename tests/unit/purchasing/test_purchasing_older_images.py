"""An older image of ours gives its place to a newer one; a file of others never does."""

import pytest
from builders import a_job
from fake_provider import ScriptedAnswer

from pipeline.errors import LocalFault, ProviderStopped
from pipeline.model.outcome import Stored

OLD, NEW = a_job(prompt="A photo of a soda bottle."), a_job(prompt="A drawing of a soda bottle.")
REFUSED = [ScriptedAnswer(error=ProviderStopped("401"))]


async def run(here, job):
    """Render one job as a run does."""
    known = (await here.ledger.record(job.at.campaign)).entries
    await here.renderer.prepare_paths([job], known)
    return await here.render(job)


def next_run(here, tmp_path, script=()):
    """The parts of another run over the same ledger and folder."""
    made = type(here)(tmp_path, script, ledger=here.ledger)
    made.provider.asked.extend(here.provider.asked)  # so that it paints another picture
    return made


async def test_an_older_image_makes_way_also_after_a_run_that_brought_nothing(case, tmp_path):
    """The failed run recorded the second name of the older image, whose file kept its first name
    as well: the next run took that for a foreign file and ended with 74. It is how people go from
    the embedded server to the real API: a trial, a wrong key, the right key.
    """
    here = await case()
    await run(here, OLD)
    place = tmp_path / OLD.at.campaign / OLD.path
    older = place.read_bytes()
    [nothing] = await run(next_run(here, tmp_path, REFUSED), NEW)
    assert nothing is None
    assert place.read_bytes() == older
    [outcome] = await run(next_run(here, tmp_path), NEW)
    assert isinstance(outcome, Stored)
    assert place.read_bytes() != older
    kept = (await here.ledger.entries([OLD.key]))[OLD.key].outcome.artifact
    assert (tmp_path / kept.path).read_bytes() == older


async def test_a_foreign_file_in_the_first_place_of_an_older_image_is_refused(case, tmp_path):
    here = await case()
    await run(here, OLD)
    await run(next_run(here, tmp_path, REFUSED), NEW)
    place = tmp_path / OLD.at.campaign / OLD.path
    place.unlink()
    place.write_bytes(b"somebody's own notes")
    with pytest.raises(LocalFault, match="already exists"):
        await run(next_run(here, tmp_path), NEW)
    assert place.read_bytes() == b"somebody's own notes"
