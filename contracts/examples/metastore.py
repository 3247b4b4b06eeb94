"""Examples of the metastore contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import CREATED, ID, OTHER_ID, Example
from contracts.examples.metastore_concepts import CONCEPTS

_USERS: dict[str, Any] = {"type": "TABLE", "name": "users", "qualified_name": "prod.public.users"}
_LISTED: dict[str, Any] = {
    "id": ID,
    **_USERS,
    "description": "User table",
    "metadata": {"database": "prod", "schema": "public", "row_count": 1000000},
    "tags": ["PII", "Sensitive"],
    "owner": None,
    "domain": None,
    "terms": [],
    "source": None,
    "last_seen_at": None,
    "stale_since": None,
    "version": 1,
    "created_by": {"id": OTHER_ID, "name": "John Doe"},
    "created_at": CREATED,
    "updated_at": CREATED,
}
_ASSET = {**_LISTED, "schema": [{"name": "id", "type": "UUID", "nullable": False}]}
_PAGE = {"total": 100, "limit": 20, "offset": 0, "has_more": True}
_NODE = {"id": ID, **_USERS}


def _step(name: str, kind: str, type_: str) -> dict[str, Any]:
    return {
        "asset": {"id": OTHER_ID, "type": kind, "name": name, "qualified_name": f"prod.public.{name}"},
        "relationship": {
            "id": "01890a5d-ac96-7c01-9d0e-6f0d3b7f2c5a",
            "type": type_,
            "source_asset_id": ID if type_ == "DEPENDS_ON" else OTHER_ID,
            "target_asset_id": OTHER_ID if type_ == "DEPENDS_ON" else ID,
            "metadata": {},
        },
        "depth": 1,
    }


_ENDS: dict[str, Any] = {"source_asset_id": ID, "target_asset_id": OTHER_ID, "type": "DEPENDS_ON"}
_MAPPED = {**_ENDS, "metadata": {"column_mapping": {"user_id": ["id"]}}}
_CHANGED: dict[str, Any] = {
    "version": 2,
    "action": "UPDATE",
    "user": {"id": OTHER_ID, "name": "John Doe"},
    "timestamp": CREATED,
}
_TAG = {"name": "PII", "category": "Sensitive", "description": "Personally Identifiable Information"}
_SHOWN_TAG = {"id": ID, **_TAG, "colour": "", "asset_count": 50, "created_at": CREATED, "updated_at": CREATED}
_TASK: dict[str, Any] = {
    "type": "BULK_INGESTION",
    "priority": 5,
    "payload": {"source": "s3://bucket/metadata.json", "format": "json"},
}
_EVENT = {"id": ID, "status": "accepted", "event": "asset.created", "asset_id": OTHER_ID, "created_at": CREATED}
_TOKENS = {"access_token": "eyJhbGc...", "expires_in": 3600}

EXAMPLES: Mapping[str, Example] = {
    **CONCEPTS,
    "POST /auth/login": Example(
        {"email": "user@example.com", "password": "password"},
        {
            **_TOKENS,
            "refresh_token": "eyJhbGc...",
            "user": {"id": OTHER_ID, "email": "user@example.com", "name": "John Doe", "roles": ["admin"]},
        },
    ),
    "POST /auth/refresh": Example({"refresh_token": "eyJhbGc..."}, _TOKENS),
    "GET /assets": Example(response={"data": [_LISTED], "pagination": _PAGE}),
    "GET /assets/{id}": Example(response=_ASSET),
    "GET /assets/name/{qualified_name}": Example(response=_ASSET),
    "POST /assets": Example(
        {
            **_USERS,
            "description": "User table",
            "metadata": {"database": "prod", "schema": "public"},
            "tags": ["PII"],
        },
        {**_ASSET, "metadata": {"database": "prod", "schema": "public"}, "tags": ["PII"]},
        201,
    ),
    "PUT /assets/{id}": Example(
        {"description": "Updated description", "metadata": {"row_count": 2000000}},
        {
            **_ASSET,
            "description": "Updated description",
            "metadata": {"database": "prod", "schema": "public", "row_count": 2000000},
            "version": 2,
        },
    ),
    "GET /assets/{id}/lineage": Example(
        response={
            "asset": _NODE,
            "upstream": [_step("source_table", "TABLE", "DEPENDS_ON")],
            "downstream": [_step("dashboard", "DASHBOARD", "USES")],
            "truncated": False,
        }
    ),
    "GET /relationships/{id}": Example(response={"id": ID, **_MAPPED, "created_at": CREATED}),
    "GET /relationships": Example(
        response={
            "data": [{"id": ID, **_MAPPED, "created_at": CREATED}],
            "pagination": {**_PAGE, "total": 1, "has_more": False},
        }
    ),
    "POST /relationships": Example(_MAPPED, {"id": ID, **_MAPPED, "created_at": CREATED}, 201),
    "PUT /relationships/{id}": Example(
        {"metadata": {"column_mapping": {"user_id": ["id"], "email": ["mail"]}}},
        {
            "id": ID,
            **_ENDS,
            "metadata": {"column_mapping": {"user_id": ["id"], "email": ["mail"]}},
            "created_at": CREATED,
        },
    ),
    "GET /assets/{id}/impact": Example(
        response={
            "asset": _NODE,
            "total": 1,
            "by_type": {"DASHBOARD": 1},
            "assets": [{**_NODE, "id": OTHER_ID, "type": "DASHBOARD", "depth": 1}],
            "truncated": False,
        }
    ),
    "GET /assets/{id}/path": Example(
        response={
            "direction": "downstream",
            "length": 1,
            "path": [_step("dashboard", "DASHBOARD", "USES")],
            "truncated": False,
        }
    ),
    "GET /assets/{id}/versions": Example(response={"data": [_CHANGED], "pagination": {**_PAGE, "total": 2}}),
    "GET /assets/{id}/versions/{number}": Example(
        response={
            **_CHANGED,
            "state": {**_ASSET, "description": "Updated description", "version": 2},
            "compared_to": 1,
            "changes": [
                {"path": "description", "before": "User table", "after": "Updated description", "kind": "changed"}
            ],
        }
    ),
    "POST /assets/{id}/restore": Example(response={**_ASSET, "version": 3}),
    "POST /assets/{id}/merge": Example({"asset_ids": [OTHER_ID]}, {**_ASSET, "version": 2}),
    "GET /search": Example(
        response={
            "results": [
                {
                    "kind": "asset",
                    "asset": _NODE,
                    "score": 0.95,
                    "highlights": {"name": ["<em>user</em>s"], "description": ["<em>user</em> table"]},
                }
            ],
            "total": 10,
            "total_is_exact": True,
            "limit": 20,
            "offset": 0,
            "has_more": False,
        }
    ),
    "GET /search/facets": Example(
        response={
            "facets": {
                "type": {"TABLE": 50, "VIEW": 20},
                "tags": {"PII": 30, "Sensitive": 25},
                "source": {"warehouse": 70},
                "owner": {"john": 12},
            },
            "total": 70,
            "total_is_exact": True,
        }
    ),
    "GET /tags": Example(
        response={
            "data": [_SHOWN_TAG],
            "pagination": {**_PAGE, "total": 1, "has_more": False},
        }
    ),
    "POST /tags": Example(_TAG, {**_SHOWN_TAG, "asset_count": 0}, 201),
    "GET /tags/{id}": Example(response=_SHOWN_TAG),
    "POST /tags/{id}/restore": Example(response=_SHOWN_TAG),
    "PUT /tags/{id}": Example(
        {"name": "Personal", "colour": "#1f77b4"},
        {**_SHOWN_TAG, "name": "Personal", "colour": "#1f77b4"},
    ),
    "POST /tags/{id}/merge": Example({"into": OTHER_ID}, {**_SHOWN_TAG, "id": OTHER_ID}),
    "GET /tasks": Example(
        response={
            "data": [{"id": ID, **_TASK, "status": "COMPLETED", "progress": 100, "created_at": CREATED}],
            "pagination": {**_PAGE, "total": 1, "has_more": False},
        }
    ),
    "POST /tasks": Example(_TASK, {"id": ID, **_TASK, "status": "PENDING", "progress": 0, "created_at": CREATED}, 201),
    "GET /tasks/{id}": Example(
        response={
            "id": ID,
            **_TASK,
            "status": "RUNNING",
            "progress": 45,
            "result": None,
            "created_at": CREATED,
            "started_at": "2024-01-01T00:05:00Z",
        }
    ),
    "DELETE /tasks/{id}": Example(response={"id": ID, "status": "CANCELLED"}),
    "POST /ingestion/batch": Example(
        {
            "assets": [
                {**_USERS, "metadata": {"database": "prod"}},
                {"type": "DASHBOARD", "name": "Revenue", "qualified_name": "bi.revenue"},
            ],
            "relationships": [{"source": "bi.revenue", "target": "prod.public.users", "type": "DEPENDS_ON"}],
            "options": {"upsert": True, "validate": True},
        },
        {
            "processed": 2,
            "created": 2,
            "updated": 0,
            "unchanged": 0,
            "errors": [],
            "relationships": {"processed": 1, "created": 1, "updated": 0, "unchanged": 0, "errors": []},
        },
    ),
    "POST /ingestion/stream": Example(
        {"asset": {**_USERS, "description": "User table"}},
        _EVENT,
        202,
    ),
    "GET /ingestion/stream/{event_id}": Example(response=_EVENT),
    "GET /audits": Example(
        response={
            "data": [
                {
                    "id": ID,
                    "entity_type": "ASSET",
                    "entity_id": OTHER_ID,
                    "entity_name": "prod.public.users",
                    "action": "UPDATE",
                    "user": {"id": ID, "name": "John Doe"},
                    "before_state": {"description": "User table"},
                    "after_state": {"description": "Updated description"},
                    "timestamp": CREATED,
                }
            ],
            "pagination": {
                "total": 1,
                "total_is_exact": True,
                "limit": 50,
                "offset": 0,
                "has_more": False,
                "next_cursor": None,
            },
        }
    ),
}
