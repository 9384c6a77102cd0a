"""A bounded soak; `python -m tests.crash --soak` is the whole one."""

import pytest
from crash.soak import soak


@pytest.mark.timeout(600)
@pytest.mark.parametrize("honours_keys", [True, False], ids=["keys honoured", "keys ignored"])
def test_every_charge_is_accounted_for_after_faults_and_three_kills(tmp_path, honours_keys):
    report = soak(tmp_path, jobs=40, kills=3, honours_keys=honours_keys)
    assert report.violations == [], report
    assert report.kills == 3
    assert report.audits > report.kills


@pytest.mark.timeout(600)
def test_every_nano_dollar_is_accounted_for_where_replies_hold_the_image(tmp_path):
    report = soak(tmp_path, jobs=12, kills=1, wire="openai")
    assert report.violations == [], report
    assert report.charged > 10**6


@pytest.fixture
def asked_for(request):
    """Half an hour: `pytest -m thorough` asks for it."""
    if "thorough" not in request.config.option.markexpr:
        pytest.skip("the whole soak; ask with -m thorough")


@pytest.mark.thorough
@pytest.mark.usefixtures("asked_for")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("honours_keys", [True, False], ids=["keys honoured", "keys ignored"])
def test_every_charge_is_accounted_for_after_faults_and_ten_kills(tmp_path, honours_keys):
    report = soak(tmp_path, jobs=500, kills=10, honours_keys=honours_keys)
    assert report.violations == [], report
    assert report.kills >= 8
