import pytest

from pipeline.imageserver.api.limits import RequestLimits
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.options import Limits


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_images_a_minute_are_counted_not_requests():
    request_limits = RequestLimits(Limits(images_per_minute=5), clock=Clock())
    request_limits.acquire(4)
    with pytest.raises(RefusedError, match="too many requests: 5 images a minute"):
        request_limits.acquire(2)
    request_limits.acquire(1)


def test_retry_after_is_when_enough_of_the_minute_has_passed():
    clock = Clock()
    request_limits = RequestLimits(Limits(images_per_minute=5), clock=clock)
    request_limits.acquire(1)
    clock.now += 20
    request_limits.acquire(4)
    clock.now += 10
    with pytest.raises(RefusedError) as caught:
        request_limits.acquire(1)
    assert caught.value.retry_after == pytest.approx(30)
    clock.now += 30
    request_limits.acquire(1)


def test_a_request_larger_than_the_limit_goes_alone():
    clock = Clock()
    request_limits = RequestLimits(Limits(images_per_minute=5), clock=clock)
    request_limits.acquire(10)
    with pytest.raises(RefusedError) as caught:
        request_limits.acquire(1)
    assert caught.value.retry_after == pytest.approx(60)


def test_in_flight_is_freed_by_whoever_leaves():
    request_limits = RequestLimits(Limits(in_flight=1))
    with request_limits.admit(1), pytest.raises(RefusedError, match="in flight") as caught:
        request_limits.acquire(1)
    assert (caught.value.status, caught.value.retry_after) == (429, 1.0)
    request_limits.acquire(1)


def test_who_is_turned_away_takes_no_place():
    request_limits = RequestLimits(Limits(images_per_minute=1, in_flight=2))
    request_limits.acquire(1)
    for _ in range(3):
        with pytest.raises(RefusedError, match="a minute"):
            request_limits.acquire(1)
