"""What is said of a source or a tool, apart from its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from contracts.errors import Invalid
from registry.entry_types import check_metadata
from registry.models import Entry, EntryLabel, LabelKind
from registry.services.acting import require_own
from registry.services.entry_catalog import index_entries
from registry.services.entry_states import entry_state
from registry.services.publication import clean_entry_field
from registry.services.publishing import record_entry, refresh_latest

CHANGEABLE = ("name", "description", "external_id", "license", "repository_url", "homepage_url", "tags", "metadata")


@transaction.atomic
def update_entry(*, actor: Actor, entry: Entry, changes: Mapping[str, Any]) -> Entry:
    """Change what `changes` names, of CHANGEABLE. Raises Invalid."""
    actor = require_own(actor, entry, Role.EDITOR)
    entries = Entry.objects.select_for_update(of=("self",)).select_related("organization", "organism")
    entry = entries.get(pk=entry.pk)
    before = entry_state(entry)
    problems: dict[str, list[str]] = {}
    for name, value in changes.items():
        if name not in CHANGEABLE:
            problems[name] = ["This cannot be changed."]
            continue
        try:
            setattr(entry, name, clean_entry_field(name, value))
        except ValueError as error:
            problems[name] = [str(error)]
    if not entry.name.strip():
        problems["name"] = ["This may not be blank."]
    if problems:
        raise Invalid(fields=problems)
    check_metadata(entry.kind, entry.type, entry.metadata)
    if entry_state(entry) == before:
        return entry
    words = [word.lower() for word in entry.tags]
    EntryLabel.objects.filter(entry=entry, kind=LabelKind.TAG).exclude(key__in=words).delete()
    labels = [EntryLabel(entry=entry, kind=LabelKind.TAG, key=word) for word in words]
    EntryLabel.objects.bulk_create(labels, ignore_conflicts=True)
    refresh_latest(entry, timezone.now())
    record_entry(actor, entry, before)
    index_entries([entry])
    return entry
