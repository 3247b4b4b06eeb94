"""Parameters that mean one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from contracts.errors import BadRequest


def only(parameters: Mapping[str, Any], name: str) -> Any:
    """A parameter that may be said once, or again with the same value; None where it is not said.

    Raises BadRequest where it is said with several: whichever was heeded, the client would not know of the others.
    """
    if not isinstance(parameters, QueryDict):
        return parameters.get(name)
    values = {value for value in parameters.getlist(name) if value != ""}
    if len(values) > 1:
        raise BadRequest(fields={name: ["Give this once: it has several values here."]})
    return values.pop() if values else parameters.get(name)
