"""What a search's `q` and `query_filter` mean of the assets of one kind: the conditions that are heeded, as one `Q`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.actor import Actor
from catalog.api.entities.kinds import Kind
from catalog.api.entities.labels import named
from catalog.api.entities.query_words import Clause, Pattern, clauses_of, pattern_of, words_of
from catalog.api.entities.rows import inside
from catalog.api.entities.shapes import TABLE_TYPES
from catalog.api.entities.views import within
from catalog.models import Asset, AssetTag, SearchDocument, Tag
from catalog.names import full_tag_name, normal_name, quote_part, split_name
from catalog.search import matching, search
from catalog.search.tokens import fold, words_of_path
from catalog.validation import tag_key
from contracts.errors import BadRequest
from contracts.views import uuid_of

LOOKED_AT = 500
"""Assets that words find, at most."""
_LITERAL = re.compile(r"[\w ]+")
DEEPEST = 20
MOST = 1000
"""Conditions of one filter."""
ALL, NONE = Q(pk__isnull=False), Q(pk__in=())
_SUFFIXES = (".keyword", ".raw")
_EXIST: Mapping[str, Q] = {
    "description": ~Q(description=""),
    "owners": Q(owner__isnull=False) | Q(owner_team__isnull=False),
    "domains": Q(domain__isnull=False),
    "tags": Q(pk__in=AssetTag.objects.values("asset_id")),
}
_UNSET = frozenset({"processedLineage", "followers", "votes", "certification"})
"""Fields of the public schema that no entity has here."""


class Found:
    """What words find among all the kinds of one search: looked for once, whatever the number of kinds."""

    def __init__(self, actor: Actor, kinds: Sequence[Kind]) -> None:
        self._actor, self._types = actor, [type_ for kind in kinds for type_ in kind.types]
        self._by_words: dict[str, list[UUID]] = {}
        self.ranked: list[UUID] = []
        """The ids of what was looked for last, the best first."""
        self.is_cut = False
        """Whether there is more than was looked at."""

    def of(self, words: str) -> list[UUID]:
        """The ids of the first `LOOKED_AT`, the best first."""
        if words not in self._by_words:
            page = search(actor=self._actor, query=words, kinds=["asset"], types=self._types, limit=LOOKED_AT)
            self._by_words[words] = [hit.id for hit in page.hits]
            self.is_cut |= page.total > len(page.hits) or not page.total_is_exact
        self.ranked = self._by_words[words]
        return self.ranked


class Conditions:
    """Makes conditions on the assets of one kind. Raises BadRequest for fields and words that mean nothing."""

    def __init__(self, actor: Actor, kind: Kind, found: Found) -> None:
        self.actor, self.kind, self.found = actor, kind, found
        self._left = MOST
        self._fields: Mapping[str, Callable[[Pattern], Q]] = {
            "id": lambda value: Q(pk=key) if (key := uuid_of(value.text)) else NONE,
            "_id": lambda value: Q(pk=key) if (key := uuid_of(value.text)) else NONE,
            "name": self._named,
            "fullyQualifiedName": self._full_name,
            "entityType": lambda value: ALL if value.fits(kind.entity) else NONE,
            "deleted": lambda value: Q(deleted_at__isnull=value.text.lower() != "true"),
            "service.name": lambda value: within(actor, kind, "service", quote_part(value.text)),
            "service.fullyQualifiedName": lambda value: within(actor, kind, "service", value.text),
            "database.name": lambda value: self._inside("DATABASE", value),
            "databaseSchema.name": lambda value: self._inside("SCHEMA", value),
            "tableType": self._table_type,
            "tags.tagFQN": self._tagged,
            "owners.id": lambda value: Q(owner=key) | Q(owner_team=key) if (key := uuid_of(value.text)) else NONE,
            "domains.fullyQualifiedName": lambda value: Q(domain__fully_qualified_name=normal_name(value.text)),
        }
        self._words: Mapping[str, Callable[[Mapping[str, Any]], Q]] = {
            "match_all": lambda said: ALL,
            "exists": lambda said: self.exists(_text(said.get("field"), "exists")),
            "ids": lambda said: Q(pk__in=[key for one in _list(said.get("values"), "ids") if (key := uuid_of(one))]),
            "query_string": lambda said: self.of_words(clauses_of(_text(said.get("query"), "query"), "query_filter")),
        }

    # The words ---------------------------------------------------------------------------------------

    def of_words(self, clauses: Sequence[Clause]) -> Q:
        """All of these conditions; what has no field is searched for."""
        conditions = [self.term(clause.field, clause.pattern) for clause in clauses if clause.field]
        words = words_of(clauses)
        if words.strip():
            conditions.append(Q(pk__in=self.found.of(words)))
        return reduce(and_, conditions, ALL)

    # The filter --------------------------------------------------------------------------------------

    def of_filter(self, body: Any, depth: int = 0) -> Q:
        """What a filter of the search engines' language means: bool, term, terms, exists, ids, wildcard, prefix, …"""
        self._left -= 1
        if not isinstance(body, Mapping) or len(body) != 1 or depth > DEEPEST or self._left < 0:
            raise _refused(f"Each condition must be an object of one word, at most {DEEPEST} deep and {MOST:,} in all.")
        word, said = next(iter(body.items()))
        if word == "bool":
            return self._bool(said, depth)
        if not isinstance(said, Mapping):
            raise _refused(f"'{str(word)[:100]}' must be an object.")
        meant = self._words.get(word)
        if meant is not None:
            return meant(said)
        if word not in {"term", "terms", "wildcard", "prefix"} or len(said) != 1:
            raise _refused(f"'{str(word)[:100]}' is not understood.")
        field, value = next(iter(said.items()))
        return self._of_field(word, field, value)

    def _of_field(self, word: str, field: str, value: Any) -> Q:
        if word == "terms":
            return reduce(or_, (self.term(field, _exact(one, word)) for one in _list(value, word)), NONE)
        text = _text(value.get("value") if isinstance(value, Mapping) else value, word)
        if word == "term":
            return self.term(field, _exact(text, word))
        return self.term(field, pattern_of(text if word == "wildcard" else f"{_escaped(text)}*"))

    def _bool(self, said: Any, depth: int) -> Q:
        known = {"must", "filter", "should", "must_not", "minimum_should_match"}
        if not isinstance(said, Mapping) or said.keys() - known:
            raise _refused("'bool' is of must, filter, should and must_not.")
        groups = {
            name: [self.of_filter(one, depth + 1) for one in _clauses(said.get(name))]
            for name in ("must", "filter", "should", "must_not")
        }
        condition = reduce(and_, [*groups["must"], *groups["filter"]], ALL)
        needed = said.get("minimum_should_match", 0 if groups["must"] or groups["filter"] else 1)
        if needed not in (0, 1):
            raise _refused("'minimum_should_match' must be 0 or 1.")
        if groups["should"] and needed:
            condition &= reduce(or_, groups["should"], NONE)
        return reduce(lambda whole, one: whole & ~one, groups["must_not"], condition)

    # One field ---------------------------------------------------------------------------------------

    def term(self, field: str, value: Pattern) -> Q:
        """That the field has this value."""
        name = _plain(field)
        if value.is_wild and not value.text:
            return self.exists(name)
        if name in self._fields:
            return self._fields[name](value)
        kept = self.kind.kept.get(name)
        if kept is not None and kept.shape in {"text", "flag"}:
            if kept.shape == "flag":
                return Q(**{f"metadata__{kept.key}": value.text.lower() == "true"})
            if value.is_wild:
                return Q(**{f"metadata__{kept.key}__iregex": _whole(value)})
            return Q(**{f"metadata__{kept.key}": value.text})
        if name in _UNSET or kept is not None:
            return NONE
        raise unknown_field(field)

    def exists(self, field: str) -> Q:
        """That the field has a value."""
        name = _plain(field)
        if kept := self.kind.kept.get(name):
            return Q(metadata__has_key=kept.key)
        if name in _UNSET:
            return NONE
        if (condition := _EXIST.get(name.partition(".")[0])) is not None:
            return condition
        if name in self._fields or name in self.kind.shown:
            return ALL
        raise unknown_field(field)

    def _named(self, value: Pattern) -> Q:
        """The living assets of a name: the index of parts of names finds those that the pattern is held against."""
        return self._indexed(value, "name", value.longest)

    def _indexed(self, value: Pattern, column: str, part_of_name: str) -> Q:
        return Q(pk__in=self._held(value, column, part_of_name))

    def _held(self, value: Pattern, column: str, part_of_name: str) -> QuerySet[SearchDocument, UUID]:
        documents = SearchDocument.objects.visible_to(self.actor).filter(kind="asset", type__in=self.kind.types)
        held = {f"{column}__iregex": _whole(value)} if value.is_wild else {f"{column}__iexact": value.text}
        return documents.filter(folded__contains=fold(part_of_name), **held).values_list("entity_id", flat=True)

    def _full_name(self, value: Pattern) -> Q:
        if not value.is_wild:
            # Two statements, since no index answers "this or in these" in one.
            living = Asset.objects.visible_to(self.actor).filter(qualified_name=normal_name(value.text))
            whatever_its_case = self._held(value, "path", _last(value.text))[:LOOKED_AT]
            return Q(pk__in={*living.values_list("pk", flat=True), *whatever_its_case})
        above, _, rest = value.regex.pattern.partition(r".*")
        prefix = above.replace("\\", "")
        if not rest and prefix.endswith("."):
            return self._below(prefix)
        behind = value.regex.pattern.rpartition(r"\.")[2]
        words = max(_LITERAL.findall(behind), key=len, default="")
        if not words:
            raise BadRequest("A pattern of full names must say something of the name, or be a prefix such as 'shop.*'")
        return self._indexed(value, "path", words)

    def _below(self, prefix: str) -> Q:
        """The living assets whose full names begin so: the index of words finds those whose names hold its words."""
        condition = Q(qualified_name__startswith=prefix)
        narrowed = matching(actor=self.actor, query=" ".join(_phrases(prefix)))
        return condition if narrowed is None else condition & Q(pk__in=narrowed)

    def _inside(self, type_: str, value: Pattern) -> Q:
        roots = Asset.objects.visible_to(self.actor).filter(type=type_, name=value.text)
        return inside(self.actor, list(roots.values_list("pk", flat=True)[:LOOKED_AT]))

    def _table_type(self, value: Pattern) -> Q:
        if self.kind.entity != "table" or value.text not in TABLE_TYPES:
            return NONE
        type_, word = TABLE_TYPES[value.text]
        if word:
            return Q(type=type_, metadata__kind=word)
        others = [other for own, other in TABLE_TYPES.values() if own == type_ and other]
        return Q(type=type_) & (~Q(metadata__has_key="kind") | ~Q(metadata__kind__in=others))

    def _tagged(self, value: Pattern) -> Q:
        tags = Tag.objects.visible_to(self.actor).filter(named([value.text, normal_name(value.text)]))
        wanted = tag_key(normal_name(value.text))
        keys = [tag.pk for tag in tags if tag_key(full_tag_name(tag.name, tag.category)) == wanted]
        return Q(pk__in=AssetTag.objects.filter(tag__in=keys).values("asset_id"))


