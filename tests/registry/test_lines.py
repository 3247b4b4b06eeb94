"""Names of products, projects, components and releases are one line; one that is not may be kept."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.models import Component, Product, Project, Release
from registry.services.products import (
    create_component,
    create_product,
    create_project,
    update_component,
    update_product,
    update_project,
)
from registry.services.releases import create_release

ODD = ["two\nlines", "a\ttab", "bell\x07!", "next\x85line", "line\u2028separator", "de\x7fl"]

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("name", ODD)]


def test_a_name_is_one_line(bob_actor: Actor, name: str) -> None:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    project = create_project(actor=bob_actor, product=product, data={"name": "Web"})
    component = create_component(actor=bob_actor, project=project, data={"name": "Module"})
    for work in (
        lambda: create_product(actor=bob_actor, data={"name": name}),
        lambda: create_project(actor=bob_actor, product=product, data={"name": name}),
        lambda: create_component(actor=bob_actor, project=project, data={"name": name}),
        lambda: update_product(actor=bob_actor, product=product, changes={"name": name}),
        lambda: update_project(actor=bob_actor, project=project, changes={"name": name}),
        lambda: update_component(actor=bob_actor, component=component, changes={"name": name}),
    ):
        with pytest.raises(Invalid) as refused:
            work()
        assert list(refused.value.fields) == ["name"]
    with pytest.raises(Invalid, match="control characters"):
        create_release(actor=bob_actor, project=project, data={"version": name})
    assert not Release.objects.exists()


def test_what_is_called_so_is_still_edited(bob_actor: Actor, name: str) -> None:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    project = create_project(actor=bob_actor, product=product, data={"name": "Web"})
    component = create_component(actor=bob_actor, project=project, data={"name": "Module"})
    for model in (Product, Project, Component):
        model._default_manager.update(name=name, key=name)
    changes = {"name": name, "description": "Changed"}
    assert update_product(actor=bob_actor, product=product, changes=changes).description == "Changed"
    assert update_project(actor=bob_actor, project=project, changes=changes).description == "Changed"
    assert update_component(actor=bob_actor, component=component, changes=changes).description == "Changed"
