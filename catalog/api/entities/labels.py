"""Tags as labels (`PII.Sensitive`) and back.

A tag's fully qualified name is its category and its name, or its name alone where that begins with the
category, or there is none. Tags made at this door have the whole for a name, so that two classifications may
each have a tag of one name, as an organization's tags may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q

from accounts.actor import Actor
from catalog.models import Tag
from catalog.names import full_tag_name, join_name, split_name
from catalog.records import TermLink
from catalog.validation import tag_key
from contracts.errors import Invalid

_KNOWN = frozenset(
    {
        "tagFQN",
        "name",
        "displayName",
        "description",
        "style",
        "source",
        "labelType",
        "state",
        "href",
        "reason",
        "appliedAt",
        "appliedBy",
        "metadata",
    }
)


def parts_of(fqn: str) -> tuple[str, str]:
    """(classification, the tag's own name) of a fully qualified name; the first empty where it has one part."""
    try:
        *before, name = split_name(fqn)
    except ValueError:
        return "", fqn
    return join_name(*before) if before else "", name


def named(fqns: Iterable[str]) -> Q:
    """The tags of these fully qualified names, and perhaps others."""
    keys, categories, names = set(), set(), set()
    for fqn in fqns:
        keys.add(tag_key(fqn))
        category, name = parts_of(fqn)
        if category:
            categories.add(category)
            names.add(tag_key(name))
    wanted = Q(key__in=keys)
    return wanted | Q(category__in=categories, key__in=names) if names else wanted


class Labels:
    """The labels of one answer: the tags that it shows, by name, and where they are found."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._by_key: dict[str, dict[str, Any]] = {}

    def learn(self, actor: Actor, names: Iterable[str]) -> None:
        """Read the tags of these names that are not known yet. One statement, none for none."""
        missing = {tag_key(name) for name in names} - self._by_key.keys()
        if missing:
            rows = Tag.objects.visible_to(actor).filter(key__in=missing)
            for key, name, category, tag_id in rows.values_list("key", "name", "category", "pk"):
                self.know(key, name, category, tag_id)

    def know(self, key: str, name: str, category: str, tag_id: Any) -> None:
        if key not in self._by_key:
            self._by_key[key] = self._label(
                full_tag_name(name, category), f"{self.base}tags/{tag_id}" if tag_id else ""
            )

    def of(self, name: str) -> dict[str, Any]:
        """The label of a tag, by its name; a name that is no tag's stands for itself."""
        return self._by_key.get(tag_key(name)) or self._label(name, "")

    def term(self, link: TermLink) -> dict[str, Any]:
        """The label of a glossary term."""
        label = self._label(link.name, f"{self.base}glossaryTerms/{link.id}")
        return {**label, "source": "Glossary"}

    def _label(self, fqn: str, href: str) -> dict[str, Any]:
        label = {
            "tagFQN": fqn,
            "name": parts_of(fqn)[1],
            "source": "Classification",
            "labelType": "Manual",
            "state": "Confirmed",
        }
        return {**label, "href": href} if href else label


class Names:
    """The names of the tags that labels in requests stand for."""

    def __init__(self, actor: Actor, bodies: Iterable[Any]) -> None:
        self._by_fqn: dict[str, str] = {}
        labels = _labels_in(bodies)
        self.has_terms = any(label.get("source") == "Glossary" for label in labels)
        """Whether any label is a glossary term's."""
        fqns = {fqn for label in labels if isinstance(fqn := label["tagFQN"], str)}
        if fqns:
            for name, category in Tag.objects.visible_to(actor).filter(named(fqns)).values_list("name", "category"):
                self._by_fqn.setdefault(tag_key(full_tag_name(name, category)), name)

    def of(self, label: Any, path: str) -> str | None:
        """The name of a label's tag; one that is not there yet is made under its whole name. None for a term's.

        Raises Invalid.
        """
        if not isinstance(label, Mapping) or not isinstance(label.get("tagFQN"), str) or not label["tagFQN"].strip():
            raise Invalid(fields={path: ["Each must be an object with the text 'tagFQN'."]})
        for name in label:
            if name not in _KNOWN:
                raise Invalid(fields={f"{path}.{name}": ["There is no such field."]})
        if label.get("source") not in (None, "Classification", "Glossary"):
            raise Invalid(fields={f"{path}.source": ["This must be Classification or Glossary."]})
        fqn = label["tagFQN"]
        if label.get("source") == "Glossary":
            return None
        return self._by_fqn.get(tag_key(fqn)) or str(fqn)


def _labels_in(bodies: Iterable[Any]) -> list[dict[str, Any]]:
    """Every object with a `tagFQN` in the requests, however deep."""
    found = []
    waiting = list(bodies)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "tagFQN" in value:
                found.append(value)
            waiting += [item for item in value.values() if isinstance(item, dict | list)]
        elif isinstance(value, list):
            waiting += value
    return found


def terms_in(tags: Any, columns: Any) -> list[dict[str, str]]:
    """The glossary terms among the labels of an entity and of its columns, as an asset's `terms` are said."""
    found = [{"name": fqn} for fqn in _terms_among(tags)]
    return found + [{"name": fqn, "column": column} for column, fqn in _terms_of_columns(columns, ())]


def _terms_of_columns(columns: Any, parents: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for column in columns or ():
        path = (*parents, column["name"])
        for fqn in _terms_among(column.get("tags")):
            yield join_name(*path), fqn
        yield from _terms_of_columns(column.get("children"), path)


def _terms_among(labels: Any) -> list[str]:
    return [label["tagFQN"] for label in labels or () if label.get("source") == "Glossary"]
