"""`/api/v1/storedProcedures`: functions and procedures of databases."""

from __future__ import annotations

from catalog.models import Asset
from tests.catalog.api.entities.conftest import call, made

TWICE = {
    "name": "twice",
    "databaseSchema": "shop.sales.public",
    "storedProcedureCode": {"language": "SQL", "code": "SELECT $1 * 2"},
    "storedProcedureType": "Function",
}


def test_a_procedure_is_made_listed_and_found(bob, charlie, schema):
    procedure = made(call(bob, "put", "storedProcedures", TWICE))
    assert procedure["fullyQualifiedName"] == "shop.sales.public.twice"
    assert procedure["storedProcedureCode"] == TWICE["storedProcedureCode"]
    assert procedure["databaseSchema"]["name"] == "public"
    assert Asset.objects.get(name="twice").type == "PROCEDURE"
    for scope in ("databaseSchema=shop.sales.public", "database=shop.sales", "service=shop"):
        [listed] = call(bob, "get", f"storedProcedures?{scope}").json()["data"]
        assert listed["id"] == procedure["id"]
    assert call(bob, "get", "storedProcedures?service=other").json()["data"] == []
    assert call(charlie, "get", f"storedProcedures/{procedure['id']}").status_code == 404
    assert call(charlie, "get", "storedProcedures").json()["data"] == []


def test_its_code_is_required(bob, schema):
    response = call(bob, "post", "storedProcedures", {key: TWICE[key] for key in ("name", "databaseSchema")})
    assert response.status_code == 400
    assert "storedProcedureCode" in response.json()["message"]
    assert call(bob, "post", "storedProcedures", {**TWICE, "storedProcedureType": "Spell"}).status_code == 400


def test_what_is_gone_is_deleted(bob, schema):
    made(call(bob, "put", "storedProcedures/bulk", [TWICE, {**TWICE, "name": "thrice"}]))
    body = {
        "scopeFqn": "shop.sales.public",
        "scopeEntityType": "databaseSchema",
        "seenFqns": ["shop.sales.public.twice"],
        "recursive": True,
    }
    made(call(bob, "delete", "storedProcedures/deleteStale", body))
    assert [one["name"] for one in call(bob, "get", "storedProcedures").json()["data"]] == ["twice"]
