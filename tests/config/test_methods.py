"""No route answers to a method that it does not name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def patterns(found: Any = None) -> Iterator[URLPattern]:
    for one in (found or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from patterns(one)


def test_a_viewset_has_no_method_by_a_name_of_http_that_its_route_leaves_out():
    """The dispatcher would call it: `as_view({"get": "list"})` of a class with a `put` answers PUT, too."""
    routes: list[tuple[Any, Any]] = [(one.pattern, one.callback) for one in patterns()]
    viewsets = [(pattern, view) for pattern, view in routes if getattr(view, "actions", None)]
    assert len(viewsets) > 200
    wrong = {
        str(pattern): method
        for pattern, view in viewsets
        for method in METHODS
        if method not in view.actions and hasattr(view.cls, method)
    }
    assert wrong == {}
