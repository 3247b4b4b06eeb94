"""Versions that are made of many others: lists that stay on the disk, batches, and what is wrong with a list."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from audit import tables
from catalog.models import Asset
from contracts import parsing
from contracts.errors import Unavailable
from registry import storage
from registry.api.registry import publishing as publishing_door
from registry.api.registry import receiving
from registry.models import Dependency, DependencySet, Entry, Version
from registry.services import dependencies, entry_catalog, publishing
from registry.services.parts import Part, parts_at_hand
from registry.services.publication import Publication
from registry.services.publishing import publish
from registry.services.spec_files import SpecFile
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db

API = "/api/v1"
NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture(autouse=True)
def small(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a million to be seen is seen with a few."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(receiving, "LARGE", 10)
    monkeypatch.setattr(dependencies, "BATCH", 2)
    monkeypatch.setattr(tables, "AT_A_TIME", 2)


@pytest.fixture
def specs(bob_actor: Actor) -> list[str]:
    for name in NAMES:
        put(bob_actor, f"acme:{name}@1.0")
    return [f"acme:{name}-fasta@1.0" for name in NAMES]


def send(client: APIClient, listed: Any, **fields: Any) -> Any:
    body = {"organization": "acme", "name": "all", "version": "1.0", "dependencies": listed, "title": "All", **fields}
    return client.post(f"{API}/sources", body, format="json")


def nothing_stays() -> bool:
    return not Entry.objects.filter(slug="all").exists() and not list(storage.incoming_folder().iterdir())


def test_a_long_list_is_published_in_its_order(bob: APIClient, specs: list[str]) -> None:
    answer = send(bob, [*reversed(specs), specs[0].upper().replace("-FASTA", "-fasta"), *specs])
    assert answer.status_code == 201, answer.content
    version = Version.objects.get(entry__slug="all")
    assert (version.entry.name, version.dependency_count) == ("All", 5)
    rows = list(Dependency.objects.order_by("position").values_list("position", "target__entry__slug", "checksum"))
    assert [row[:2] for row in rows] == list(enumerate(NAMES))
    expected = hashlib.sha256("".join(f"sha256-{row[2]}" for row in rows).encode()).hexdigest()
    assert version.tree_checksum == expected == DependencySet.objects.get().tree_checksum
    assert list(storage.incoming_folder().iterdir()) == []


def test_formats_have_their_sets_and_the_whole_a_checksum_of_its_own(bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0", {"a.fasta": INSULIN, "a.xml": XML})
    put(bob_actor, "acme:b@1.0", {"b.fasta": INSULIN})
    whole = put(bob_actor, "acme:all@1.0", dependencies=["acme:b-fasta@1.0", "acme:a-xml@1.0", "acme:a-fasta@1.0"])
    fasta, xml = (hashlib.sha256(content).hexdigest() for content in (INSULIN, XML))
    by_spec = [fasta, xml, fasta]  # a-fasta, a-xml, b-fasta
    assert whole.tree_checksum == hashlib.sha256("".join(f"sha256-{sum_}" for sum_ in by_spec).encode()).hexdigest()
    sets = DependencySet.objects.order_by("format").values_list("format", "first", "count", "size")
    assert list(sets) == [("fasta", 0, 2, 2 * len(INSULIN)), ("xml", 2, 1, len(XML))]
    assert (whole.formats, whole.size) == (["fasta", "xml"], 2 * len(INSULIN) + len(XML))


def test_all_that_is_wrong_is_counted_and_the_first_is_named(
    bob: APIClient, specs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "NAMED", 3)
    answer = send(bob, [*specs, *(f"acme:gone{number}-fasta@1.0" for number in range(7)), "acme:gone0-fasta@1.0", "?"])
    assert answer.status_code == 422
    details = answer.json()["error"]["details"]
    assert (details["problems"], len(details["specs"]), len(details["dependencies"])) == (8, 3, 3)
    assert nothing_stays()


def test_too_many_are_refused(bob: APIClient, specs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "MOST", 4)
    answer = send(bob, specs)
    assert (answer.status_code, answer.json()["error"]["details"]["dependencies"]) == (
        422,
        ["At most 4; these are more."],
    )
    assert nothing_stays()


@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("listed", ["acme:a-fasta@1.0", {"a": 1}, 5, True, ["acme:a-fasta@1.0", 5], [["x"]], [None]])
def test_what_is_no_list_of_specs_is_422(
    bob: APIClient, specs: list[str], monkeypatch: pytest.MonkeyPatch, large: bool, listed: Any
) -> None:
    monkeypatch.setattr(receiving, "LARGE", 10 if large else 10**6)
    answer = send(bob, listed)
    assert answer.status_code == 422, answer.content
    assert "list of specs" in answer.json()["error"]["details"]["dependencies"][0]
    assert nothing_stays()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"organization": "acme", "name": "all", "dependencies": ["acme:a-fasta@1.0"', "not valid JSON"),
        (b'{"organization": "acme", "name": "all", "dependencies": ["acme:a-fasta@1.0",]}', "not valid JSON"),
        (b'{"organization": "acme", "name": "all" "version": "1.0"}', "not valid JSON"),
        (b'{"organization": "acme", 5: "all", "version": "1.0"}', "not valid JSON"),
        (b'{"organization": "acme", "name": "all", "version": NaN}', "not valid JSON"),
        (b'{"organization": "acme", "name": "all"} and more', "not valid JSON"),
        (b'{"organization": "acme", "name": "a\\u0000", "x": 1}', "NUL"),
        (b'{"organization": "acme", "name": 99999999999999999999, "x": 1}', "64 bits"),
        (b'{"organization": "acme", "name": "\xff\xfe", "x": 1}', "UTF-8"),
        (b'{"organization": "acme", "metadata": ' + b"[" * 200 + b"]" * 200 + b"}", "nested"),
        (b'{"organization": "acme", "metadata": ' + b"[" * 100_000 + b"}", "nested"),
        (b'["acme", "all", "1.0", "acme:a-fasta@1.0"]', "an object"),
    ],
)
def test_a_long_body_is_read_as_strictly_as_a_short_one(bob: APIClient, body: bytes, word: str) -> None:
    answer = bob.post(f"{API}/sources", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST"), answer.content
    assert word in answer.json()["error"]["message"]
    assert not Entry.objects.exists()
    assert list(storage.incoming_folder().iterdir() if storage.incoming_folder().is_dir() else []) == []


def send_packed(client: APIClient, listed: Any, cut: int | None = None, more: bytes = b"") -> Any:
    body = {"organization": "acme", "name": "all", "version": "1.0", "dependencies": listed}
    packed: Any = gzip.compress(json.dumps(body).encode())[:cut] + more
    return client.generic(
        "POST", f"{API}/sources", packed, content_type="application/json", HTTP_CONTENT_ENCODING="gzip"
    )


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Publication]:
    """What the door hands on."""
    seen = []

    def watched(*, actor: Actor, publication: Publication) -> Version:
        seen.append(publication)
        return publish(actor=actor, publication=publication)

    monkeypatch.setattr(publishing_door, "publish", watched)
    return seen


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_packed_list_stays_on_the_disk(
    bob: APIClient, specs: list[str], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """However small the parts are that it comes in and is unpacked by, and however small it is packed."""
    monkeypatch.setattr(receiving, "LARGE", 10**6)
    monkeypatch.setattr(receiving, "PART", size)
    monkeypatch.setattr(parsing, "PART", size)
    published = watch(monkeypatch)
    answer = send_packed(bob, [*specs, *specs * 100])
    assert answer.status_code == 201, answer.content
    assert isinstance(published[0].dependencies, SpecFile)
    assert Version.objects.get(entry__slug="all").dependency_count == 5
    assert list(storage.incoming_folder().iterdir()) == []


@pytest.mark.parametrize(("cut", "more"), [(-1, b""), (20, b""), (None, b"x"), (3, b"not gzip at all")])
def test_a_packed_body_that_is_damaged_is_400(bob: APIClient, specs: list[str], cut: int | None, more: bytes) -> None:
    answer = send_packed(bob, specs, cut, more)
    assert (answer.status_code, "gzip" in answer.json()["error"]["message"]) == (400, True), answer.content
    assert nothing_stays()


def test_a_packed_body_is_limited_by_what_is_in_it(bob: APIClient, specs: list[str], settings: Any) -> None:
    settings.BODY_LIMIT = 1000
    assert send_packed(bob, specs * 1000).status_code == 413
    assert nothing_stays()


def test_a_long_list_in_a_text_of_a_form_is_put_on_the_disk(
    bob: APIClient, specs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = watch(monkeypatch)
    monkeypatch.setattr(publishing_door, "LARGE", 10)
    fields = {"organization": "acme", "name": "all", "version": "1.0", "dependencies": json.dumps(specs)}
    assert bob.post(f"{API}/sources", fields).status_code == 201
    assert isinstance(published[0].dependencies, SpecFile)
    assert list(storage.incoming_folder().iterdir()) == []
    refused = bob.post(f"{API}/sources", {**fields, "version": "2.0", "dependencies": json.dumps(specs)[:-1]})
    assert refused.status_code == 422
    assert list(storage.incoming_folder().iterdir()) == []


def test_a_body_over_the_limit_is_413(bob: APIClient, settings: Any) -> None:
    settings.BODY_LIMIT = 100
    answer = send(bob, ["acme:a-fasta@1.0"] * 20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("text", ["", "{}", "[1", '["acme:a-fasta@1.0"] x', '["\\ud800"]', '["acme:\\u0000"]', "\xff"])
def test_a_list_in_a_file_that_cannot_be_read_is_422(bob: APIClient, specs: list[str], text: str) -> None:
    listed = SimpleUploadedFile("dependencies.json", text.encode("latin-1"))
    fields = {"organization": "acme", "name": "all", "version": "1.0", "dependencies": listed}
    answer = bob.post(f"{API}/sources", fields)
    assert answer.status_code == 422, answer.content
    assert nothing_stays()


def test_outsiders_make_nothing_of_a_long_list(charlie: APIClient, specs: list[str]) -> None:
    assert send(charlie, specs).status_code == 403
    assert nothing_stays()


def test_more_batches_cost_no_statements_but_those_that_resolve(
    bob_actor: Actor, specs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "BATCH", 10)
    monkeypatch.setattr(tables, "AT_A_TIME", 10)
    put(bob_actor, "acme:first@1.0", dependencies=specs[:1])
    counts = []
    for name, number in (("pair", 2), ("five", 5)):
        with CaptureQueriesContext(connection) as queries:
            put(bob_actor, f"acme:{name}@1.0", dependencies=specs[:number])
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_lineage_says_what_it_leaves_out(bob_actor: Actor, specs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (entry_catalog, publishing):
        monkeypatch.setattr(module, "LINEAGE", 3)
    put(bob_actor, "acme:all@1.0", dependencies=specs)
    asset = Asset.objects.get(qualified_name="registry.acme.all")
    assert (asset.metadata["lineage_sources"], asset.metadata["lineage_drawn"]) == (5, 3)
    drawn = asset.outgoing.values_list("target__name", flat=True)
    assert sorted(drawn) == ["a", "b", "c"]


def test_memory_does_not_grow_with_the_parts() -> None:
    """A hundred thousand parts as objects are more than 30 MB."""
    tracemalloc.start()
    try:
        with parts_at_hand() as parts:
            for begin in range(0, 100_000, 1000):
                parts.add(
                    Part(f"acme:p{number}-fasta@1", "fasta", uuid7(), uuid7(), f"{number:064}", 1)
                    for number in range(begin, begin + 1000)
                )
            assert sum(1 for _ in parts.rows()) == 100_000
            parts.tree_checksum()
            assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_full_disk_is_told() -> None:
    with parts_at_hand() as parts:
        parts._database.execute("PRAGMA max_page_count = 10")
        with pytest.raises(Unavailable):
            parts.add(Part(f"a:p{n}-f@1", "f", uuid7(), uuid7(), f"{n:064}", 1) for n in range(10_000))


def test_the_command_takes_a_file_and_words_together(bob_actor: Actor, specs: list[str], tmp_path: Path) -> None:
    (tmp_path / "specs.json").write_text(json.dumps(specs[:3]))
    listed = ["--dependencies-from", str(tmp_path / "specs.json"), "--dependency", specs[4]]
    call_command("publish", "acme:all@1.0", *listed, stdout=io.StringIO())
    assert Version.objects.get(entry__slug="all").dependency_count == 4
