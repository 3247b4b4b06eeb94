"""Examples of what the metastore contract says of teams, domains, glossaries and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import CREATED, ID, OTHER_ID, Example

_ONE_PAGE = {"total": 1, "limit": 20, "offset": 0, "has_more": False}
_TIMES = {"version": 1, "created_at": CREATED, "updated_at": CREATED}
_TEAM_OWNER = {"id": OTHER_ID, "name": "Data platform", "type": "team"}
_ALICE = {"id": OTHER_ID, "name": "Alice"}
_BUSINESS = {"id": OTHER_ID, "name": "Business", "fully_qualified_name": "Business"}
_ASSET = {"id": OTHER_ID, "type": "TABLE", "name": "users", "qualified_name": "prod.public.users"}


def _operations(
    route: str, made: Mapping[str, Any], shown: Mapping[str, Any], change: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, Example]:
    """What all four have: `made` is shown as `shown`, `change` makes it `changed`."""
    return {
        f"GET /{route}": Example(response={"data": [shown], "pagination": _ONE_PAGE}),
        f"POST /{route}": Example(made, shown, 201),
        f"GET /{route}/{{id}}": Example(response=shown),
        f"GET /{route}/name/{{name}}": Example(response=shown),
        f"PUT /{route}/{{id}}": Example(change, {**shown, **changed, "version": 2}),
        f"POST /{route}/{{id}}/restore": Example(response={**shown, "version": 3}),
    }


CONCEPTS: Mapping[str, Example] = {
    **_operations(
        "teams",
        {"name": "data-platform", "display_name": "Data platform", "members": ["alice@example.com"]},
        {
            "id": ID,
            "name": "data-platform",
            "display_name": "Data platform",
            "description": "",
            "members": [_ALICE],
            **_TIMES,
        },
        {"description": "Those who keep the warehouse.", "version": 1},
        {"description": "Those who keep the warehouse."},
    ),
    **_operations(
        "domains",
        {
            "name": "Payments",
            "parent": "Finance",
            "type": "source_aligned",
            "description": "Money that moves.",
            "owner": "data-platform",
        },
        {
            "id": ID,
            "name": "Payments",
            "fully_qualified_name": "Finance.Payments",
            "display_name": "",
            "description": "Money that moves.",
            "type": "source_aligned",
            "parent": {"id": OTHER_ID, "name": "Finance", "fully_qualified_name": "Finance"},
            "owner": _TEAM_OWNER,
            **_TIMES,
        },
        {"display_name": "Payments and refunds", "parent": None, "version": 1},
        {"display_name": "Payments and refunds", "parent": None, "fully_qualified_name": "Payments"},
    ),
    **_operations(
        "glossaries",
        {"name": "Business", "description": "The words of the house.", "owner": "alice@example.com"},
        {
            "id": ID,
            "name": "Business",
            "fully_qualified_name": "Business",
            "display_name": "",
            "description": "The words of the house.",
            "owner": {**_ALICE, "type": "user"},
            **_TIMES,
        },
        {"description": "The words of the house, and what they mean.", "owner": "data-platform", "version": 1},
        {"description": "The words of the house, and what they mean.", "owner": _TEAM_OWNER},
    ),
    **_operations(
        "glossary-terms",
        {
            "name": "Customer",
            "glossary": "Business",
            "definition": "Who has bought something at least once.",
            "synonyms": ["client"],
            "status": "approved",
        },
        {
            "id": ID,
            "name": "Customer",
            "fully_qualified_name": "Business.Customer",
            "display_name": "",
            "glossary": _BUSINESS,
            "definition": "Who has bought something at least once.",
            "synonyms": ["client"],
            "status": "approved",
            "parent": None,
            "owner": None,
            **_TIMES,
        },
        {"synonyms": ["client", "buyer"], "status": "deprecated", "version": 1},
        {"synonyms": ["client", "buyer"], "status": "deprecated"},
    ),
    "GET /glossary-terms/{id}/assets": Example(
        response={"data": [{"asset": _ASSET, "column": "customer_id"}], "pagination": _ONE_PAGE}
    ),
    "POST /glossary-terms/{id}/assets": Example(
        {"asset_id": OTHER_ID, "column": "customer_id"}, {"asset": _ASSET, "column": "customer_id"}, 201
    ),
}
