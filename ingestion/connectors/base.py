"""The interface of a connector: what it needs, whether the source answers, what the source holds.

A third party writes a class with these five members and names it in the entry-point group
`cartulary.connectors`; nothing else has to know of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Protocol

from catalog.services.drafts import AssetDraft, RelationshipDraft
from contracts.errors import Unavailable

__all__ = [
    "AssetDraft",
    "Batch",
    "CollectOptions",
    "ConnectionResult",
    "Connector",
    "Known",
    "Observer",
    "RelationshipDraft",
    "SourceError",
    "TableProfile",
]

JsonSchema = dict[str, Any]


class SourceError(Unavailable):
    """The source cannot be used as it is set up. The message says what to mend and holds no secret.

    `code` is one of CONNECTION_FAILED, AUTHENTICATION_FAILED, PERMISSION_DENIED, NOT_FOUND, TIMEOUT,
    CONNECTION_LOST, BLOCKED, DRIVER_MISSING, SOURCE_ERROR; `retry` says whether waiting may help.
    """

    def __init__(self, message: str, *, code: str = "SOURCE_ERROR", retry: bool = False) -> None:
        super().__init__(message, resource="data_source", code=code, retry=retry)

    @property
    def code(self) -> str:
        return str(self.details["code"])


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What a test found. `latency_ms` is of connecting and one round trip."""

    success: bool
    message: str
    latency_ms: int = 0
    server_info: str = ""
    version: str = ""
    code: str = ""


class Known(Protocol):
    """What the catalog knows of a source already, for a connector that can tell what changed."""

    def unchanged(self, states: Mapping[str, str]) -> set[str]:
        """Which of these objects (qualified name → state) are in the catalog as of exactly this state."""


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """How to collect. `root` is the data source's name, the first part of every qualified name.

    Patterns are shell patterns (`temp_*`), case kept; no include pattern means everything. `known` is given in
    an incremental collection: what it says is unchanged need not be read.
    """

    root: str
    include_schemas: Sequence[str] = ()
    exclude_schemas: Sequence[str] = ()
    include_tables: Sequence[str] = ()
    exclude_tables: Sequence[str] = ()
    batch_size: int = 1000
    known: Known | None = None
    exclude_columns: Sequence[str] = ()
    sample_rows: int = 100_000
    top_values: int = 10

    def wants_schema(self, name: str) -> bool:
        return _wanted((name,), self.include_schemas, self.exclude_schemas)

    def wants_table(self, schema: str, name: str) -> bool:
        """A table's patterns match its name or `schema.name`."""
        names = (name, f"{schema}.{name}") if schema else (name,)
        return _wanted(names, self.include_tables, self.exclude_tables)

    def wants_column(self, schema: str, table: str, name: str) -> bool:
        """Whether a profile may look at a column; a pattern matches `column`, `table.column` or all three parts."""
        names = (name, f"{table}.{name}", f"{schema}.{table}.{name}")
        return _wanted(names, (), self.exclude_columns)


def _wanted(names: Sequence[str], include: Sequence[str], exclude: Sequence[str]) -> bool:
    if any(fnmatchcase(name, pattern) for name in names for pattern in exclude):
        return False
    return not include or any(fnmatchcase(name, pattern) for name in names for pattern in include)


@dataclass(slots=True)
class Batch:
    """A part of what the source holds: assets, then edges whose ends are in this batch or an earlier one.

    What a source can tell of change is optional, by qualified name. `identities` outlive a rename at the source.
    `states` are of objects of which everything has been given now: each an opaque text of at most 64 characters that is
    another when anything of the object is. `unchanged` are there, and were passed over.
    """

    assets: list[AssetDraft] = field(default_factory=list)
    relationships: list[RelationshipDraft] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TableProfile:
    """What the values of one table are like. `rows` is the server's estimate where it `is_sampled`.

    Each column: name, type, nulls, distinct, min, max, mean (of numbers) and top, a list of [value, count];
    counts are of the `sampled_rows` that were looked at. One whose values cannot be compared has nulls only.
    """

    qualified_name: str
    rows: int
    is_sampled: bool
    sampled_rows: int
    columns: list[dict[str, Any]]


class Observer(Protocol):
    """Whom a connector tells how it goes."""

    def check(self) -> None:
        """Between two steps: raises when the run is to stop."""

    def phase(self, name: str, total: int | None = None, *, until: int = 90) -> None:
        """A new phase begins, with so many objects to come where that is known; it ends at `until` per cent."""

    def advance(self, count: int, current: str = "") -> None:
        """So many more objects are done."""

    def warn(self, message: str, name: str = "") -> None:
        """Something of the object `name` could not be collected; the rest goes on."""

    def gap(self, parts: Sequence[str], message: str) -> None:
        """Nothing could be seen below this path (after the root): what was known of it stays as it is."""


class Connector(ABC):
    """One kind of source."""

    type: ClassVar[str]
    title: ClassVar[str]
    config_schema: ClassVar[JsonSchema]
    """JSON Schema of the config, an object without additional properties; `"writeOnly": true` marks the secrets."""

    def schema_of(self, config: Mapping[str, Any]) -> JsonSchema:
        """The JSON Schema of this config: that of the type, but for a connector that has more than one kind."""
        return self.config_schema

    @abstractmethod
    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        """Connect, ask for the version, leave. Raises SourceError; ends within the config's `timeout`, in seconds."""

    @abstractmethod
    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        """What the source holds, a batch at a time, containers before what they contain. Raises SourceError."""

    def profile(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[TableProfile]:
        """What the values of each table are like, computed in the source. Raises SourceError; not all can."""
        raise SourceError(f"The connector of '{self.type}' computes no profiles", code="NOT_SUPPORTED")

    def can_profile(self, config: Mapping[str, Any]) -> bool:
        """Whether `profile` does anything for this source."""
        return type(self).profile is not Connector.profile

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        """Whether a collection with these options would see the asset at this path (its name's parts after the root).

        What is not covered was not looked for, and so is not missed.
        """
        return True
