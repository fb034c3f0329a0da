"""How fast letters go at most."""

from __future__ import annotations

from loanbook.outbox.pace import Pace


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time that it shows."""
        return self.now


def test_moments_lie_evenly_apart() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    assert [pace.wait() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    clock.now += 0.5
    assert pace.wait() == 0.5


def test_a_pause_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(2, clock)
    pace.wait()
    clock.now += 60
    assert [pace.wait() for _ in range(3)] == [0.0, 0.5, 1.0]


def test_no_limit() -> None:
    pace = Pace(0, Clock())
    assert {pace.wait() for _ in range(1000)} == {0.0}
