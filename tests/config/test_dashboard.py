"""The admin's first page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.models import Membership, Organization
from catalog.services import AssetDraft, update_asset, upsert_assets
from config import dashboard
from config.dashboard import quick_search
from ingestion.models import DataSource, Job, JobStatus, JobType
from ingestion.services.sources import create_data_source
from registry.services.artifacts import add_artifact
from registry.services.products import create_product, create_project
from registry.services.releases import create_release
from tests.adminkit import make_asset, make_superuser, page, session_of
from tests.registry.documents import sbom, upload
from tests.registry.entries import put


@pytest.fixture
def browser(vera_member: Membership) -> Client:
    return session_of(vera_member)


def make_jobs(organization: Organization, status: JobStatus, count: int, *, days_ago: int = 0) -> None:
    now = timezone.now()
    for _ in range(count):
        job = Job.objects.create(organization=organization, type=JobType.BULK_INGESTION, status=status, started_at=now)
        Job.objects.filter(pk=job.pk).update(created_at=now - timedelta(days=days_ago))


def test_an_empty_catalog_shows_the_first_steps(browser: Client) -> None:
    text = browser.get(page("index")).content.decode()
    assert "Fill the catalog" in text
    assert page("ingestion_datasource_add") in text


def test_it_counts_what_is_there_and_what_lacks(
    browser: Client, alice_actor: Actor, charlie_actor: Actor, vera_member: Membership
) -> None:
    make_asset(alice_actor, "orders", description="Known", owner="vera")
    make_asset(alice_actor, "customers")
    update_asset(actor=alice_actor, asset=make_asset(alice_actor, "report"), changes={"type": "VIEW"})
    make_asset(charlie_actor, "theirs")
    counts = browser.get(page("index")).context["counts"]
    assert {one.type: one.total for one in counts.types} == {"TABLE": 2, "VIEW": 1}
    assert (counts.total, counts.undescribed, counts.unowned) == (3, 2, 2)
    assert counts.described_share == 33


def test_it_counts_the_runs_of_seven_days(browser: Client, acme: Organization, other: Organization) -> None:
    make_jobs(acme, JobStatus.COMPLETED, 2)
    make_jobs(acme, JobStatus.FAILED, 1, days_ago=6)
    make_jobs(acme, JobStatus.FAILED, 1, days_ago=8)
    make_jobs(other, JobStatus.FAILED, 5)
    shown = browser.get(page("index")).context
    assert [day.succeeded for day in shown["days"]] == [0, 0, 0, 0, 0, 0, 2]
    assert [day.failed for day in shown["days"]] == [1, 0, 0, 0, 0, 0, 0]


def test_it_shows_what_runs_now_and_what_is_in_error(browser: Client, acme: Organization, alice_actor: Actor) -> None:
    make_jobs(acme, JobStatus.RUNNING, 1)
    source = create_data_source(actor=alice_actor, data={"name": "s", "type": "sqlite", "config": {"database": "x"}})
    DataSource.objects.filter(pk=source.pk).update(status="error", status_message="No such file")
    text = browser.get(page("index")).content.decode()
    assert f'data-run="{Job.objects.get().pk}"' in text
    assert "No such file" in text


def test_a_collection_is_one_line_among_peoples_changes(
    browser: Client, acme: Organization, alice_actor: Actor
) -> None:
    asset = make_asset(alice_actor, "orders")
    collector = system_actor(acme, name="Nightly", door="job")
    drafts = [AssetDraft("TABLE", f"t{number}", f"shop.t{number}") for number in range(40)]
    upsert_assets(actor=collector, drafts=drafts)
    update_asset(actor=alice_actor, asset=asset, changes={"description": "Mine"})
    lines = browser.get(page("index")).context["changes"]
    assert [(line.event.user_name, line.count) for line in lines] == [("Alice", 1), ("Nightly", 40), ("Alice", 1)]


def test_a_collection_longer_than_what_is_read_says_so(browser: Client, acme: Organization) -> None:
    collector = system_actor(acme, name="Nightly", door="job")
    drafts = [AssetDraft("TABLE", f"t{number}", f"shop.t{number}") for number in range(dashboard.EVENTS_READ + 5)]
    upsert_assets(actor=collector, drafts=drafts)
    assert f"more than {dashboard.EVENTS_READ} assets" in " ".join(browser.get(page("index")).content.decode().split())


def test_it_costs_the_same_queries_however_much_there_is(
    browser: Client, acme: Organization, alice_actor: Actor
) -> None:
    counts = []
    for total in (1, 10, 100):
        make_jobs(acme, JobStatus.COMPLETED, total)
        make_jobs(acme, JobStatus.RUNNING, 3)
        make_asset(alice_actor, f"t{total}", tags=[f"tag{total}"])
        browser.get(page("index"))
        with CaptureQueriesContext(connection) as seen:
            browser.get(page("index"))
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 12


def test_a_large_catalog_is_counted_once_in_a_while(
    browser: Client, alice_actor: Actor, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr(dashboard, "LARGE", 1)
    make_asset(alice_actor, "a")
    make_asset(alice_actor, "b")
    assert browser.get(page("index")).context["counts"].total == 2
    make_asset(alice_actor, "c")
    assert browser.get(page("index")).context["counts"].total == 2


def test_a_superuser_sees_the_organization_one_acts_in(
    acme: Organization, alice_actor: Actor, charlie_actor: Actor
) -> None:
    make_asset(alice_actor, "orders")
    make_asset(charlie_actor, "theirs")
    assert session_of(make_superuser(acme)).get(page("index")).context["counts"].total == 1


def test_the_quick_search_says_what_it_found(
    browser: Client, bob_actor: Actor, charlie_actor: Actor, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    make_asset(bob_actor, "orders")
    put(charlie_actor, "other:orders-theirs@1.0")
    put(bob_actor, "acme:orders-set@1.0", {"set.csv": b"a,b\n1,2\n"}, type="dataset")
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    project = create_project(actor=bob_actor, product=product, data={"name": "Orders api"})
    create_release(actor=bob_actor, project=project, data={"version": "1.0"})
    document = sbom(("pkg:maven/org.example/orders-core", "1"), ("pkg:npm/%40acme/orders-ui", "2"))
    document["components"].append({"type": "library", "name": "orders-plain"})
    add_artifact(actor=bob_actor, upload=upload(document))
    found = quick_search(browser.get(page("index")).wsgi_request, "orders")
    assert all(browser.get(result["link"]).status_code == 200 for result in found)
    assert {(result["title"], result["description"]) for result in found} == {
        ("orders", "Table shop.orders"),
        ("orders-set", "Source acme:orders-set (dataset)"),
        ("orders-set", "Dataset registry.acme.orders-set"),
        ("Orders api 1.0", "Release of Shop (draft)"),
        ("orders-core", "Component org.example/orders-core (maven)"),
        ("orders-ui", "Component @acme/orders-ui (npm)"),
        ("orders-plain", "Component orders-plain"),
    }
