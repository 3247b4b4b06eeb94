"""Data sources: made, changed, tested, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Organization, Role
from accounts.services.keeping import keep, state_of
from audit.services import Change, record_many
from catalog.models import Asset, Origin
from contracts.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ingestion.connectors.base import ConnectionResult, SourceError
from ingestion.connectors.own import OWN_TYPES, SELF, is_own, own_type
from ingestion.connectors.registry import get_connector
from ingestion.models import DataSource, SourceStatus
from ingestion.services.client_settings import seal, shown
from ingestion.services.config import merge_config, open_config
from ingestion.services.deadline import within
from ingestion.services.fields import read_name, read_text, refuse_unknown, text_list
from ingestion.services.secrets import MASK

FIELDS = {"name", "type", "description", "config", "tags", "status", "client_settings"}
KEPT_AS = "DATA_SOURCE"
"""What a deleted source is kept as."""
SELF_SOURCE = "cartulary"
"""The name under which an installation catalogs its own database."""


def snapshot(source: DataSource) -> dict[str, Any]:
    """The whole state for the trail; masks stand for the secrets."""
    return {
        "name": source.name,
        "type": source.type,
        "description": source.description,
        "config": source.config,
        "tags": source.tags,
        "status": source.status,
        "status_message": source.status_message,
        **({"client_settings": shown(source.client_settings)} if source.client_settings else {}),
    }


@transaction.atomic
def create_data_source(
    *, actor: Actor, data: Mapping[str, Any], connected: bool = True, source_id: UUID | None = None
) -> DataSource:
    """A new source from `name`, `type`, `config` and, as wanted, `description`, `tags`, `status`.

    The application's own database gets the type of its engine, whichever of the two was said.
    One that is not `connected` has no config yet and is inactive: others fill it.

    Raises Invalid (fields named), Conflict when the name is taken.
    """
    actor.require(Role.EDITOR)
    refuse_unknown(data, FIELDS)
    source = DataSource(organization_id=actor.tenant, created_by_id=actor.user_id)
    source.pk = source_id or source.pk
    source.type = read_text(data, "type", 40, required=True)
    get_connector(source.type)
    source.name = read_name(data, resource="data_source")
    _assign(source, data)
    if connected:
        if source.type in OWN_TYPES and _names_own(data.get("config")):
            source.type = own_type()
        source.config, source.secrets = merge_config(source.type, data.get("config", {}))
    else:
        source.status = SourceStatus.INACTIVE
    _refuse_own_database(actor, source)
    source.root = source.name
    source.origin = Origin.objects.create(
        pk=source.pk, organization_id=source.organization_id, name=source.name, type=source.type
    )
    save_source(source, force_insert=True)
    record_source(actor, "CREATE", source, before=None)
    return source


@transaction.atomic
def update_data_source(*, actor: Actor, source: DataSource, changes: Mapping[str, Any]) -> DataSource:
    """Change what is named; `config` is merged over what is there, a null removes a setting. The type stays.

    Raises Invalid, Conflict (the name is taken), NotFound (another tenant's, or gone meanwhile).
    """
    source = _locked(actor, source)
    refuse_unknown(changes, FIELDS)
    before, secrets = snapshot(source), (source.secrets, source.client_settings)
    if changes.get("type", source.type) != source.type:
        raise Invalid(fields={"type": ["The type of a data source cannot be changed. Make a new one."]})
    if "name" in changes:
        source.name = read_name(changes, source.name, resource="data_source")
    _assign(source, changes)
    if "config" in changes:
        source.config, source.secrets = merge_config(
            source.type, changes["config"], config=source.config, secrets=source.secrets
        )
        _refuse_own_database(actor, source)
    elif source.status != before["status"] == SourceStatus.INACTIVE:
        merge_config(source.type, {}, config=source.config, secrets=source.secrets)  # complete, or it stays inactive
    if snapshot(source) == before and (source.secrets, source.client_settings) == secrets:
        return source
    if source.name != before["name"]:
        _rename_origin(source)
    save_source(source)
    record_source(actor, "UPDATE", source, before=before)
    return source


@transaction.atomic
def delete_data_source(
    *, actor: Actor, source: DataSource, hard: bool = False, contents_deleted_at: datetime | None = None
) -> None:
    """Delete a source that no task collects. What it brought stays in the catalog, with its origin.

    Unless `hard` it is kept to be restored, without its secrets: a password that is deleted is gone.
    `contents_deleted_at` is when its assets were deleted, where they are deleted together with it.
    Raises Conflict while tasks are there.
    """
    source = _locked(actor, source)
    tasks = source.tasks.count()
    if tasks:
        raise Conflict(
            f"The data source has {tasks} collection task(s): delete them first",
            resource="data_source",
            data_source_id=str(source.pk),
            tasks=[str(pk) for pk in source.tasks.values_list("pk", flat=True)[:10]],
        )
    before, pk = snapshot(source), source.pk
    if not hard:
        moment = contents_deleted_at.isoformat() if contents_deleted_at else None
        state = {**state_of(source, without=("secrets", "client_settings")), "contents_deleted_at": moment}
        state["config"] = {name: value for name, value in source.config.items() if value != MASK}
        keep(source.organization_id, KEPT_AS, pk, source.name, {**state, "had_secrets": bool(source.secrets)})
    source.delete()
    if not Asset.objects.filter(origin=pk).exists():
        Origin.objects.filter(pk=pk).delete()
    change = Change("DELETE", "DATA_SOURCE", pk, before["name"], before, None)
    record_many(actor, [change], organization_id=source.organization_id)


@dataclass(slots=True)
class BatchResult:
    """How many of a batch went well, and why the others did not."""

    total: int = 0
    success: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)


def set_status(*, actor: Actor, ids: Iterable[str], status: str) -> BatchResult:
    """Set the status (active or inactive) of many sources; what cannot be set is told, the rest is done."""
    actor.require(Role.EDITOR)
    if status not in (SourceStatus.ACTIVE, SourceStatus.INACTIVE):
        raise Invalid(fields={"status": ["It must be 'active' or 'inactive'."]})
    result = BatchResult()
    for name in dict.fromkeys(str(one) for one in ids):
        result.total += 1
        try:
            source = get_data_source(actor, name)
            update_data_source(actor=actor, source=source, changes={"status": status})
            result.success += 1
        except DomainError as error:
            result.errors.append({"id": name, "message": error.message})
    return result


def get_data_source(actor: Actor, source_id: str | UUID) -> DataSource:
    """The source of this id. Raises NotFound, also for what is no id at all."""
    try:
        return DataSource.objects.visible_to(actor).get(pk=source_id)
    except (DataSource.DoesNotExist, ValidationError, ValueError):
        raise not_found(source_id) from None


def not_found(source_id: str | UUID) -> NotFound:
    return NotFound(f"Data source with id '{source_id}' not found", resource="data_source", id=str(source_id))


def test_connection(*, actor: Actor, source: DataSource) -> ConnectionResult:
    """Ask the source for its version, within its time limit, and keep what came of it as its status.

    A source that cannot be reached is a result, not an error.
    """
    actor.require(Role.EDITOR)
    if not DataSource.objects.visible_to(actor).filter(pk=source.pk).exists():
        raise not_found(source.pk)
    try:
        merge_config(source.type, {}, config=source.config, secrets=source.secrets)
        config = open_config(source.type, source.config, source.secrets)
        limit = float(config.get("timeout", 10))
        connector = get_connector(source.type)
        result = within(limit + 2, lambda: connector.test(config))
    except SourceError as error:
        result = ConnectionResult(False, error.message, code=error.code)
    except DomainError as error:
        result = ConnectionResult(False, error.message, code=str(error.details.get("code", error.kind)).upper())
    note_reachable(actor=actor, source=source, result=result)
    return result


@transaction.atomic
def note_reachable(*, actor: Actor, source: DataSource, result: ConnectionResult) -> None:
    """Keep the outcome of a test or a run as the source's status; a change of status goes on the trail.

    An inactive source stays inactive.
    """
    current = DataSource.objects.select_for_update().filter(pk=source.pk).first()
    if current is None:
        return
    before = snapshot(current)
    current.tested_at = timezone.now()
    current.status_message = "" if result.success else result.message
    current.server_version = result.version[:200] or current.server_version
    if current.status != SourceStatus.INACTIVE:
        current.status = SourceStatus.ACTIVE if result.success else SourceStatus.ERROR
    current.save(update_fields=["tested_at", "status", "status_message", "server_version"])
    if current.status != before["status"]:
        record_source(actor, "UPDATE", current, before=before)
    source.tested_at, source.server_version = current.tested_at, current.server_version
    source.status, source.status_message = current.status, current.status_message


def ensure_self_source(organization: Organization, *, actor: Actor) -> DataSource:
    """The application's own database as a data source of this organization; made when missing.

    Where the installation has moved to another engine since, it is of another type from now on.
    """
    actor = replace(actor, organization_id=organization.pk)
    source = DataSource.objects.filter(organization=organization, name=SELF_SOURCE).first()
    if source is None:
        return create_data_source(
            actor=actor,
            data={
                "name": SELF_SOURCE,
                "type": own_type(),
                "description": "The database of this installation.",
                "config": {"database": SELF},
            },
        )
    if source.type in OWN_TYPES and source.type != own_type() and is_own(source.config):
        _set_type(actor, source, own_type())
    return source


@transaction.atomic
def _set_type(actor: Actor, source: DataSource, source_type: str) -> None:
    before = snapshot(source)
    source.type = source_type
    save_source(source, update_fields=["type", "updated_at"])
    Origin.objects.filter(pk=source.origin_id).update(type=source_type)
    record_source(actor, "UPDATE", source, before=before)


def _locked(actor: Actor, source: DataSource) -> DataSource:
    found = DataSource.objects.visible_to(actor).select_for_update().filter(pk=source.pk).first()
    if found is None:
        raise not_found(source.pk)
    actor.require(Role.EDITOR)
    return found


def _assign(source: DataSource, data: Mapping[str, Any]) -> None:
    if "description" in data:
        source.description = read_text(data, "description", 10_000)
    if "tags" in data:
        source.tags = text_list(data, "tags")
    if "client_settings" in data:
        source.client_settings = seal(data["client_settings"], source.client_settings)
    if "status" in data:
        if data["status"] not in (SourceStatus.ACTIVE, SourceStatus.INACTIVE, source.status):
            raise Invalid(fields={"status": ["It must be 'active' or 'inactive'."]})
        source.status = data["status"]


def _refuse_own_database(actor: Actor, source: DataSource) -> None:
    """Every tenant's rows are in the application's database: only an admin may have it cataloged, as what it is."""
    if source.type not in OWN_TYPES or not is_own(source.config):
        return
    if not actor.may(Role.ADMIN):
        raise Forbidden("Cataloging the application's own database needs the role 'admin'", required_role="admin")
    if source.type != own_type():
        reason = f"The application's own database is a data source of type '{own_type()}': make a new one."
        raise Invalid(fields={"config.database": [reason]})


def _names_own(config: Any) -> bool:
    return isinstance(config, Mapping) and is_own(config)


def _rename_origin(source: DataSource) -> None:
    """Assets keep the qualified names they were found under: the root follows the name only while there are none."""
    Origin.objects.filter(pk=source.pk).update(name=source.name)
    if not Asset.objects.filter(origin=source.pk).exists():
        source.root = source.name


def save_source(source: DataSource, **options: Any) -> None:
    try:
        with transaction.atomic():
            source.save(**options)
    except IntegrityError:
        others = DataSource.objects.filter(organization=source.organization_id).exclude(pk=source.pk)
        if others.filter(name=source.name).exists():
            message = f"A data source named '{source.name}' exists already"
        else:
            message = f"Assets of another data source are filed under '{source.root}': take another name"
        raise Conflict(message, resource="data_source", name=source.name) from None


def record_source(actor: Actor, action: str, source: DataSource, before: dict[str, Any] | None) -> None:
    change = Change(action, "DATA_SOURCE", source.pk, source.name, before, snapshot(source))
    record_many(actor, [change], organization_id=source.organization_id)