def unknown_field(field: str) -> BadRequest:
    return BadRequest(f"'{field[:100]}' is no field that can be searched by", fields={"field": [field[:100]]})


def _refused(words: str) -> BadRequest:
    return BadRequest(fields={"query_filter": [words]})


def _whole(value: Pattern) -> str:
    return f"^(?:{value.regex.pattern})$"


def _plain(field: str) -> str:
    for suffix in _SUFFIXES:
        field = field.removesuffix(suffix)
    return field


def _exact(value: Any, word: str) -> Pattern:
    return pattern_of(_escaped(_text(value, word)))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _text(value: Any, word: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int):
        raise _refused(f"'{word}' needs a text, a number or a truth value.")
    return str(value)


def _list(value: Any, word: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST:
        raise _refused(f"'{word}' needs a list of at most {MOST:,} values.")
    return value


def _clauses(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _phrases(prefix: str) -> list[str]:
    """What every name that begins so holds, as a question to the index of words; nothing for what has no words."""
    phrases: list[str] = []
    for part in prefix.split("."):
        words = words_of_path(part)
        # Only in ASCII are the words of a name neighbours in the index: pairs of Chinese characters overlap.
        phrases += [" ".join(words)] if part.isascii() else words
    return [f'"{phrase}"' for phrase in phrases if phrase]


def _last(fqn: str) -> str:
    try:
        return split_name(fqn)[-1]
    except ValueError:
        return fqn
