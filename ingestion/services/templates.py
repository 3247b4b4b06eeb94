"""Templates of data sources: made, changed, deleted, applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record_many
from contracts.errors import Conflict, Invalid, NotFound
from ingestion.connectors.registry import get_connector
from ingestion.models import DataSource, Template
from ingestion.services.config import merge_template
from ingestion.services.fields import read_name, read_text, refuse_unknown
from ingestion.services.sources import create_data_source

FIELDS = {"name", "type", "description", "config_template"}


def snapshot(template: Template) -> dict[str, Any]:
    """The whole state for the trail."""
    return {name: getattr(template, name) for name in ("name", "type", "description", "config_template")}


@transaction.atomic
def create_template(*, actor: Actor, data: Mapping[str, Any]) -> Template:
    """A new template from `name`, `type`, `description`, `config_template`. Raises Invalid, Conflict."""
    actor.require(Role.EDITOR)
    refuse_unknown(data, FIELDS)
    source_type = read_text(data, "type", 40, required=True)
    get_connector(source_type)
    template = Template(
        organization_id=actor.tenant,
        created_by_id=actor.user_id,
        name=read_name(data, resource="template"),
        type=source_type,
        description=read_text(data, "description", 10_000),
        config_template=merge_template(source_type, data.get("config_template", {})),
    )
    _save(template)
    _record(actor, "CREATE", template, before=None)
    return template


@transaction.atomic
def update_template(*, actor: Actor, template: Template, changes: Mapping[str, Any]) -> Template:
    """Change what is named; `config_template` is merged, a null removes a setting. The type stays.

    Raises Invalid, Conflict, NotFound.
    """
    template = _locked(actor, template)
    refuse_unknown(changes, FIELDS)
    before = snapshot(template)
    if changes.get("type", template.type) != template.type:
        raise Invalid(fields={"type": ["The type of a template cannot be changed. Make a new one."]})
    if "name" in changes:
        template.name = read_name(changes, template.name, resource="template")
    if "description" in changes:
        template.description = read_text(changes, "description", 10_000)
    if "config_template" in changes:
        template.config_template = merge_template(template.type, changes["config_template"], template.config_template)
    if snapshot(template) != before:
        _save(template)
        _record(actor, "UPDATE", template, before=before)
    return template


@transaction.atomic
def delete_template(*, actor: Actor, template: Template) -> None:
    """Delete the template; the data sources made from it stay."""
    template = _locked(actor, template)
    before = snapshot(template)
    change = Change("DELETE", "TEMPLATE", template.pk, template.name, before, None)
    record_many(actor, [change], organization_id=template.organization_id)
    template.delete()


def apply_template(*, actor: Actor, template: Template, data: Mapping[str, Any]) -> DataSource:
    """A new data source from the template and `name`, `config_overrides` and, as wanted, `description`, `tags`.

    Raises Invalid, Conflict.
    """
    refuse_unknown(data, {"name", "config_overrides", "description", "tags"})
    overrides = data.get("config_overrides", {})
    if not isinstance(overrides, Mapping):
        raise Invalid(fields={"config_overrides": ["It must be an object."]})
    source = {
        "name": data.get("name", ""),
        "type": template.type,
        "description": data.get("description", template.description),
        "config": {**template.config_template, **overrides},
        "tags": data.get("tags", []),
    }
    return create_data_source(actor=actor, data=source)


def _locked(actor: Actor, template: Template) -> Template:
    found = Template.objects.visible_to(actor).select_for_update().filter(pk=template.pk).first()
    if found is None:
        raise NotFound(resource="template", template_id=str(template.pk))
    actor.require(Role.EDITOR)
    return found


def _save(template: Template) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise Conflict(
            f"A template named '{template.name}' exists already", resource="template", name=template.name
        ) from None


def _record(actor: Actor, action: str, template: Template, before: dict[str, Any] | None) -> None:
    change = Change(action, "TEMPLATE", template.pk, template.name, before, snapshot(template))
    record_many(actor, [change], organization_id=template.organization_id)
