"""What the values of a table are like, computed by the source in one statement a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.names import join_name
from ingestion.connectors.base import CollectOptions, Observer, SourceError, TableProfile
from ingestion.connectors.profile_json import JSON_FORMS
from ingestion.connectors.profile_rows import ROW_FORMS
from ingestion.connectors.tables import Table

FORMS = {**JSON_FORMS, **ROW_FORMS}
"""How each engine is asked, by sqlglot's name of its SQL."""

_GONE = {"CONNECTION_FAILED", "CONNECTION_LOST"}


@dataclass(slots=True)
class Profiler:
    """Profiles the tables of one connection: `ask` gives the rows of a statement, or raises SourceError."""

    ask: Callable[[str], Sequence[Sequence[Any]]]
    dialect: str
    options: CollectOptions
    observer: Observer

    def profile(self, path: Sequence[str], table: Table) -> TableProfile | None:
        """One table's profile; None for what holds no rows of its own, and what cannot be read, which is told."""
        if table.is_view or table.problem or table.is_elsewhere:
            return None
        form, options = FORMS[self.dialect], self.options
        wanted = [
            one
            for one in table.columns
            if not one.is_unreadable and options.wants_column(table.schema, table.name, one.name)
        ]
        name = join_name(*path, table.name)
        try:
            found = form.read(self.ask(form.statement(table, wanted, options)), wanted)
        except SourceError as error:
            if error.code in _GONE:
                raise
            self.observer.warn(f"It cannot be profiled: {error.message}", name)
            return None
        is_sampled = (
            found.counted > found.looked_at or found.looked_at >= form.limit(options) or form.is_large(table, options)
        )
        rows = max(table.rows or 0, found.counted) if is_sampled else found.counted
        return TableProfile(name, rows, is_sampled, found.looked_at, found.columns)
