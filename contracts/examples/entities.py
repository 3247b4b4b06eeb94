"""Examples of the entities contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import Example

_HOME = "http://localhost:8585/api/v1"
_TABLE_ID = "123e4567-e89b-42d3-a456-556642440000"
_USER_ID = "6feb5287-f3c5-457f-86ae-95bcfb82e867"
_NEW_TABLE: dict[str, Any] = {
    "name": "dim_user",
    "databaseSchema": "service.database.public",
    "description": "This table has user information...",
    "columns": [{"name": "id", "dataType": "BIGINT"}, {"name": "email", "dataType": "VARCHAR"}],
}
_TABLE: dict[str, Any] = {
    "id": _TABLE_ID,
    "name": "dim_user",
    "fullyQualifiedName": "service.database.public.dim_user",
    "description": "This table has user information...",
    "columns": _NEW_TABLE["columns"],
    "href": f"{_HOME}/tables/{_TABLE_ID}",
}
_LISTED = {name: value for name, value in _TABLE.items() if name != "columns"}
_NEW_USER = {"name": "user", "email": "user@domain.com"}
_USER = {"id": _USER_ID, **_NEW_USER, "fullyQualifiedName": "user", "href": f"{_HOME}/users/{_USER_ID}"}

EXAMPLES: Mapping[str, Example] = {
    "GET /tables": Example(response={"data": [_LISTED], "paging": {"before": None, "after": "2yXqpvzRNGUE"}}),
    "GET /tables/{id}": Example(response=_TABLE),
    "GET /tables/name/{fqn}": Example(response=_TABLE),
    "POST /tables": Example(_NEW_TABLE, _TABLE, 201),
    "PUT /tables": Example(_NEW_TABLE, _TABLE, 201),
    "PATCH /tables/{id}": Example(
        [{"op": "replace", "path": "/description", "value": "Who our users are."}],
        {**_TABLE, "description": "Who our users are."},
    ),
    "DELETE /tables/{id}": Example(response=_TABLE),
    "POST /users": Example(_NEW_USER, _USER, 201),
    "PUT /users": Example(_NEW_USER, _USER, 201),
    "GET /users/{id}": Example(response=_USER),
    "PATCH /users/{id}": Example(
        [{"op": "replace", "path": "/displayName", "value": "First Last"}], {**_USER, "displayName": "First Last"}
    ),
    "DELETE /users/{id}": Example(response=_USER),
}
