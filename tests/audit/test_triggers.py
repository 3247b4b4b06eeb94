"""The database itself refuses to change the trail."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.services import delete_organization
from audit import triggers
from audit.models import AuditBlock, AuditEvent
from audit.sealing import seal_events
from audit.services import Change, record
from tests.audit.conftest import NO_MARGIN


@pytest.fixture
def event(alice_actor):
    with transaction.atomic():
        record(alice_actor, Change("CREATE", "ASSET", alice_actor.user_id, "orders", None, {"name": "orders"}))
    seal_events(margin=NO_MARGIN)
    return AuditEvent.objects.get()


STATEMENTS = [
    "UPDATE audit_auditevent SET entity_name = 'x'",
    "DELETE FROM audit_auditevent",
    "UPDATE audit_auditblock SET event_count = 7",
    "DELETE FROM audit_auditblock",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_sql_cannot_change_the_trail(event, statement):
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get().entity_name == "orders"
    assert AuditBlock.objects.get().event_count == 1


@pytest.mark.parametrize("table", ["audit_auditevent", "audit_auditblock"])
def test_databases_own_way_around_delete_is_closed_too(event, table):
    own = {
        "postgresql": f"TRUNCATE {table} CASCADE",
        "sqlite": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    }
    statement = own[connection.vendor]
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.count() == AuditBlock.objects.count() == 1


@pytest.mark.parametrize("model", [AuditEvent, AuditBlock])
def test_the_orm_cannot_change_the_trail(event, model):
    row = model.objects.get()
    for change in (row.save, row.delete, model.objects.all().delete):
        with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic():
            change()
    assert model.objects.count() == 1


def test_trail_outlives_the_organization(event, acme, alice_member):
    alice_member.user.delete()
    acme.delete()
    assert AuditEvent.objects.get(pk=event.pk).after_state == {"name": "orders"}


def test_deletion_of_an_organization_is_on_its_trail(acme, operator):
    delete_organization(actor=operator, organization=acme)
    last = AuditEvent.objects.all()[0]
    assert (last.action, last.entity_type, last.entity_name) == ("DELETE", "ORGANIZATION", "Acme")
    assert last.organization_id == last.entity_id


def test_installing_twice_leaves_one_set_that_holds(event):
    triggers.install(connection)
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic():
        AuditEvent.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_migration_is_reversible():
    executor = MigrationExecutor(connection)
    newest = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "audit"]
    try:
        call_command("migrate", "audit", "0002", verbosity=0)
        AuditEvent.objects.all().delete()
    finally:
        MigrationExecutor(connection).migrate(newest)
    AuditEvent.objects.create(action="CREATE", entity_id=uuid7(), timestamp=timezone.now())
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic():
        AuditEvent.objects.all().delete()
