"""What is known of a source's objects from the runs before: their states, and who they are there.

Nothing that did not change is written. A state counts only as long as it was written by this version of ours,
another one may read more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.db import models

from accounts.actor import Actor
from catalog.models import Asset, Origin
from catalog.services import AssetDraft, rename_assets
from ingestion.models import CollectionType, DataSource, Job, JobStatus, JobType, SourceObject


class Ledger:
    """The objects of one origin. `unchanged` is what a connector asks in an incremental collection."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin

    def unchanged(self, states: Mapping[str, str]) -> set[str]:
        known = self._rows().filter(asset__stale_since=None, asset__qualified_name__in=list(states)).exclude(state="")
        found = known.values_list("asset__qualified_name", "state")
        return {name for name, state in found if state == _versioned(states[name])}

    def follow_renames(self, *, actor: Actor, identities: Mapping[str, str], drafts: Iterable[AssetDraft]) -> int:
        """Rename what is known under another name; returns how many. The rows of the drafts are not written yet."""
        if not identities:
            return 0
        names = {identity: name for name, identity in identities.items()}
        known = (
            self._rows().filter(identity__in=list(names)).values_list("asset_id", "identity", "asset__qualified_name")
        )
        moved = {key: names[identity] for key, identity, name in known if names[identity] != name}
        if not moved:
            return 0
        short = {draft.qualified_name: draft.name for draft in drafts}
        given = {key: (short[name], name) for key, name in moved.items() if name in short}
        return len(rename_assets(actor=actor, names=given))

    def identify(self, ids: Mapping[str, UUID], identities: Mapping[str, str]) -> None:
        """Note who these assets are at the source."""
        wanted = {ids[name]: identity for name, identity in identities.items() if name in ids}
        former = dict(SourceObject.objects.filter(asset__in=list(wanted)).values_list("asset_id", "identity"))
        new = {key: identity for key, identity in wanted.items() if former.get(key) != identity}
        if not new:
            return
        # Where two have changed places each is the other now.
        self._rows().filter(identity__in=list(new.values())).exclude(asset__in=list(new)).update(identity="")
        rows = [SourceObject(asset_id=key, origin=self.origin, identity=identity) for key, identity in new.items()]
        _put(rows, ["origin", "identity"])

    def settle(self, states: Mapping[str, str]) -> None:
        """Note the states of objects of which everything has been written."""
        named = Asset.objects.filter(origin=self.origin, deleted_at=None, qualified_name__in=list(states))
        found = named.values_list("pk", "qualified_name", "source_object__state")
        new = {key: _versioned(states[name]) for key, name, state in found if state != _versioned(states[name])}
        _put([SourceObject(asset_id=key, origin=self.origin, state=state) for key, state in new.items()], ["state"])

    def _rows(self) -> models.QuerySet[SourceObject]:
        return SourceObject.objects.filter(origin=self.origin, asset__deleted_at=None)


def is_trusted(source: DataSource, job: Job) -> bool:
    """Whether the catalog is as the ledger says: not after a run that wrote something and did not come to its end."""
    if job.attempts > 1:
        return False
    ended = Job.objects.filter(type=JobType.COLLECTION, task__data_source=source, finished_at__isnull=False)
    last = ended.exclude(task__type=CollectionType.PROFILE).order_by("-finished_at", "-pk").first()
    if last is None or last.status == JobStatus.COMPLETED:
        return True
    return last.result is None and (last.error or {}).get("code") != "WORKER_LOST"


def _put(rows: Sequence[SourceObject], fields: list[str]) -> None:
    SourceObject.objects.bulk_create(rows, update_conflicts=True, unique_fields=["asset"], update_fields=fields)


def _versioned(state: str) -> str:
    return f"{settings.VERSION}:{state}"
