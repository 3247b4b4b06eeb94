"""The tables as the migrations left them, after a test whose transactions were real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.trail import writable_trail

KEPT = {"django_content_type", "auth_permission"}
"""What migrating writes and no test changes."""


def empty_tables(operations: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
    """In the place of `execute_sql_flush`, past the triggers that refuse changes of the trail.

    Writers that are still at work are waited for, as TRUNCATE would.
    """
    connection: Any = operations.connection
    names = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    tables = [connection.ops.quote_name(name) for name in names]
    if connection.vendor != "postgresql":
        with writable_trail(), transaction.atomic(), connection.cursor() as cursor:
            for table in _filled(cursor, tables):
                cursor.execute(f"DELETE FROM {table}")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers, so no foreign keys either
        for table in _filled(cursor, tables):
            cursor.execute(f"DELETE FROM {table}")


def _filled(cursor: Any, tables: Sequence[str]) -> list[str]:
    """Those that hold a row."""
    cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables))
    return [name for (name,) in cursor.fetchall()]
