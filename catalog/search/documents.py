"""Writing the search index, in the transaction of the change that it speaks of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from django.db import connection

from audit.tables import insert_rows
from catalog.models import SearchDocument
from catalog.search import spelling
from catalog.search.tokens import WORD_LENGTH, compact, fold, words_of_name, words_of_path, words_of_text
from catalog.search.vectors import pack_vector
from catalog.tables import among, is_postgresql
from catalog.validation import tag_key

COLUMN_WORDS = 4000
"""Words of column names that are indexed for one thing: a tsvector holds 1 MB."""
DESCRIPTION_WORDS = 1500
EXCERPT_LENGTH = 4000
"""Characters of a description that are kept to show what was found."""

EXACT, SCOPE = ":=", ":"
"""What whole names and scope words begin with in a tsvector: a text has no such word."""
PUBLIC_WORD = "public"


@dataclass(slots=True)
class Document:
    """What is to be found of one thing. `entity_id` is the thing's own id, whatever its kind."""

    entity_id: UUID
    organization_id: UUID
    kind: str
    type: str
    name: str
    path: str = ""
    description: str = ""
    columns: Sequence[str] = ()
    tags: Sequence[str] = ()
    origin_id: UUID | None = None
    owner_id: UUID | None = None
    domain_id: UUID | None = None
    term_ids: tuple[UUID, ...] = ()
    is_public: bool = False


def index_documents(documents: Iterable[Document], *, are_new: bool = False) -> None:
    """Put these things into the index, in the place of what it held of them.

    `are_new` spares looking for what it held; the documents are then taken one by one, as they are written. Six
    statements at most, however many documents.
    """
    if not are_new:
        documents = list(documents)
        if not documents:
            return
        remove_documents([document.entity_id for document in documents])
    seen: set[str] = set()
    if is_postgresql():
        insert_rows(SearchDocument, _COLUMNS, (_row(document, _vector(document, seen)) for document in documents))
    else:
        documents = list(documents)
        insert_rows(SearchDocument, _COLUMNS, (_row(document, "") for document in documents))
        _index_words(documents, seen)
    spelling.remember(seen)


def remove_documents(entity_ids: Collection[UUID]) -> None:
    """Take these things out of the index. One statement."""
    condition, parameter = among("entity_id", entity_ids, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM catalog_searchdocument WHERE {condition}", [parameter])  # noqa: S608


_COLUMNS = (
    "entity_id",
    "organization_id",
    "kind",
    "type",
    "name",
    "path",
    "description",
    "columns",
    "tags",
    "origin_id",
    "owner_id",
    "domain_id",
    "is_public",
    "folded",
    "vector",
)


def _row(document: Document, vector: str | bytes) -> tuple[object, ...]:
    return (
        document.entity_id,
        document.organization_id,
        document.kind,
        document.type,
        document.name,
        document.path,
        document.description[:EXCERPT_LENGTH],
        "\n".join(document.columns),
        list(document.tags),
        document.origin_id,
        document.owner_id,
        document.domain_id,
        document.is_public,
        fold(document.name),
        vector,
    )


@dataclass(slots=True)
class Words:
    """A document's words by weight: its name; its path and tags; its columns; its description.

    Each is a list of runs: words of one run are neighbours, those of two are not (as phrases see it).
    """

    name: list[Sequence[str]]
    path: list[Sequence[str]]
    columns: list[Sequence[str]]
    description: list[Sequence[str]]

    def add_to(self, seen: set[str]) -> None:
        """Put in the words of names: what prose says is no word to mend the spelling of a question by.

        Not the name as one word, since each thing has its own.
        """
        seen.update(self.name[0], *self.path, *self.columns)


def words_of(document: Document, whole: str) -> Words:
    """The words of a thing whose name, written as one word, is `whole`."""
    name = words_of_name(document.name)
    return Words(
        name=[name, (whole[:WORD_LENGTH],)] if len(name) > 1 else [name],
        path=[words_of_path(document.path), *map(words_of_name, document.tags)],
        columns=_capped(document.columns),
        description=[words_of_text(document.description[: DESCRIPTION_WORDS * 16])[:DESCRIPTION_WORDS]],
    )


def scope_words(document: Document) -> tuple[str, ...]:
    """What limits a search: whose it is, what it is, what it carries. Never equal to a word of a text."""
    tags = tuple(document.tags)
    ids = (document.organization_id, document.origin_id, document.owner_id, document.domain_id)
    return _scope_words(ids, (document.kind, document.type), tags, document.term_ids, document.is_public)


@lru_cache(maxsize=4096)
def _scope_words(
    ids: tuple[UUID, UUID | None, UUID | None, UUID | None],
    what: tuple[str, str],
    tags: tuple[str, ...],
    term_ids: tuple[UUID, ...],
    is_public: bool,
) -> tuple[str, ...]:
    organization_id, origin_id, owner_id, domain_id = ids
    kind, type_ = what
    words = [organization_word(organization_id), kind_word(kind), type_word(type_), *map(tag_word, tags)]
    if origin_id:
        words.append(origin_word(origin_id))
    if owner_id:
        words.append(owner_word(owner_id))
    if domain_id:
        words.append(domain_word(domain_id))
    words += map(term_word, term_ids)
    if is_public:
        words.append(PUBLIC_WORD)
    return tuple(words)


def organization_word(organization_id: UUID) -> str:
    return f"o{organization_id.hex}"


def origin_word(origin_id: UUID) -> str:
    return f"s{origin_id.hex}"


def owner_word(owner_id: UUID) -> str:
    return f"u{owner_id.hex}"


def domain_word(domain_id: UUID) -> str:
    return f"d{domain_id.hex}"


def term_word(term_id: UUID) -> str:
    return f"w{term_id.hex}"


def kind_word(kind: str) -> str:
    return f"k{compact(kind)}"


def type_word(type_: str) -> str:
    return f"t{compact(type_)}"


def tag_word(name: str) -> str:
    """A tag by its name: a digest, since a name may hold anything."""
    return f"g{blake2b(tag_key(name).encode(), digest_size=10).hexdigest()}"


def _capped(columns: Sequence[str]) -> list[Sequence[str]]:
    left = COLUMN_WORDS
    kept: list[Sequence[str]] = []
    for column in columns:
        words = words_of_name(column)
        left -= len(words)
        if left < 0:
            break
        kept.append(words)
    return kept


def _vector(document: Document, seen: set[str]) -> bytes:
    whole = compact(document.name)
    words = words_of(document, whole)
    words.add_to(seen)
    plain = [SCOPE + word for word in scope_words(document)]
    plain.append(EXACT + whole)
    return pack_vector(plain, (words.name, words.path, words.columns, words.description))


def _index_words(documents: Sequence[Document], seen: set[str]) -> None:
    """SQLite: the same words into FTS5. Runs are kept apart by a word that nobody can ask for."""
    rows = []
    for document in documents:
        whole = compact(document.name)
        words = words_of(document, whole)
        words.add_to(seen)
        rows.append(
            (
                " ".join(scope_words(document)),
                whole,
                *(" _ ".join(" ".join(run) for run in runs) for runs in (words.name, words.path)),
                *(" _ ".join(" ".join(run) for run in runs) for runs in (words.columns, words.description)),
                document.entity_id.hex,
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO catalog_search_words (rowid, scope, exact, name, path, columns, description)"
            " SELECT id, %s, %s, %s, %s, %s, %s FROM catalog_searchdocument WHERE entity_id = %s",
            rows,
        )
