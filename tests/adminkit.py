"""What tests of the admin share: sessions, and one of each thing to look at."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.actor import Actor, member_actor
from accounts.models import ApiKey, DeletedRow, Membership, Organization, Role, Team, User
from accounts.services import create_api_key, create_team
from audit.models import AuditEvent
from catalog.models import Asset, Domain, Glossary, GlossaryTerm, Relationship, Tag
from catalog.services import create_asset, create_concept, create_relationship, create_tag, delete_tag
from ingestion.models import CollectionTask, DataSource, Job, JobType, Template, Webhook
from ingestion.services.collections import create_task
from ingestion.services.jobs import enqueue
from ingestion.services.sources import create_data_source
from ingestion.services.templates import create_template
from ingestion.services.webhooks import create_webhook

HOOK = {"name": "hook", "url": "http://127.0.0.1:1/hook", "events": ["task.failed"]}


def session_of(membership: Membership) -> Client:
    """A browser in which this member is signed in."""
    client = Client()
    client.force_login(membership.user)
    return client


def make_superuser(organization: Organization) -> Membership:
    user = User(username="sue", email="sue@example.com", name="Sue", is_superuser=True, is_staff=True)
    user.set_unusable_password()
    user.save()
    return Membership.objects.create(user=user, organization=organization, role=Role.ADMIN)


def sqlite_file(name: str, statements: Sequence[str]) -> str:
    """A database below the import folder; returns the path that a data source names."""
    folder = Path(settings.IMPORT_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    target.unlink(missing_ok=True)
    with sqlite3.connect(target) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return name


@dataclass(frozen=True)
class World:
    """One of each thing of an organization."""

    asset: Asset
    other: Asset
    tag: Tag
    relationship: Relationship
    source: DataSource
    task: CollectionTask
    job: Job
    key: ApiKey
    event: AuditEvent
    template: Template
    webhook: Webhook
    organization: Organization
    user: User
    team: Team
    domain: Domain
    glossary: Glossary
    term: GlossaryTerm
    deleted: DeletedRow


def make_world(membership: Membership) -> World:
    actor = member_actor(membership, door="test")
    columns = [{"name": "id", "type": "integer", "nullable": False}, {"name": "email", "type": "text"}]
    asset = make_asset(actor, "orders", tags=["sales"], schema=columns, description="What was bought")
    other = make_asset(actor, "customers")
    source = create_data_source(actor=actor, data={"name": "shop", "type": "sqlite", "config": {"database": "a.db"}})
    task = create_task(actor=actor, data={"name": "nightly", "datasource_id": str(source.pk)})
    delete_tag(actor=actor, tag=create_tag(actor=actor, data={"name": "outworn"}))
    return World(
        asset=asset,
        other=other,
        tag=Tag.objects.get(name="sales", organization=membership.organization),
        relationship=create_relationship(actor=actor, source=asset, target=other, type="DEPENDS_ON"),
        source=source,
        task=task,
        job=enqueue(actor=actor, type=JobType.COLLECTION, payload={}, task=task),
        key=create_api_key(actor=actor, organization=membership.organization, name="ci", role="viewer").api_key,
        event=AuditEvent.objects.of_entity(asset.pk)[0],
        template=create_template(actor=actor, data={"name": "lite", "type": "sqlite"}),
        webhook=create_webhook(actor=actor, data=HOOK)[0],
        organization=membership.organization,
        user=membership.user,
        team=create_team(actor=actor, data={"name": "stewards"}),
        domain=create_concept(actor=actor, model=Domain, data={"name": "Finance"}),
        glossary=create_concept(actor=actor, model=Glossary, data={"name": "Business"}),
        term=create_concept(actor=actor, model=GlossaryTerm, data={"name": "Customer", "glossary": "Business"}),
        deleted=DeletedRow.objects.get(key="outworn"),
    )


def make_asset(actor: Actor, name: str, **fields: Any) -> Asset:
    return create_asset(actor=actor, data={"type": "TABLE", "name": name, "qualified_name": f"shop.{name}", **fields})


def form_of(response: Any) -> dict[str, Any]:
    """What a browser would post back from an admin form, as it stands."""
    form = response.context["adminform"].form
    posted: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value not in (None, False):
            posted[bound.html_name] = "on" if value is True else value
    for inline in response.context["inline_admin_formsets"]:
        for bound_form in (inline.formset.management_form, *inline.formset.initial_forms):
            for bound in bound_form:
                if bound.value() is not None:
                    posted[bound.html_name] = bound.value()
    return posted


def messages_of(response: Any) -> list[str]:
    """What the page tells at its top."""
    return [str(message) for message in response.context["messages"]]


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)
