"""Of how many assets a tag, term or domain is said is counted as it is written, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from accounts.actor import Actor
from catalog.counts import uses, uses_of
from catalog.models import Asset, AssetTag, AssetTerm, Domain, Glossary, GlossaryTerm, Tag, UseCount
from catalog.services import (
    AssetDraft,
    create_concept,
    delete_asset,
    delete_concept,
    delete_tag,
    link_term,
    merge_assets,
    merge_tags,
    restore_asset,
    restore_concept,
    restore_tag,
    unlink_term,
    update_asset,
    update_tag,
    upsert_assets,
)
from contracts.errors import DomainError
from tests.catalog.conftest import at_once, make_asset

pytestmark = pytest.mark.django_db

WORDS = ["one", "two", "three", "four"]


def really() -> dict[UUID, int]:
    """What a count of all links says."""
    placed = Asset.objects.filter(deleted_at=None).exclude(domain=None).order_by()
    return {
        **dict(AssetTag.objects.filter(asset__deleted_at=None).values_list("tag").annotate(Count("asset"))),
        **dict(
            AssetTerm.objects.filter(asset__deleted_at=None).values_list("term").annotate(Count("asset", distinct=True))
        ),
        **dict(placed.values_list("domain").annotate(Count("pk"))),
    }


def counted() -> dict[UUID, int]:
    return uses_of(set(UseCount.objects.values_list("entity_id", flat=True)))


class Hands:
    """Somebody who does whatever can be done, one thing after the other."""

    def __init__(self, actor: Actor, seed: int) -> None:
        self.actor, self.random = actor, Random(seed)
        self.tags: list[UUID] = []
        glossary = create_concept(actor=actor, model=Glossary, data={"name": "Words"})
        for word in WORDS:
            create_concept(actor=actor, model=Domain, data={"name": word})
            create_concept(actor=actor, model=GlossaryTerm, data={"name": word, "glossary": glossary.name})
        self.deeds: list[Callable[[], object]] = [
            self.ingest,
            self.describe,
            self.delete_or_restore,
            self.delete_and_restore_many,
            self.write_rows,
            self.remove_row,
            self.merge,
            self.link,
            self.change_tag,
            self.change_concept,
        ]

    def some(self, words: list[str] = WORDS) -> list[str]:
        return self.random.sample(words, self.random.randrange(len(words)))

    def one(self, rows: list[Asset] | None = None) -> Asset:
        return self.random.choice(list(Asset.objects.order_by("pk")) if rows is None else rows)

    def said(self) -> dict[str, object]:
        terms = GlossaryTerm.objects.filter(deleted_at=None).values_list("name", flat=True)
        columns = [{"name": name, **column} for name in terms for column in ({}, {"column": "a"}, {"column": "b"})]
        domains = list(Domain.objects.filter(deleted_at=None).values_list("name", flat=True))
        return {
            "tags": self.some(),
            "terms": self.random.sample(columns, min(len(columns), self.random.randrange(5))),
            "domain": self.random.choice([None, *domains]),
        }

    def ingest(self) -> None:
        names = self.random.sample(range(12), 3)
        schema = [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}]
        drafts = [AssetDraft("TABLE", f"t{n}", f"t{n}", schema=schema, **self.said()) for n in names]  # type: ignore[arg-type]
        assert upsert_assets(actor=self.actor, drafts=drafts).errors == []

    def describe(self) -> None:
        update_asset(actor=self.actor, asset=self.one(), changes=self.said())

    def delete_or_restore(self) -> None:
        asset = self.one()
        (restore_asset if asset.deleted_at else delete_asset)(actor=self.actor, asset=asset)

    def delete_and_restore_many(self) -> None:
        for asset in Asset.objects.filter(name__in=[f"t{n}" for n in range(0, 12, 3)]):
            living = Asset.objects.filter(qualified_name=asset.qualified_name, deleted_at=None).exists()
            Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now() if living else None)
        Asset.objects.filter(name__in=["t1", "t2"]).update(deleted_at=timezone.now(), domain=Domain.objects.first())

    def write_rows(self) -> None:
        """As no service does: what is counted are the rows."""
        AssetTerm.objects.filter(column="a", asset=self.one()).update(column="c")
        for tag in Tag.objects.all()[:1]:
            AssetTag.objects.filter(asset=self.one()).exclude(tag=tag).delete()
            pairs = [AssetTag(asset=asset, tag=tag) for asset in Asset.objects.all()[:4]]
            AssetTag.objects.bulk_create(pairs, ignore_conflicts=True)

    def remove_row(self) -> None:
        if self.random.random() < 0.3:
            Asset.objects.filter(pk=self.one().pk).delete()

    def merge(self) -> None:
        living = list(Asset.objects.filter(deleted_at=None).order_by("pk"))
        merge_assets(actor=self.actor, keep=self.one(living), duplicates=[self.one(living).pk])

    def link(self) -> None:
        term, column = self.random.choice(GlossaryTerm.objects.order_by("pk")), self.random.choice(["", "a", "b"])
        act = self.random.choice([link_term, unlink_term])
        act(actor=self.actor, term_id=term.pk, asset_id=self.one().pk, column=column)

    def change_tag(self) -> None:
        tags = list(Tag.objects.order_by("pk"))
        tag, other = self.random.choice(tags), self.random.choice(tags)
        deed = self.random.randrange(4)
        if deed == 0:
            update_tag(actor=self.actor, tag=tag, changes={"name": self.random.choice([*WORDS, "five"])})
        elif deed == 1:
            merge_tags(actor=self.actor, tag=tag, into=other)
        elif deed == 2:
            delete_tag(actor=self.actor, tag=tag, hard=self.random.random() < 0.3)
            self.tags.append(tag.pk)
        elif self.tags:
            restore_tag(actor=self.actor, tag_id=self.tags.pop())

    def change_concept(self) -> None:
        model: Any = self.random.choice([Domain, GlossaryTerm])
        concept = self.random.choice(model.objects.order_by("pk"))
        if concept.deleted_at is None:
            delete_concept(actor=self.actor, concept=concept)
        else:
            restore_concept(actor=self.actor, concept=concept)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_counts_are_what_a_count_of_all_links_says(bob_actor: Actor, seed: int):
    hands = Hands(bob_actor, seed)
    hands.ingest()
    done = set()
    for _ in range(150):
        deed = hands.random.choice(hands.deeds)
        try:
            deed()
        except (DomainError, IndexError):  # it cannot be done to what chance chose
            continue
        finally:
            assert counted() == really(), deed
        done.add(deed)
    assert done == set(hands.deeds)
    assert really()


def test_a_term_counts_once_for_an_asset_of_however_many_columns_it_is_said(bob_actor: Actor):
    glossary = create_concept(actor=bob_actor, model=Glossary, data={"name": "Words"})
    term = create_concept(actor=bob_actor, model=GlossaryTerm, data={"name": "Id", "glossary": glossary.name})
    asset = make_asset(bob_actor, schema=[{"name": "a", "type": "text"}, {"name": "b", "type": "text"}])
    for column in ("", "a", "b"):
        link_term(actor=bob_actor, term_id=term.pk, asset_id=asset.pk, column=column)
    assert uses_of([term.pk]) == {term.pk: 1}
    unlink_term(actor=bob_actor, term_id=term.pk, asset_id=asset.pk, column="a")
    assert uses_of([term.pk]) == {term.pk: 1}
    update_asset(actor=bob_actor, asset=asset, changes={"terms": []})
    assert uses_of([term.pk]) == {}


def test_the_counts_are_read_and_not_made(bob, bob_actor: Actor):
    make_asset(bob_actor, tags=["pii"])
    make_asset(bob_actor, "orders", tags=["pii", "seldom"])
    tag = Tag.objects.get(name="pii")
    UseCount.objects.filter(entity_id=tag.pk).delete()
    UseCount.objects.bulk_create(UseCount(entity_id=tag.pk, amount=amount) for amount in (40, 1))
    told = bob.get("/v1/tags").json()["data"]
    assert {row["name"]: row["asset_count"] for row in told} == {"pii": 41, "seldom": 1}
    Tag.objects.create(organization=tag.organization, name="new", key="new")
    by_use = Tag.objects.annotate(uses_=uses()).order_by("-uses_").values_list("name", "uses_")
    assert list(by_use) == [("pii", 41), ("seldom", 1), ("new", 0)]


def test_many_small_changes_are_folded(bob_actor: Actor):
    tag = Tag.objects.create(organization_id=bob_actor.tenant, name="pii", key="pii")
    asset = make_asset(bob_actor)
    for _ in range(120):
        AssetTag.objects.create(asset=asset, tag=tag)
        AssetTag.objects.filter(asset=asset).delete()
    AssetTag.objects.create(asset=asset, tag=tag)
    assert uses_of([tag.pk]) == {tag.pk: 1}
    assert UseCount.objects.count() <= 101


def test_what_is_gone_for_good_leaves_no_count(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["pii"])
    update_asset(actor=bob_actor, asset=asset, changes={"tags": []})
    update_asset(actor=bob_actor, asset=asset, changes={"tags": ["pii"]})
    delete_tag(actor=bob_actor, tag=Tag.objects.get(), hard=True)
    assert not UseCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_are_all_counted(bob_actor: Actor):
    make_asset(bob_actor, tags=["pii"])
    at_once(*[lambda n=n: make_asset(bob_actor, f"t{n}", tags=["pii"]) for n in range(4)])
    assert list(uses_of([Tag.objects.get().pk]).values()) == [5]
    assert connection.vendor != "postgresql" or UseCount.objects.count() == 5
