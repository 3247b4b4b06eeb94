"""Many rows at once arrive as they were given, and what a column cannot hold is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, transaction
from uuid_utils.compat import uuid7

from audit.models import AuditEvent
from audit.tables import insert_rows
from catalog.models import Spelling

COLUMNS = [
    *("id", "entity_type", "entity_id", "entity_name", "entity_version", "action", "after_state", "timestamp"),
    *("actor_kind", "user_name", "door", "request_id"),
]
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def put(**said: Any) -> UUID:
    key = uuid7()
    event = {
        "id": key,
        "entity_type": "TEST",
        "entity_id": key,
        "entity_name": "it",
        "entity_version": 1,
        "action": "CREATE",
        "after_state": {},
        "timestamp": MOMENT,
        "actor_kind": "system",
        "user_name": "",
        "door": "",
        "request_id": "",
    }
    with transaction.atomic():
        assert insert_rows(AuditEvent, COLUMNS, [[(event | said)[column] for column in COLUMNS]]) == 1
    return key


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entity_name", "tab\t, line\n, \\backslash\\N, 'quote', \u20ac, 🦉"),
        ("entity_name", ""),
        ("entity_version", None),
        ("entity_version", 0),
        ("entity_version", 2**31 - 1),
        ("after_state", None),
        ("after_state", {"a": [1, 2.5, None, True, "\\ \t \n ü 🦉"], "b": {}}),
        ("after_state", {"large": 2**70}),
        ("timestamp", datetime(1, 1, 1, tzinfo=UTC)),
        ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("timestamp", datetime(2026, 7, 1, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
        ("entity_id", UUID(int=0)),
        ("entity_id", UUID(int=2**128 - 1)),
    ],
)
def test_values_come_back_as_they_went(field: str, value: Any):
    key = put(**{field: value})
    assert getattr(AuditEvent.objects.get(pk=key), field) == value


def test_an_id_may_be_text():
    key = uuid7()
    assert AuditEvent.objects.get(pk=put(entity_id=str(key))).entity_id == key


def test_no_rows_are_no_error():
    assert insert_rows(Spelling, ("key", "word"), []) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entity_version", 2**31),
        ("entity_version", -(2**31) - 1),
        ("entity_name", "NUL \0"),
        ("entity_type", "x" * 41),
        ("after_state", {"NUL": "\0"}),
    ],
)
@pytest.mark.only_on("postgresql")  # SQLite's columns hold anything
def test_what_a_column_cannot_hold_is_refused_and_nothing_is_written(field: str, value: Any):
    with pytest.raises(DataError):
        put(**{field: value})
    assert not AuditEvent.objects.filter(entity_type="TEST").exists()
