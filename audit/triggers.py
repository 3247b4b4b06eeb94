"""The triggers by which the database itself refuses to change the trail.

PostgreSQL refuses UPDATE, DELETE and TRUNCATE, also those that touch no row. SQLite refuses UPDATE and
DELETE row by row, and INSERT OR REPLACE, which deletes without a word to the DELETE trigger.
Django's schema editor rebuilds a table on SQLite to alter it, and its triggers are lost: a migration
that alters one of these tables ends with `install`.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = {"audit_auditevent": "id", "audit_auditblock": "number"}
"""The tables that only grow, with their primary keys."""

FUNCTION = "audit_refuse_change"
REFUSAL = "The audit trail cannot be changed"


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers up, whether or not they stand."""
    remove(connection)
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers down."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION IF EXISTS {FUNCTION}() CASCADE")
            return
        for table in TABLES:
            for event in ("update", "delete", "replace"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}")


def _postgresql() -> Iterator[str]:
    yield f"""
        CREATE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation';
        END $$
    """
    for table in TABLES:
        yield f"""
            CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()
        """


def _sqlite() -> Iterator[str]:
    for table, key in TABLES.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608  names of ours
        yield f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} {refuse}"
