import pytest

from pipeline.app.run.endings import exit_code
from pipeline.errors import BudgetReached, CircuitOpen, Interrupted, LocalFault, ProviderStopped
from pipeline.model.outcome import Status

FULL = BudgetReached(scope="run", limit=20, spent=12, price=12)


@pytest.mark.parametrize(
    ("counts", "reason", "code"),
    [
        ({Status.STORED: 9}, None, 0),
        ({Status.STORED: 9, Status.PLANNED: 1}, None, 0),
        ({Status.FAILED: 1}, None, 3),
        ({Status.REFUSED: 1}, None, 3),
        ({Status.PAID_LOST: 1}, None, 3),
        ({Status.PENDING_DOWNLOAD: 1}, None, 3),
        ({Status.PLANNED: 1}, FULL, 4),
        ({Status.FAILED: 1}, FULL, 4),
        ({Status.IN_DOUBT: 1}, FULL, 6),
        ({}, CircuitOpen(doubts=3, last="reset"), 6),
        ({Status.IN_DOUBT: 1}, ProviderStopped("401"), 7),
        ({Status.IN_DOUBT: 1}, LocalFault("disk full"), 74),
        ({Status.IN_DOUBT: 1}, Interrupted(signal_name="SIGINT", exit_code=130), 130),
        ({Status.STORED: 1}, Interrupted(signal_name="SIGTERM", exit_code=143), 143),
    ],
)
def test_the_gravest_ending_names_the_exit_code(counts, reason, code):
    assert exit_code(counts, reason=reason) == code


@pytest.mark.parametrize("status", [Status.STORED, Status.REFUSED, Status.PAID_LOST])
def test_money_in_doubt_is_told_whatever_became_of_the_image(status):
    assert exit_code({status: 1}, reason=None, doubtful=True) == 6


def test_drafts_that_wait_for_review_are_told_only_to_who_asks():
    assert exit_code({Status.STORED: 1}, reason=None, waiting=True) == 5
