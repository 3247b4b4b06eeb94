"""Work in a thread that is left: what it gives, what it asks, and that nobody waits for it in vain."""

import threading
import weakref

import pytest

from ingestion.services import apart as module
from ingestion.services.apart import Left, apart, call_apart


class Enough(Exception): ...


def nothing() -> None: ...


class After:
    """A check that has enough when it has looked so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self) -> None:
        self.times -= 1
        if self.times < 0:
            raise Enough()


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.01)


@pytest.fixture
def silence():
    """A server that never answers, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_items_come_in_order_one_at_a_time():
    made = []

    def work(aside):
        for number in range(3):
            made.append(number)
            yield number

    items = apart(work, check=nothing)
    assert next(items) == 0
    assert made == [0]
    assert list(items) == [1, 2]


def test_calls_are_made_in_the_thread_that_waits():
    here = threading.current_thread()

    def work(aside):
        yield aside.call(threading.current_thread)

    assert list(apart(work, check=nothing)) == [here]
    assert call_apart(threading.current_thread, check=nothing) is not here


def test_errors_of_the_work_and_of_its_calls_arrive():
    def fails():
        raise KeyError("x")

    with pytest.raises(KeyError):
        call_apart(fails, check=nothing)

    def work(aside):
        try:
            aside.call(fails)
        except KeyError as error:
            yield error.args[0]
        aside.call(fails)

    items = apart(work, check=nothing)
    assert next(items) == "x"
    with pytest.raises(KeyError):
        next(items)


@pytest.mark.parametrize("before", [0, 1])
def test_who_waits_for_what_never_comes_goes_when_it_has_enough(silence, before, monkeypatch):
    monkeypatch.setattr(module, "PARTING", 0.01)

    def work(aside):
        yield from range(before)
        silence.wait(60)
        yield "too late"

    with pytest.raises(Enough):
        list(apart(work, check=After(20)))
    assert not silence.is_set()


def test_what_comes_late_is_waited_for():
    asked, ready = [], threading.Event()

    def check():
        asked.append(1)
        if len(asked) == 20:
            ready.set()

    assert call_apart(lambda: ready.wait(60), check=check)
    assert len(asked) >= 20


@pytest.mark.parametrize("how", ["closed", "failed"])
def test_work_that_is_left_ends_what_it_opened(how):
    """Between two items, and at a call; also where it takes every `Exception` for its driver's."""
    ended, reached = [], threading.Event()

    def work(aside):
        try:
            yield 1
            reached.set()
            try:
                aside.call(nothing)
            except Exception:  # noqa: BLE001
                ended.append("it went on")
            yield 2
        except Left:
            ended.append("left")
            raise
        finally:
            ended.append("closed")

    if how == "closed":
        items = apart(work, check=nothing)
        next(items)
        items.close()
        assert ended == ["closed"]
    else:

        def check():
            if reached.is_set():
                raise Enough()

        with pytest.raises(Enough):
            list(apart(work, check=check))
        assert ended[-1:] == ["closed"]
        assert "it went on" not in ended


def test_item_is_not_kept_while_the_next_one_is_made():
    class Batch: ...

    alive = []

    def work(aside):
        first = Batch()
        seen = weakref.ref(first)
        yield_of = [first]
        del first
        yield yield_of.pop()
        alive.append(seen())
        yield Batch()

    for item in apart(work, check=nothing):
        del item
    assert alive == [None]


def test_error_is_not_kept_once_it_was_seen():
    def fails():
        raise Enough()

    seen = []
    try:
        call_apart(fails, check=nothing)
    except Enough as error:
        seen.append(weakref.ref(error))
    assert seen[0]() is None


def test_work_that_is_left_may_ask_again_and_is_told_again():
    """As it does where it says goodbye in a `finally`: it must not wait for an answer that nobody gives."""
    told, ended = [], threading.Event()

    def work(aside):
        try:
            yield 1
            yield 2
        finally:
            for _ in range(2):
                try:
                    aside.call(nothing)
                except Left:
                    told.append("left")
            ended.set()

    items = apart(work, check=nothing)
    next(items)
    items.close()
    assert ended.wait(60)
    assert told == ["left", "left"]
