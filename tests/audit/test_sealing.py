"""Sealed blocks find whatever was done to the trail behind the triggers."""

import io
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from audit import sealing
from audit.models import AuditBlock, AuditEvent
from audit.querysets import first_id_at
from audit.sealing import MARGIN, horizon, seal_events
from audit.services import Change, record, record_many
from audit.tasks import seal_audit
from audit.verification import FINDINGS_KEPT, verify_trail
from tests.audit.conftest import NO_MARGIN
from tests.trail import writable_trail

NUMBERS = {"whole": 2**70, "fraction": 1.5, "text": 'Größe "q" 😀\x7f', "none": None, "list": [1, {"b": 1, "a": 2}]}


def write(actor, count=1, name="orders"):
    state = {"name": name, **NUMBERS}
    with transaction.atomic():
        record_many(
            actor, [Change("UPDATE", "ASSET", uuid7(), f"{name} {n}", None, state, n + 1) for n in range(count)]
        )


@pytest.fixture
def sealed(alice_actor, monkeypatch):
    """Nine events in three blocks, oldest first."""
    monkeypatch.setattr(sealing, "BLOCK_EVENTS", 4)
    write(alice_actor, 9)
    assert seal_events(margin=NO_MARGIN) == 9
    return list(AuditEvent.objects.order_by("id"))


def kinds():
    return [(finding.kind, finding.block, finding.event_id) for finding in verify_trail().findings]


def test_untouched_trail_verifies(sealed):
    result = verify_trail()
    assert result.is_intact
    assert (result.blocks, result.events, result.waiting) == (3, 9, 0)
    assert result.head == AuditBlock.objects.get(number=3).hash


def test_empty_trail_verifies(db):
    assert seal_events() == 0
    assert verify_trail().is_intact


def test_what_is_younger_than_the_margin_waits(alice_actor):
    write(alice_actor, 2)
    seal_audit()
    result = verify_trail()
    assert (result.blocks, result.waiting) == (0, 2)


def test_blocks_go_on_where_the_last_one_ended(sealed, alice_actor):
    write(alice_actor)
    assert seal_events(margin=NO_MARGIN) == 1
    assert [block.event_count for block in AuditBlock.objects.order_by("number")] == [4, 4, 1, 1]
    assert verify_trail().is_intact


