"""Queries asked thousands of times a second: their SQL is made once, only the ids in it change.

Making the SQL of a small lookup takes Django longer than PostgreSQL takes to answer it, and planning it takes
PostgreSQL longer than running it: a connection that has asked a few times keeps the plan. The statement
comes from an ordinary queryset, so that it stays true to the models, on both databases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.postgresql import base as postgresql

_IDS: models.UUIDField[Any, Any] = models.UUIDField()
_ServerBindingCursor: Any = postgresql.ServerBindingCursor

PREPARED_AFTER = 5
"""Uses of a statement on one connection after which its plan is kept there."""


class _PlannedCursor(_ServerBindingCursor):  # type: ignore[misc]
    """Has its statements prepared, and no other cursor of the connection.

    The driver counts statements by their text. Others have their values in it: the texts of a hundred batches would be
    kept, of megabytes each, for a count that never comes.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self.connection.prepare_threshold = PREPARED_AFTER
        try:
            return super().execute(query, params, **options)
        finally:
            self.connection.prepare_threshold = None


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]
    """Which parameter (first) is which of the ids (second)."""
    compiler: Any
    converters: Any


class PreparedQuery:
    """A lookup by one or more ids. `build` makes its `values_list` queryset from that many UUIDs.

    It must use each of the ids as a plain value (`pk=id`, not `pk__in=[…]` of changing length).
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Any]], *, ids: int) -> None:
        self._build = build
        self._ids = ids
        self._statements: dict[str, _Statement] = {}

    def rows(self, *ids: UUID) -> list[tuple[Any, ...]]:
        """The rows for these ids, as `values_list` would give them. One statement."""
        database = connections[DEFAULT_DB_ALIAS]
        statement = self._statements.get(database.vendor) or self._prepare()
        parameters = list(statement.parameters)
        for place, index in statement.places:
            parameters[place] = _IDS.get_db_prep_value(ids[index], database)
        with planned_cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            found = cursor.fetchall()
        if statement.converters:
            found = statement.compiler.apply_converters(found, statement.converters)
        return [tuple(row) for row in found]

    def first(self, *ids: UUID) -> tuple[Any, ...] | None:
        """The first of the rows; None where there is none."""
        found = self.rows(*ids)
        return found[0] if found else None

    def _prepare(self) -> _Statement:
        stand_ins = [uuid4() for _ in range(self._ids)]
        compiler: Any = self._build(*stand_ins).query.get_compiler(using=connection.alias)
        sql, parameters = compiler.as_sql()
        known = {_IDS.get_db_prep_value(key, connection): index for index, key in enumerate(stand_ins)}
        places = tuple(
            (place, known[value])
            for place, value in enumerate(parameters)
            if isinstance(value, UUID | str) and value in known
        )
        if {index for _, index in places} != set(range(self._ids)):
            raise ValueError("a prepared query must use each of its ids as a plain value")
        converters = compiler.get_converters([column[0] for column in compiler.select])
        statement = _Statement(sql, tuple(parameters), places, compiler, converters)
        self._statements[connection.vendor] = statement
        return statement


def planned_cursor() -> Any:
    """A cursor for statements of few shapes that are asked often: PostgreSQL keeps their plans.

    It leaves it to PostgreSQL to put the parameters in, as only such statements can be prepared. Behind a pooler that
    gives each transaction another connection none are.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does so at each use
    if database.vendor != "postgresql":
        return database.cursor()
    database.ensure_connection()
    is_pooled = database.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
    kind = _ServerBindingCursor if is_pooled else _PlannedCursor
    return database._prepare_cursor(kind(database.connection))
