"""Bringing the database up to date, and saying in one line why it cannot be."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from config.logs import scrub_text


def migrate() -> str:
    """Apply what is missing; answers what was done in words. Raises DatabaseError."""
    _probe()
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not missing:
        return "up to date"
    is_new = not MigrationRecorder(connection).applied_migrations()
    began = time.monotonic()
    call_command("migrate", interactive=False, verbosity=0)
    steps = f"{missing} migration{'s' if missing > 1 else ''} applied in {time.monotonic() - began:.1f} s"
    return f"new: {steps}" if is_new else steps


def _probe() -> None:
    """Connect once, past the pool: that would try for long, and then say nothing of the reason."""
    if connection.vendor == "postgresql":
        with connection.wrap_database_errors:
            psycopg.connect(**{"connect_timeout": 5} | connection.get_connection_params()).close()
    connection.ensure_connection()


def why(error: DatabaseError) -> str:
    """What is wrong with the database, in one line without its password, and which variable to look at."""
    config: dict[str, Any] = settings.DATABASES["default"]
    said = scrub_text(" ".join(str(error).split()))
    if not config["ENGINE"].endswith("sqlite3"):
        where = f"{config['HOST'] or 'localhost'}:{config['PORT'] or 5432}"
        if "startup parameter" in said:
            said += ": a pooler stands before it, set DATABASE_BEHIND_PGBOUNCER=true"
        return f"the database '{config['NAME']}' at {where} (DATABASE_URL) cannot be used: {said}"
    path = config["NAME"]
    if "not a database" in said or "malformed" in said:
        return f"{path} is not an SQLite database, or it is damaged: restore it from a backup, or set DATABASE_URL"
    if "readonly" in said or "read-only" in said:
        return f"the database {path} may not be written to by this user: change its rights, or set DATABASE_URL"
    if "unable to open" in said:
        return f"the database {path} cannot be opened: check its directory and rights, or set DATABASE_URL"
    if "locked" in said:
        return f"the database {path} is held by another program: end that one first"
    return f"the database {path} cannot be used: {said}"
