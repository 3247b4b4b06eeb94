"""What `DELETE …/deleteStale` says: a scope, and the names that were seen in it; what else is there is to go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rest_framework import serializers

from contracts.errors import Invalid

MOST_SEEN = 200_000


class StaleBody(serializers.Serializer[Any]):
    """What was seen in a scope."""

    scopeFqn = serializers.CharField()
    scopeEntityType = serializers.CharField(help_text="What the scope is: `databaseSchema`, `classification`, …")
    seenFqns = serializers.ListField(child=serializers.CharField(), help_text="What is to stay.")
    recursive = serializers.BooleanField(required=False)


class Stale(NamedTuple):
    scope: str
    fqn: str
    seen: frozenset[str]
    recursive: bool


def stale_of(data: Any, scopes: Sequence[str], normal: Callable[[str], str]) -> Stale:
    """What the request says; the names that were seen each as `normal` gives it. `service` stands for every kind of it.

    Raises Invalid.
    """
    problems = {
        str(name): ["There is no such field."]
        for name in data
        if name not in {"scopeFqn", "scopeEntityType", "seenFqns", "recursive"}
    }
    scope, fqn, seen = data.get("scopeEntityType"), data.get("scopeFqn"), data.get("seenFqns")
    if not isinstance(scope, str) or not (scope in scopes or ("service" in scopes and scope.endswith("Service"))):
        problems["scopeEntityType"] = [f"This must be {' or '.join(scopes)}."]
    if not isinstance(fqn, str) or not fqn:
        problems["scopeFqn"] = ["This must be a fully qualified name."]
    if not isinstance(seen, list) or len(seen) > MOST_SEEN or not all(isinstance(name, str) for name in seen):
        problems["seenFqns"] = [f"This must be a list of at most {MOST_SEEN:,} names."]
    if not isinstance(data.get("recursive", False), bool | None):
        problems["recursive"] = ["This must be true or false."]
    if problems:
        raise Invalid(fields=problems)
    return Stale(str(scope), str(fqn), frozenset(normal(name) for name in seen), bool(data.get("recursive")))
