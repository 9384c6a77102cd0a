import pytest

from pipeline.engine.limits import Turnstile
from pipeline.engine.options import Limits
from pipeline.engine.refusal import RefusedError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_images_a_minute_are_counted_not_requests():
    turnstile = Turnstile(Limits(images_per_minute=5), clock=Clock())
    turnstile.enter(4)
    with pytest.raises(RefusedError, match="too many requests: 5 images a minute"):
        turnstile.enter(2)
    turnstile.enter(1)


def test_retry_after_is_when_enough_of_the_minute_has_passed():
    clock = Clock()
    turnstile = Turnstile(Limits(images_per_minute=5), clock=clock)
    turnstile.enter(1)
    clock.now += 20
    turnstile.enter(4)
    clock.now += 10
    with pytest.raises(RefusedError) as caught:
        turnstile.enter(1)
    assert caught.value.retry_after == pytest.approx(30)
    clock.now += 30
    turnstile.enter(1)


def test_a_request_larger_than_the_limit_goes_alone():
    clock = Clock()
    turnstile = Turnstile(Limits(images_per_minute=5), clock=clock)
    turnstile.enter(10)
    with pytest.raises(RefusedError) as caught:
        turnstile.enter(1)
    assert caught.value.retry_after == pytest.approx(60)


def test_in_flight_is_freed_by_whoever_leaves():
    turnstile = Turnstile(Limits(in_flight=1))
    with turnstile.passing(1), pytest.raises(RefusedError, match="in flight") as caught:
        turnstile.enter(1)
    assert (caught.value.status, caught.value.retry_after) == (429, 1.0)
    turnstile.enter(1)


def test_who_is_turned_away_takes_no_place():
    turnstile = Turnstile(Limits(images_per_minute=1, in_flight=2))
    turnstile.enter(1)
    for _ in range(3):
        with pytest.raises(RefusedError, match="a minute"):
            turnstile.enter(1)
