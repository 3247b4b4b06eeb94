"""What PostgreSQL's planner knows of tables that have just been filled.

Autovacuum counts a table a minute or more after its first rows. Until then the planner believes that the indexes of
living assets hold next to nothing, and may read the whole of one for each name that it is to find: the second batch of
a first large ingestion would take seconds, the hundredth minutes.
"""

from __future__ import annotations

from django.db import connection

from catalog.tables import is_postgresql

MANY = 100
"""Rows of one write after which the tables are looked at."""
_TABLES = (
    "catalog_asset",
    "catalog_assettag",
    "catalog_relationship",
    "catalog_searchdocument",
    "catalog_spelling",
    "audit_auditevent",
)
_are_there = False


def ensure_statistics() -> None:
    """Have the tables counted, where nobody has yet. Not inside a transaction, which would hold locks to its end.

    One look in the life of a process.
    """
    global _are_there  # noqa: PLW0603  the database is one for the process
    if _are_there or not is_postgresql():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = %s", _TABLES[:1]
        )
        if not cursor.fetchone()[0]:
            cursor.execute(f"ANALYZE {', '.join(_TABLES)}")
    _are_there = True
