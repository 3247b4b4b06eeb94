"""What is drawn: how long runs took, and how a table's values went."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Asset
from ingestion.admin.charts import points
from ingestion.models import Job, Profile
from ingestion.services.worker import work_next
from tests.ingestion.conftest import run_sql


@pytest.fixture
def page(client, alice_member):
    client.force_login(alice_member.user)
    return lambda url: client.get(url).content.decode()


def test_durations_are_drawn_once_there_are_two(page, shop_source, collect):
    job = collect(shop_source)
    url = f"/admin/ingestion/collectiontask/{job.task_id}/change/"
    assert "data-durations" not in page(url)
    other = collect(shop_source)
    began = timezone.now()
    Job.objects.filter(pk=job.pk).update(started_at=began, finished_at=began + timedelta(seconds=100))
    Job.objects.filter(pk=other.pk).update(started_at=began, finished_at=began + timedelta(seconds=25), status="FAILED")
    for shown in (page(url), page(f"/admin/ingestion/datasource/{shop_source.pk}/change/")):
        heights = re.findall(r'<rect [^>]*height="([0-9.]+)" fill="var\(--(\w+)\)"', shown)
        assert heights == [("80.0", "good"), ("20.0", "bad")]
        assert f"/admin/ingestion/job/{job.pk}/change/" in shown
        assert "1 min 2 s in the middle, 1 min 40 s at most" in shown


def test_profiles_are_drawn_as_a_series(page, shop, shop_source, collect, bob):
    collect(shop_source)
    url = f"/admin/catalog/asset/{Asset.objects.get(name='orders').pk}/change/"
    assert "Nulls over time" not in page(url)
    body = {"name": "profile", "datasource_id": str(shop_source.pk), "type": "data_profile"}
    task = bob.post("/api/v1/tasks", body, format="json").json()
    for number in (1, 3):
        run_sql(shop, f"INSERT INTO orders (customer_id, total) VALUES (NULL, {number})" + f", (1, {number})" * number)
        bob.post(f"/api/v1/tasks/{task['id']}/execute")
        assert work_next() is not None
    shown = page(url)
    assert Profile.objects.filter(asset__name="orders").count() == 2
    assert "6 rows" in shown
    assert re.findall(r'<polyline points="([^"]+)"', shown)[0] == "0.0,53.3 600.0,0.0"
    assert "33.3 %" in shown


def test_profile_of_another_organization_is_not_shown(page, client, charlie_member, shop_source, collect):
    collect(shop_source)
    asset = Asset.objects.get(name="orders")
    fields = {"row_count": 4711, "is_sampled": False, "sampled_rows": 1, "columns": []}
    Profile.objects.create(organization=asset.organization, asset=asset, taken_at=timezone.now(), **fields)
    assert "4,711 rows" in page(f"/admin/catalog/asset/{asset.pk}/change/")
    client.force_login(charlie_member.user)
    assert "4,711 rows" not in client.get(f"/admin/catalog/asset/{asset.pk}/change/", follow=True).content.decode()


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([1.0, 2.0], "0.0,40.0 600.0,0.0"),
        ([0.0, 0.0], "0.0,80.0 600.0,80.0"),
        ([5.0], "0.0,0.0 600.0,0.0"),
        ([None, 1.0, None], "300.0,0.0 600.0,0.0"),
        ([], ""),
    ],
)
def test_points_of_a_line(values, drawn):
    assert points(values) == drawn
