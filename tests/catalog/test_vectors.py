"""The packed form of a document's words is what PostgreSQL makes of their text."""

from __future__ import annotations

from itertools import islice, product

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.actor import Actor
from accounts.models import Organization
from audit.tables import insert_rows
from catalog.models import SearchDocument
from catalog.search import search
from catalog.search.vectors import pack_vector
from catalog.services import AssetDraft, upsert_assets

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]  # the words of SQLite are rows of FTS5

words = st.text(st.characters(categories=("Ll", "Nd")), min_size=1, max_size=12)
runs = st.lists(st.lists(st.one_of(st.sampled_from(["id", "ids", "a"]), words), max_size=8), max_size=5)
COLUMNS = [
    *("entity_id", "organization_id", "kind", "type", "name", "path", "description", "columns", "tags"),
    *("is_public", "folded", "vector"),
]


def text_of(plain: list[str], weighted: list[list[list[str]]]) -> str:
    parts = [f"'{word}'" for word in plain]
    position = 1
    for weight, part in zip("ABCD", weighted, strict=True):
        for run in part:
            for word in run:
                parts.append(f"'{word}':{min(position, 16383)}{weight}")
                position += 1
            position += 1
    return " ".join(parts)


def stored(packed: bytes) -> str:
    """What the server says of a vector that a document was written with."""
    key = Organization.objects.create(slug="vectors", name="Vectors").pk
    insert_rows(SearchDocument, COLUMNS, [(key, key, "asset", "", "", "", "", "", [], False, "", packed)])
    found = SearchDocument.objects.filter(entity_id=key)
    text = found.values_list("vector", flat=True).get()
    found.delete()
    Organization.objects.filter(pk=key).delete()
    return text


def parsed(text: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector::text", [text])
        return str(cursor.fetchone()[0])


@given(plain=st.lists(words.map(":".__add__), max_size=5), weighted=st.lists(runs, min_size=4, max_size=4))
def test_any_words(plain, weighted):
    assert stored(pack_vector(plain, weighted)) == parsed(text_of(plain, weighted))


def test_a_word_that_is_said_more_often_than_a_vector_tells():
    weighted = [[], [], [["id"]] * 400, [["id", "other"] * 300]]
    assert stored(pack_vector([], weighted)) == parsed(text_of([], weighted))


def test_words_beyond_the_last_position_are_kept_without_one():
    weighted = [[], [], [["id"]] * 8000, [[f"w{number}" for number in range(1000)]]]
    vector = stored(pack_vector([], weighted))
    assert "'w382':16383" in vector
    assert "'w383' " in vector


def test_an_asset_with_as_many_words_as_fit_is_written_and_found(bob_actor: Actor):
    letters = "abcdefghijklmnopqrstuvwxyz"
    columns = ["".join(word) for word in islice(product(letters, repeat=3), 4000)]
    tags = [" ".join([*letters, *letters[:22], f"{number:02}"]) for number in range(100)]
    draft = AssetDraft(
        type="TABLE",
        name=".".join("n" * 127),
        qualified_name=".".join("q" * 500),
        description=" ".join(["word"] * 3000),
        schema=[{"name": name, "type": "TEXT"} for name in columns],
        tags=tags,
    )
    assert upsert_assets(actor=bob_actor, drafts=[draft]).errors == []
    assert len(search(actor=bob_actor, query=columns[-1]).hits) == 1
