"""The file keeps its promises against any program that opens it."""

import hashlib
from pathlib import Path

import apsw
import pytest

from pipeline.ledger.sqlite.migrations import MIGRATIONS


@pytest.mark.parametrize(
    "wrong",
    [
        "delete from job",
        "delete from purchase",
        "delete from attempt",
        "delete from run",
        "delete from verdict",
        "update verdict set decision = 'redo'",
        "update attempt set outcome = 'failed' where outcome = 'paid'",
        "update attempt set outcome = 'submitted' where outcome = 'doubt'",
        "update purchase set state = 'freed' where state = 'confirmed'",
        "update purchase set credits = 0 where state = 'confirmed'",
        "update purchase set key = 'x'",
        "update purchase set state = 'reserved' where state = 'doubt'",
        "update job set state = 'gone'",
        "update job set path = null where state = 'stored'",
        "update total set reserved = -1",
        "insert into attempt values (1, 2, 9, 1, 0, 0, 0, 'paid', '', '', 0)",
    ],
)
def test_the_file_itself_refuses_to_forget_or_rewrite(place, wrong):
    connection = apsw.Connection(str(place))
    connection.execute("pragma foreign_keys = on")
    with pytest.raises(apsw.ConstraintError):
        connection.execute(wrong)
    connection.close()


def test_the_steps_that_were_released_are_never_edited():
    assert [hashlib.sha256(step.encode()).hexdigest()[:16] for step in MIGRATIONS] == [
        "9e41248e3137da53",
    ]


def test_the_ledger_names_no_path_of_this_machine(place):
    assert str(Path.home()).encode() not in place.read_bytes()
