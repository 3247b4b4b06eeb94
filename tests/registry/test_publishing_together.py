"""Many publish at once: one wins a name, nobody sees half of anything, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.actor import Actor
from contracts.errors import DomainError
from registry import storage
from registry.models import Entry, File, Statistics, Version
from tests.registry.entries import INSULIN, XML, put

# Threads share SQLite's in-memory database table by table, and are refused there instead of waiting.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def together(*works: Callable[[], object]) -> list[object]:
    """What each of them answered or was refused with, all begun at the same time."""
    answers: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int) -> None:
        start.wait(60)
        try:
            answers[place] = works[place]()
        except DomainError as error:
            answers[place] = error.kind
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_one_of_many_wins_a_version(bob_actor: Actor) -> None:
    answers = together(*(partial(put, bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN + b"A" * n}) for n in range(5)))
    assert sum(isinstance(answer, Version) for answer in answers) == 1
    assert sum(answer == "conflict" for answer in answers) == 4
    (file,) = File.objects.all()
    assert storage.exists(file.sha256)
    counted = Statistics.objects.get()
    assert (counted.sources, counted.versions, counted.size) == (1, 1, file.size)


def test_many_versions_of_one_new_source(bob_actor: Actor) -> None:
    answers = together(*(partial(put, bob_actor, f"acme:P01308@1.{n}", {"a.fasta": INSULIN}) for n in range(8)))
    assert all(isinstance(answer, Version) for answer in answers), answers
    assert Entry.objects.get().latest_version == "1.7"
    counted = Statistics.objects.get()
    assert (counted.sources, counted.versions) == (1, 8)


def test_two_formats_of_one_version(bob_actor: Actor) -> None:
    answers = together(
        lambda: put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN}),
        lambda: put(bob_actor, "acme:P01308@1.0", {"a.xml": XML}),
    )
    assert all(isinstance(answer, Version) for answer in answers), answers
    version = Version.objects.get()
    assert version.formats == ["fasta", "xml"]
    assert version.size == len(INSULIN) + len(XML)
