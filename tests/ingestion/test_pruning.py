"""What is removed by age, and what never is."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from accounts.models import DeletedRow, Team
from accounts.services import create_team, delete_team, remove_member
from audit.models import AuditEvent
from catalog.models import Asset, Domain, Glossary, GlossaryTerm, LostLink, Tag
from catalog.services import create_concept, delete_concept, delete_tag, update_asset
from ingestion.models import Job, JobLog, Profile, SourceObject, StreamEvent, WebhookDelivery
from ingestion.services import pruning, webhooks
from ingestion.services.pruning import KINDS, prune
from ingestion.tasks import prune as prune_task
from tests.adminkit import HOOK, make_asset
from tests.ingestion.conftest import run_sql

LONG_AGO = timezone.now() - timedelta(days=1000)


@pytest.fixture
def two_runs(shop_source, collect):
    """Two runs of a task, both long ago."""
    jobs = [collect(shop_source), collect(shop_source)]
    for number, job in enumerate(jobs):
        Job.objects.filter(pk=job.pk).update(finished_at=LONG_AGO + timedelta(hours=number))
    return jobs


def test_old_runs_go_and_the_last_of_a_task_stays(two_runs):
    assert prune()["runs"] == 1
    assert list(Job.objects.values_list("pk", flat=True)) == [two_runs[1].pk]
    assert list(JobLog.objects.values_list("job", flat=True)) == [two_runs[1].pk]


def test_run_of_no_task_goes(acme):
    Job.objects.create(organization=acme, type="BULK_INGESTION", status="COMPLETED", finished_at=LONG_AGO)
    assert prune()["runs"] == 1


def test_what_waits_runs_or_is_recent_stays(acme, two_runs):
    Job.objects.update(finished_at=timezone.now())
    for status in ("PENDING", "RUNNING"):
        job = Job.objects.create(organization=acme, type="BULK_INGESTION", status=status)
        Job.objects.filter(pk=job.pk).update(created_at=LONG_AGO)
    assert prune()["runs"] == 0


def test_profiles_go_and_the_last_of_a_table_stays(shop_source, collect, acme):
    collect(shop_source)
    asset = Asset.objects.get(name="orders")
    fields = {"organization": acme, "asset": asset, "row_count": 1, "is_sampled": False, "sampled_rows": 1}
    for days in range(3):
        Profile.objects.create(taken_at=LONG_AGO + timedelta(days=days), columns=[], **fields)
    assert prune()["profiles"] == 2
    assert Profile.objects.get().taken_at == LONG_AGO + timedelta(days=2)


def test_deliveries_go_but_what_waits_stays(alice_actor):
    hook, _ = webhooks.create_webhook(
        actor=alice_actor, data={"name": "ops", "url": "http://127.0.0.1:9/", "events": ["asset.*"]}
    )
    for status in ("succeeded", "failed", "pending"):
        WebhookDelivery.objects.create(webhook=hook, message_id="m", event="asset.created", body="{}", status=status)
    WebhookDelivery.objects.update(created_at=LONG_AGO)
    assert prune()["deliveries"] == 2
    assert WebhookDelivery.objects.get().status == "pending"


def test_stream_events_and_sessions_go(acme, client, alice_member):
    StreamEvent.objects.create(organization=acme, event="asset.created", idempotency_key="k", digest="d")
    StreamEvent.objects.update(created_at=LONG_AGO)
    client.force_login(alice_member.user)
    Session.objects.update(expire_date=LONG_AGO)
    counts = prune()
    assert (counts["events"], counts["sessions"], StreamEvent.objects.count()) == (1, 1, 0)


def test_no_asset_and_nothing_of_the_trail_is_removed(shop, shop_source, collect, two_runs):
    run_sql(shop, "DROP VIEW spending")
    collect(shop_source)
    Asset.objects.filter(name="spending").update(stale_since=timezone.now())
    events = set(AuditEvent.objects.values_list("pk", flat=True))
    before = set(Asset.objects.values_list("pk", "stale_since", "deleted_at"))
    prune(days=dict.fromkeys(pruning.KINDS, 1))
    assert set(Asset.objects.values_list("pk", "stale_since", "deleted_at")) == before
    assert events <= set(AuditEvent.objects.values_list("pk", flat=True))


def test_state_of_a_deleted_asset_goes_and_that_of_a_living_one_stays(shop_source, collect):
    collect(shop_source)
    count = SourceObject.objects.count()
    Asset.objects.filter(name="orders").update(deleted_at=LONG_AGO)
    assert prune()["states"] == 1
    assert SourceObject.objects.count() == count - 1


def test_dry_run_counts_and_removes_nothing(two_runs, capsys):
    call_command("prune", dry_run=True)
    assert capsys.readouterr().out.startswith("Would remove 1 runs, 0 deliveries")
    assert Job.objects.count() == 2


def test_command_says_what_it_removed_and_takes_other_ages(two_runs, capsys):
    call_command("prune", "--runs", "2000")
    assert capsys.readouterr().out.startswith("Removed 0 runs")
    call_command("prune", "--runs", "10")
    assert capsys.readouterr().out.startswith("Removed 1 runs")


def test_zero_keeps_for_ever(two_runs, settings):
    settings.KEEP_RUNS_DAYS = 0
    assert prune()["runs"] == 0


def test_beat_prunes_daily(two_runs, settings):
    (entry,) = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == prune_task.name]
    assert entry["schedule"] == 86_400
    assert prune_task()["runs"] == 1


def test_many_go_in_parts_and_each_part_is_on_the_trail_of_its_organization(acme, other, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    for organization, number in ((acme, 3), (other, 1)):
        for _ in range(number):
            Job.objects.create(organization=organization, type="BULK_INGESTION", status="FAILED", finished_at=LONG_AGO)
    assert prune()["runs"] == 4
    events = AuditEvent.objects.filter(action="PRUNE", entity_type="JOB")
    told = [(event.organization_id, (event.before_state or {})["count"]) for event in events.order_by("id")]
    assert sorted(told, key=str) == sorted([(acme.pk, 2), (acme.pk, 1), (other.pk, 1)], key=str)


@pytest.fixture
def deleted(alice_actor, vera_member):
    """A tag, a term, a domain and a team that were on an asset, a member and a source: all deleted."""
    asset = make_asset(alice_actor, "orders", tags=["Worn"])
    team = create_team(actor=alice_actor, data={"name": "sales"})
    domain = create_concept(actor=alice_actor, model=Domain, data={"name": "Retail"})
    glossary = create_concept(actor=alice_actor, model=Glossary, data={"name": "Words"})
    term = create_concept(actor=alice_actor, model=GlossaryTerm, data={"name": "Order", "glossary": "Words"})
    said = {"domain": str(domain.pk), "owner": {"id": str(team.pk), "type": "team"}, "terms": [str(term.pk)]}
    update_asset(actor=alice_actor, asset=asset, changes=said)
    delete_team(actor=alice_actor, team=team)
    delete_concept(actor=alice_actor, concept=domain)
    delete_concept(actor=alice_actor, concept=glossary, recursive=True)
    delete_tag(actor=alice_actor, tag=Tag.objects.get(name="Worn"))
    remove_member(actor=alice_actor, membership=vera_member)
    assert (DeletedRow.objects.count(), LostLink.objects.count()) == (2, 4)
    return {"deleted": 2, "terms": 1, "glossaries": 1, "domains": 1, "teams": 1, "links": 4}


DELETABLE = (DeletedRow, GlossaryTerm, Glossary, Domain, Team)


def delete_them_at(moment):
    for model in DELETABLE:
        model._base_manager.update(deleted_at=moment)


def test_what_was_deleted_is_kept_for_ever_unless_said(deleted):
    delete_them_at(LONG_AGO)
    counts = prune()
    assert {name: counts[name] for name in deleted} == dict.fromkeys(deleted, 0)
    assert all(model._base_manager.exists() for model in (*DELETABLE, LostLink))


def test_what_was_deleted_longer_ago_than_is_said_is_forgotten_with_its_links(deleted, settings, alice_actor):
    settings.KEEP_DELETED_DAYS = 30
    counts = prune()
    assert {name: counts[name] for name in deleted} == dict.fromkeys(deleted, 0)
    create_concept(actor=alice_actor, model=Domain, data={"name": "Lives"})
    delete_them_at(LONG_AGO)
    Domain.objects.filter(name="Lives").update(deleted_at=None)
    counts = prune()
    assert {name: counts[name] for name in deleted} == deleted
    assert [model._base_manager.count() for model in (*DELETABLE, LostLink)] == [0, 0, 0, 1, 0, 0]
    told = AuditEvent.objects.filter(action="PRUNE").values_list("entity_type", flat=True)
    assert sorted(told) == ["DELETED_ROW", "DOMAIN", "GLOSSARY", "GLOSSARY_TERM", "TEAM"]


def test_links_to_what_was_deleted_hard_go_and_others_stay(deleted, alice_actor):
    assert prune(dry_run=True)["links"] == 0
    team = Team._base_manager.get()
    delete_team(actor=alice_actor, team=team, hard=True)
    assert prune(dry_run=True)["links"] == 1
    assert prune()["links"] == 1
    assert LostLink.objects.count() == 3
    assert not LostLink.objects.filter(entity_id=team.pk).exists()


def test_each_kind_is_asked_for_one_organization_alone(deleted, two_runs, acme, other, alice_actor):
    """What is removed is told on the trail of its own organization."""
    asset, moment = Asset.objects.get(name="customers"), timezone.now() + timedelta(days=1)
    Asset.objects.filter(pk=asset.pk).update(deleted_at=LONG_AGO)
    profile = {"organization": acme, "asset": asset, "columns": [], "row_count": 1, "sampled_rows": 1}
    for days in range(2):
        Profile.objects.create(taken_at=LONG_AGO + timedelta(days=days), is_sampled=False, **profile)
    hook, _ = webhooks.create_webhook(actor=alice_actor, data={**HOOK, "events": ["asset.*"]})
    WebhookDelivery.objects.create(webhook=hook, message_id="m", event="asset.created", body="{}", status="failed")
    StreamEvent.objects.create(organization=acme, event="asset.created", idempotency_key="k", digest="d")
    found = {name: (kind.old(acme, moment).exists(), kind.old(other, moment).exists()) for name, kind in KINDS.items()}
    assert found == dict.fromkeys(KINDS, (True, False))
