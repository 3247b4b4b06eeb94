"""The collector stands still while many rows are at work, and goes on after, whatever happens."""

import gc
from collections.abc import Iterator

import pytest

from audit.collector import collector_paused
from catalog.services import AssetDraft, bulk, upsert_assets


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    gc.enable()


def test_pauses_and_goes_on():
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_goes_on_after_an_error():
    with pytest.raises(KeyError), collector_paused():
        raise KeyError
    assert gc.isenabled()


def test_the_last_of_several_lets_it_go_on():
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


def test_a_batch_runs_without_it(alice_actor, monkeypatch):
    seen = []

    def looked_at(*given):
        seen.append(gc.isenabled())
        return write(*given)

    write = bulk._write
    monkeypatch.setattr(bulk, "_write", looked_at)
    upsert_assets(actor=alice_actor, drafts=[AssetDraft("TABLE", "a", "a")])
    assert seen == [False]
    assert gc.isenabled()
