"""Tabs that the apps above add to an asset's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.actor import Actor
from catalog.models import Asset

Told = Callable[[Actor, Asset], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Tab:
    """`told` gives what the template shows, or None where the asset has no such tab."""

    name: str
    label: str
    template: str
    told: Told


_tabs: list[Tab] = []


def asset_tab(*, name: str, label: str, template: str) -> Callable[[Told], Told]:
    """Show what the decorated function tells on a tab of its own."""

    def add(told: Told) -> Told:
        _tabs.append(Tab(name, label, template, told))
        return told

    return add


def tabs_of(actor: Actor, asset: Asset) -> list[dict[str, Any]]:
    """The tabs of this asset's page, each with `name`, `label`, `template` and what it shows as `told`."""
    found = ((tab, tab.told(actor, asset)) for tab in _tabs)
    return [
        {"name": tab.name, "label": tab.label, "template": tab.template, "told": told}
        for tab, told in found
        if told is not None
    ]
