"""The pages that a browser gets of every route, to try it by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer

from contracts.examples import EXAMPLES
from contracts.rendering import JSONRenderer

_MOUNT = re.compile(r"^(?:api/)?v\d+")
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


class BrowsableRenderer(BrowsableAPIRenderer):
    """The editor of a body begins with one that can be sent: for a change, what is there now; for what is new, the
    example of the page."""

    def get_raw_data_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        form = super().get_raw_data_form(data, view, method, request)
        if form and method in {"POST", "PUT", "PATCH"}:
            body = _shown(data, view) if method != "POST" else None
            body = body or _example(view, method)
            if body:
                form.fields["_content"].initial = JSONRenderer().render(body, None, {"indent": 2}).decode()
        return form


def _shown(data: Any, view: Any) -> dict[str, Any]:
    """The fields of the answer that the view takes as well; none where it is no such thing."""
    if isinstance(data, Mapping) and data.get("success") is True:
        data = data.get("data")
    if not isinstance(data, Mapping) or not hasattr(view, "get_serializer"):
        return {}
    fields = getattr(view.get_serializer(), "fields", {})
    return {name: data[name] for name, field in fields.items() if name in data and not field.read_only}


def _example(view: Any, method: str) -> Any:
    """What the OpenAPI page shows for this operation; None where it shows nothing."""
    match = view.request.resolver_match
    route = _MOUNT.sub("", match.route if match else "")
    path = _VARIABLE.sub(lambda found: "{id}" if found[1] == "pk" else f"{{{found[1]}}}", route)
    example = EXAMPLES.get(getattr(view, "contract", ""), {}).get(f"{method} {path}")
    return example.request if example else None
