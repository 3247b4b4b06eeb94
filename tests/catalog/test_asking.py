"""What GraphQL and gRPC ask of the catalog."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from catalog.asking import assets_page
from catalog.services import AssetDraft, upsert_assets
from contracts.errors import BadRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(alice_actor: Actor) -> None:
    drafts = [AssetDraft("TABLE", f"t{number}", f"s.t{number}", tags=["gold"] if number else []) for number in range(4)]
    upsert_assets(actor=alice_actor, drafts=[*drafts, AssetDraft("VIEW", "v", "s.v")])


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("type_", "total"), [("", 5), ("TABLE", 4)])
def test_a_list_counts_no_table(alice_actor: Actor, type_: str, total: int):
    with CaptureQueriesContext(connection) as queries:
        page = assets_page(alice_actor, type=type_, limit=2)
    assert (len(page.rows), page.total) == (2, total)
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"]]


@pytest.mark.usefixtures("many")
def test_what_is_narrowed_is_counted(alice_actor: Actor, charlie_actor: Actor):
    assert assets_page(alice_actor, tags=["gold"], limit=1).total == 3
    with pytest.raises(BadRequest, match="At most 100; these are 101"):
        assets_page(alice_actor, tags=["gold"] * 101)
    assert assets_page(charlie_actor).total == 0
