"""Writes of products, projects and the components that a project declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import CharField, QuerySet, TextField
from packageurl import PackageURL

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.models import Role
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, DomainError, Invalid
from registry.models import Component, Product, Project
from registry.models.releases import folded
from registry.services.checks import clean, known, locked

PRODUCT_FIELDS = (
    "name",
    "description",
    "category",
    "lifecycle_status",
    "tags",
    "metadata",
    "identifiers",
    "is_public",
)
PROJECT_FIELDS = ("name", "description", "type", "status", "tags", "metadata", "identifiers")
COMPONENT_FIELDS = ("name", "description", "type", "version", "purl", "metadata")
_FIELDS: dict[type, tuple[str, ...]] = {
    Product: PRODUCT_FIELDS,
    Project: PROJECT_FIELDS,
    Component: COMPONENT_FIELDS,
}
_ENTITY: dict[type, str] = {Product: "PRODUCT", Project: "PROJECT", Component: "PROJECT_COMPONENT"}

Owned = TypeVar("Owned", Product, Project, Component)


def create_product(*, actor: Actor, data: Mapping[str, Any]) -> Product:
    """A product of the actor's organization. Raises Invalid, and Conflict for a name that is taken."""
    actor.require(Role.EDITOR)
    return _save(actor, Product(organization_id=actor.tenant), data, before=None)


def create_project(*, actor: Actor, product: Product, data: Mapping[str, Any]) -> Project:
    """A project of the product. Raises Invalid, and Conflict for a name that the product's projects have."""
    actor.require(Role.EDITOR)
    return _save(actor, Project(organization_id=product.organization_id, product=product), data, before=None)


def create_component(*, actor: Actor, project: Project, data: Mapping[str, Any]) -> Component:
    """A component that the project declares. Raises Invalid, and Conflict for a name that is taken."""
    actor.require(Role.EDITOR)
    return _save(actor, Component(organization_id=project.organization_id, project=project), data, before=None)


def update_product(*, actor: Actor, product: Product, changes: Mapping[str, Any]) -> Product:
    """Set what is named; `metadata` merges one level deep, a null removes a key. Likewise the two below."""
    actor.require(Role.EDITOR)
    return _change(actor, product, changes)


def update_project(*, actor: Actor, project: Project, changes: Mapping[str, Any]) -> Project:
    actor.require(Role.EDITOR)
    return _change(actor, project, changes)


def update_component(*, actor: Actor, component: Component, changes: Mapping[str, Any]) -> Component:
    actor.require(Role.EDITOR)
    return _change(actor, component, changes)


def delete_product(*, actor: Actor, product: Product) -> None:
    """Raises Conflict while it has projects."""
    actor.require(Role.EDITOR)
    _delete(actor, product, "projects")


def delete_project(*, actor: Actor, project: Project) -> None:
    """Raises Conflict while it has releases. Its declared components go with it."""
    actor.require(Role.EDITOR)
    _delete(actor, project, "releases")


def delete_component(*, actor: Actor, component: Component) -> None:
    actor.require(Role.EDITOR)
    _delete(actor, component)


def state_of(instance: Product | Project | Component) -> dict[str, Any]:
    """The whole state, as the trail keeps it."""
    state = {name: getattr(instance, name) for name in _FIELDS[type(instance)]}
    if isinstance(instance, Project):
        state["product_id"] = str(instance.product_id)
    if isinstance(instance, Component):
        state["project_id"] = str(instance.project_id)
    return state


def merged(current: Mapping[str, Any], changes: Any) -> Any:
    """Metadata one level deep: a null removes a key. What is no object is left for the check to refuse."""
    if not isinstance(changes, dict):
        return changes
    return {key: value for key, value in {**current, **changes}.items() if value is not None}


@transaction.atomic
def _change(actor: Actor, given: Owned, changes: Mapping[str, Any]) -> Owned:
    instance = locked(_rows(given), given)
    before = state_of(instance)
    if "metadata" in changes:
        changes = {**changes, "metadata": merged(instance.metadata, changes["metadata"])}
    return _save(actor, instance, changes, before=before)


@transaction.atomic
def _save(actor: Actor, instance: Owned, data: Mapping[str, Any], *, before: dict[str, Any] | None) -> Owned:
    known(data, _FIELDS[type(instance)])
    for name, value in data.items():
        setattr(instance, name, _stored(instance, name, value))
    instance.key = str(instance.name).casefold()
    clean(instance)
    check_lines({"name": instance.name}, before or {}, ("name",), resource=type(instance).__name__.lower())
    if isinstance(instance, Component):
        _check_purl(instance.purl)
    else:
        instance.tag_keys = folded(instance.tags)
    after = state_of(instance)
    if before == after:
        return instance
    with refused_by(_refusals(instance)):
        instance.save()
    _record(actor, instance, before=before, after=after)
    return instance


def _rows(instance: Owned) -> QuerySet[Owned]:
    return type(instance)._default_manager.all()


def _stored(instance: Owned, name: str, value: Any) -> Any:
    """A value of a column: null is what it has where nothing is said; only texts are texts. Raises Invalid."""
    field: Any = instance._meta.get_field(name)
    if name in {"metadata", "identifiers"}:
        return value
    if value is None:
        return field.get_default()
    if isinstance(field, CharField | TextField) and not isinstance(value, str):
        raise Invalid(fields={name: ["This must be a text."]})
    return value.strip() if name == "name" else value


def _check_purl(purl: str) -> None:
    if purl:
        try:
            PackageURL.from_string(purl)
        except ValueError as error:
            raise Invalid(fields={"purl": [f"This is no package URL: {error}."]}) from None


def _refusals(instance: Owned) -> dict[str, DomainError]:
    kind = type(instance).__name__.lower()
    constraint = {
        "product": "product_name_unique_in_organization",
        "project": "project_name_unique_in_product",
        "component": "component_name_unique_in_project",
    }[kind]
    message = f"{kind.capitalize()} name already exists"
    return {constraint: Conflict(message, resource=kind, name=instance.name)}


@transaction.atomic
def _delete(actor: Actor, given: Owned, what: str = "") -> None:
    """`what` names what it may hold none of."""
    instance = locked(_rows(given), given)
    kind = type(instance).__name__.lower()
    count = getattr(instance, what).count() if what else 0
    if count:
        raise Conflict(f"The {kind} still has {what}; delete them first", resource=kind, **{what: count})
    before = state_of(instance)
    key = instance.pk
    instance.delete()
    instance.pk = key
    _record(actor, instance, before=before, after=None)


def _record(actor: Actor, instance: Owned, *, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    action = "DELETE" if after is None else "CREATE" if before is None else "UPDATE"
    change = Change(action, _ENTITY[type(instance)], instance.pk, instance.name, before, after)
    record(actor, change, organization_id=instance.organization_id)
