"""Taking back what was published: yanked versions still resolve when pinned, deleted ones never come back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.checks import text
from accounts.models import Role
from audit.services import Change, record
from contracts.errors import Conflict, Invalid, NotFound
from registry.models import Dependency, Entry, EntryLabel, LabelKind, Version
from registry.services.acting import require_own
from registry.services.entry_catalog import index_entries, withdraw_source, withdraw_source_version
from registry.services.entry_states import entry_state, version_state
from registry.services.publishing import count, refresh_latest, spec_of

REASON_LENGTH = 2000


@transaction.atomic
def yank(*, actor: Actor, version: Version, reason: str) -> Version:
    """Never choose this version again; who pins it exactly still gets it. Raises Invalid without a reason."""
    try:
        said = text(reason.strip() if isinstance(reason, str) else reason, limit=REASON_LENGTH, blank=False)
    except ValueError as error:
        raise Invalid(fields={"reason": [str(error)]}) from None
    actor, entry, version = _locked(actor, version, Role.EDITOR)
    if version.yanked_at is not None:
        raise Conflict(f"Version '{version.version}' is yanked already", version=version.version)
    return _change(actor, entry, version, "YANK", yanked_at=timezone.now(), yank_reason=said)


@transaction.atomic
def unyank(*, actor: Actor, version: Version) -> Version:
    """Let this version be chosen again. Raises Conflict for one that is not yanked."""
    actor, entry, version = _locked(actor, version, Role.EDITOR)
    if version.yanked_at is None:
        raise Conflict(f"Version '{version.version}' is not yanked", version=version.version)
    return _change(actor, entry, version, "UNYANK", yanked_at=None, yank_reason="")


@transaction.atomic
def delete_version(*, actor: Actor, version: Version) -> None:
    """Hide a version for good: its name is never used again. Raises Conflict while others depend on it."""
    actor, entry, version = _locked(actor, version, Role.ADMIN)
    _hold(Version.objects.filter(pk=version.pk))
    dependents = Dependency.objects.filter(target=version, version__deleted_at=None).count()
    if dependents:
        raise Conflict(f"{dependents} published versions depend on it; yank it instead", dependents=dependents)
    _change(actor, entry, version, "DELETE", deleted_at=timezone.now())
    _forget(entry, version)


@transaction.atomic
def delete_entry(*, actor: Actor, entry: Entry) -> None:
    """Hide a source or tool with all its versions. Raises Conflict while others depend on one of them."""
    actor = require_own(actor, entry, Role.ADMIN)
    entry = Entry.objects.select_for_update(of=("self",)).select_related("organization", "organism").get(pk=entry.pk)
    if entry.deleted_at is not None:
        raise NotFound(f"'{spec_of(entry)}' not found")
    versions = Version.objects.filter(entry=entry, deleted_at=None)
    _hold(versions)
    outside = Dependency.objects.filter(target__in=versions, version__deleted_at=None).exclude(version__entry=entry)
    if outside.exists():
        raise Conflict(f"Published versions of others depend on '{spec_of(entry)}'; yank its versions instead")
    before = entry_state(entry)
    now = timezone.now()
    for version in versions:
        was = version_state(version, list(version.files.all()))
        version.deleted_at = version.updated_at = now
        version.save()
        _record_version(actor, entry, version, "DELETE", was)
        _forget(entry, version)
    entry.deleted_at = now
    refresh_latest(entry, now)
    count(entry.organization_id, **{f"{entry.kind}s": -1})
    record(
        actor,
        Change("DELETE", entry.kind.upper(), entry.pk, spec_of(entry), before, entry_state(entry), entry.revision),
        organization_id=entry.organization_id,
    )
    index_entries([entry])
    withdraw_source(actor=actor, entry=entry)


def _locked(actor: Actor, version: Version, role: Role) -> tuple[Actor, Entry, Version]:
    """Entry and version as they are now, held until the transaction ends, and the actor at work on them."""
    entries = Entry.objects.select_for_update(of=("self",)).select_related("organization", "organism")
    entry = entries.get(pk=version.entry_id)
    actor = require_own(actor, entry, role)
    current = Version.objects.filter(pk=version.pk, deleted_at=None).first()
    if current is None or entry.deleted_at is not None:
        raise NotFound(f"Version '{version.version}' of '{spec_of(entry)}' not found")
    return actor, entry, current


def _hold(versions: QuerySet[Version]) -> None:
    """Wait for those who publish what depends on these versions; who comes later waits, and finds them deleted."""
    list(versions.select_for_update().order_by("pk").values_list("pk"))


def _change(actor: Actor, entry: Entry, version: Version, action: str, **changes: object) -> Version:
    """Write the changes, and with them what lists and search show of the entry."""
    was = version_state(version, list(version.files.all()))
    for name, value in changes.items():
        setattr(version, name, value)
    now = timezone.now()
    version.updated_at = now
    version.revision += 1
    version.save()
    refresh_latest(entry, now)
    _record_version(actor, entry, version, action, was)
    index_entries([entry])
    withdraw_source_version(actor=actor, entry=entry, version=version)
    return version


def _record_version(actor: Actor, entry: Entry, version: Version, action: str, was: dict[str, object]) -> None:
    after = version_state(version, list(version.files.all()))
    name = f"{spec_of(entry)}@{version.version}"
    change = Change(action, "VERSION", version.pk, name, was, after, version.revision)
    record(actor, change, organization_id=entry.organization_id)


def _forget(entry: Entry, version: Version) -> None:
    """Take a version out of the totals, and its formats off the entry where no other version has them."""
    size = sum(version.files.values_list("size", flat=True))
    count(entry.organization_id, versions=-1, size=-size)
    kept = {name for formats in _living_formats(entry) for name in formats}
    EntryLabel.objects.filter(entry=entry, kind=LabelKind.FORMAT).exclude(key__in=kept).delete()


def _living_formats(entry: Entry) -> list[list[str]]:
    return list(Version.objects.filter(entry=entry, deleted_at=None).values_list("formats", flat=True))
