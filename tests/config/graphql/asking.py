"""Asking /graphql: the answer, its data, or the code of its error."""

from __future__ import annotations

from typing import Any


def ask(client: Any, query: str, status: int = 200, **variables: Any) -> Any:
    answer = client.post("/graphql", {"query": query, "variables": variables}, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def data(client: Any, query: str, **variables: Any) -> Any:
    answer = ask(client, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


def code(client: Any, query: str, status: int = 200, **variables: Any) -> str:
    answer = ask(client, query, status, **variables)
    return str(answer["errors"][0]["extensions"]["code"])