@pytest.mark.parametrize(
    "change",
    [
        {"entity_name": "x"},
        {"after_state": {"name": "x"}},
        {"before_state": {}},
        {"user_id": None},
        {"organization_id": None},
        {"action": "DELETE"},
        {"entity_version": 77},
        {"request_id": "x"},
        {"timestamp": timezone.now() - timedelta(microseconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_altered_event_is_found(sealed, change):
    with writable_trail():
        AuditEvent.objects.filter(pk=sealed[5].pk).update(**change)
    assert kinds() == [("altered", 2, sealed[5].pk)]


@pytest.mark.parametrize(("at", "block"), [(0, 1), (3, 1), (6, 2), (8, 3)])
def test_removed_event_is_found(sealed, at, block):
    with writable_trail():
        AuditEvent.objects.filter(pk=sealed[at].pk).delete()
    assert kinds() == [("removed", block, sealed[at].pk)]


@pytest.mark.parametrize(("before", "block"), [(0, 1), (2, 1), (4, 2), (8, 3)])
def test_event_slipped_in_is_found_and_never_sealed(sealed, before, block):
    copy = sealed[before]
    original, copy.pk = copy.pk, type(copy.pk)(int=copy.pk.int - 1)
    copy.save(force_insert=True)
    assert kinds() == [("inserted", block, copy.pk)]
    assert seal_events(margin=NO_MARGIN) == 0
    assert kinds() == [("inserted", block, copy.pk)]
    assert AuditEvent.objects.filter(pk=original).exists()


def test_block_taken_out_breaks_the_chain(sealed):
    with writable_trail():
        AuditBlock.objects.filter(number=2).delete()
    assert kinds() == [("chain", 3, None)]


def test_first_block_taken_out_breaks_the_chain(sealed):
    with writable_trail():
        AuditBlock.objects.filter(number=1).delete()
    assert kinds() == [("chain", 2, None)]


def test_blocks_cut_off_at_the_end_are_found_by_a_head_kept_elsewhere(sealed):
    head = verify_trail().head
    with writable_trail():
        AuditBlock.objects.filter(number=3).delete()
    assert verify_trail().is_intact
    assert [finding.kind for finding in verify_trail(expected_head=head).findings] == ["head"]


@pytest.mark.parametrize(
    "change",
    [{"event_count": 3}, {"leaves": b"x" * 128}, {"sealed_at": timezone.now() - timedelta(days=1)}],
    ids=lambda change: next(iter(change)),
)
def test_altered_block_is_found(sealed, change):
    with writable_trail():
        AuditBlock.objects.filter(number=2).update(**change)
    assert ("block", 2, None) in kinds()


def test_chain_made_anew_without_the_secret_key_is_found(sealed, settings):
    with writable_trail():
        AuditEvent.objects.filter(pk=sealed[0].pk).delete()
        AuditBlock.objects.all().delete()
    key, settings.SECRET_KEY = settings.SECRET_KEY, "what a forger has to guess"
    seal_events(margin=NO_MARGIN)
    assert verify_trail().is_intact
    settings.SECRET_KEY = key
    assert [finding[:2] for finding in kinds()] == [("signature", 1), ("signature", 2)]


def test_chain_stays_good_when_the_secret_key_rotates(sealed, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next key"
    assert verify_trail().is_intact


def test_findings_are_counted_and_only_the_first_kept(alice_actor):
    write(alice_actor, FINDINGS_KEPT + 20)
    seal_events(margin=NO_MARGIN)
    with writable_trail():
        AuditEvent.objects.all().delete()
    result = verify_trail()
    assert (result.found, len(result.findings)) == (FINDINGS_KEPT + 20, FINDINGS_KEPT)


def test_command_prints_one_sentence_and_fails_on_tampering(sealed):
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().startswith("The trail is intact: 9 events in 3 blocks, 0 wait to be sealed; head ")
    with writable_trail():
        AuditEvent.objects.filter(pk=sealed[1].pk).update(entity_name="x")
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_audit", stderr=err)
    assert err.getvalue() == f"Event {sealed[1].pk} was altered after block 1 was sealed\n"


def test_horizon_is_the_margin_ago(db):
    earliest = first_id_at(timezone.now() - MARGIN)
    assert earliest <= horizon() <= first_id_at(timezone.now() - MARGIN)


@pytest.mark.django_db(transaction=True)
def test_event_committed_after_a_later_one_is_sealed_and_not_taken_for_an_intruder(operator):
    """A transaction writes its event, stays open while another commits and blocks are sealed, then commits."""
    written, sealed_meanwhile = threading.Event(), threading.Event()

    def slow_writer():
        try:
            with transaction.atomic():
                record(operator, Change("UPDATE", "ASSET", uuid7(), "slow", None, {}))
                written.set()
                sealed_meanwhile.wait(60)
        finally:
            connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    try:
        assert written.wait(60)
        if connection.vendor == "postgresql":
            write(operator, name="fast")
            assert seal_events(margin=timedelta(0)) == 0
        else:  # where there is one writer at a time, sealing waits for it to end
            threading.Timer(0.2, sealed_meanwhile.set).start()
            assert seal_events(margin=NO_MARGIN) == 1
    finally:
        sealed_meanwhile.set()
        writer.join(60)
    write(operator, name="fast")
    seal_events(margin=NO_MARGIN)
    assert verify_trail().events == AuditEvent.objects.count()
    assert verify_trail().is_intact


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_make_one_chain(operator):
    write(operator, 20)
    barrier, counts = threading.Barrier(3), []

    def seal():
        try:
            barrier.wait(60)
            counts.append(seal_events(margin=NO_MARGIN))
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 20
    assert (verify_trail().is_intact, verify_trail().blocks) == (True, 1)
