"""Tags by their names: found whatever the case, made where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.checks import check_lines
from audit import services as audit
from audit.services import Change
from audit.tables import insert_rows
from catalog.models import Tag
from catalog.records import AssetRecord, TagName, sorted_tags
from catalog.tables import among, as_uuid, db_uuid
from catalog.validation import tag_key


def check_asset_lines(fields: Mapping[str, Any], record: AssetRecord | None) -> None:
    """Raise Invalid for a name that somebody gives to an asset, or a tag of it, and that is not one line.

    Not asked of what a collection brings: a table is called what its database calls it.
    """
    former = {"name": record.name, "qualified_name": record.qualified_name, "tags": _names(record)} if record else {}
    check_lines(fields, former, ("name", "qualified_name", "tags"), resource="asset")


def _names(record: AssetRecord) -> list[str]:
    return [tag.name for tag in record.tags]


class TagBook:
    """The tags of one organization that a transaction speaks of."""

    def __init__(self, actor: Actor, organization_id: UUID) -> None:
        self.actor = actor
        self.organization_id = organization_id
        self._by_key: dict[str, TagName] = {}
        self._keys: dict[str, str] = {}
        self._sorted: dict[tuple[str, ...], tuple[TagName, ...]] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Find these tags and make those that are missing: one statement, three where some are missing.

        Raises django.db.IntegrityError when another makes the same one at the same time.
        """
        spelled = {self.key(name): name for name in names}
        if not spelled:
            return
        self._read(list(spelled))
        missing = [TagName(uuid7(), name, key) for key, name in spelled.items() if key not in self._by_key]
        if missing:
            self._create(missing)

    def key(self, name: str) -> str:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = tag_key(name)
        return key

    def tags(self, names: Sequence[str]) -> tuple[TagName, ...]:
        """These tags, learned before, in alphabetical order. Remembered: a batch says the same few again and again."""
        spelled = tuple(names)
        known = self._sorted.get(spelled)
        if known is None:
            known = self._sorted[spelled] = sorted_tags(self._by_key[self.key(name)] for name in names)
        return known

    def _read(self, keys: Sequence[str]) -> None:
        condition, parameter = among("key", keys)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, name, key FROM catalog_tag WHERE {condition} AND organization_id = %s",  # noqa: S608
                [parameter, db_uuid(self.organization_id)],
            )
            for tag_id, name, key in cursor.fetchall():
                self._by_key[key] = TagName(as_uuid(tag_id), name, key)

    def _create(self, tags: Sequence[TagName]) -> None:
        now = timezone.now()
        insert_rows(
            Tag,
            ("id", "organization_id", "name", "key", "category", "description", "colour", "created_at", "updated_at"),
            [(tag.id, self.organization_id, tag.name, tag.key, "", "", "", now, now) for tag in tags],
        )
        audit.record_many(
            self.actor,
            [Change("CREATE", "TAG", tag.id, tag.name, None, tag_state(tag.id, tag.name)) for tag in tags],
            organization_id=self.organization_id,
        )
        self._by_key |= {tag.key: tag for tag in tags}


def tag_state(
    tag_id: UUID, name: str, category: str = "", description: str = "", colour: str = ""
) -> dict[str, object]:
    """The whole state of a tag for the trail."""
    return {"id": tag_id, "name": name, "category": category, "description": description, "colour": colour}
