"""Every route against its own OpenAPI schema: whatever is sent, the answer is none of 5xx and has the promised shape.

The inputs are derived from the schema, the same in each run; FUZZ_EXAMPLES asks for more of them. Half of the
paths name real things, so that the inputs reach what is behind the first 404.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contracts.ownership import contract_of
from tests.contracts.urls import CONTRACTS
from tests.test_tenants import World, world  # noqa: F401  a fixture

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""Of each operation; 0 for as many as QUESTIONS allow."""
QUESTIONS = 300
"""To each contract, about: at least two to each of its operations."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
UNREAL = {"/api/v1/health"}
"""A health check that looks at servers which a test has not."""


@pytest.fixture(scope="module")
def schema() -> Any:
    generator: Any = SchemaGenerator()
    loaded = schemathesis.openapi.from_dict(generator.get_schema(request=None, public=True))
    loaded.app = get_wsgi_application()
    return loaded


@pytest.fixture
def _unlimited(settings) -> None:
    for name in ("METASTORE", "COLLECTION", "REGISTRY_ANONYMOUS", "REGISTRY_AUTHENTICATED", "RELEASES", "ENTITIES"):
        setattr(settings, f"RATE_{name}", "1000000/second")
    settings.RATE_LOGIN = "1000000/second"


@contextmanager
def one_transaction() -> Iterator[None]:
    """A request leaves the test's connection alone, as with Django's own client: it holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations_of(schema: Any, contract: str) -> Iterator[Any]:
    for found in schema.get_all_operations():
        operation = found.ok()
        owner = contract_of(operation.path)
        if owner is not None and owner.contract == contract and operation.path not in UNREAL:
            yield operation


def routed_contracts(resolver: URLResolver) -> set[str]:
    """The contracts whose views are routed."""
    found: set[str] = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found |= routed_contracts(pattern)
        else:
            found.add(getattr(getattr(pattern.callback, "cls", None), "contract", ""))
    return found


def real(world: World, case: Case[Any]) -> dict[str, str]:  # noqa: F811
    """The values of the path's parts as they are for something that is there."""
    filled, template = world.fill(case.path).split("/"), case.path.split("/")
    return {part.strip("{}"): value for part, value in zip(template, filled, strict=True) if part.startswith("{")}


@pytest.mark.usefixtures("_unlimited")
@pytest.mark.parametrize("contract", CONTRACTS)
def test_whatever_is_sent_is_answered_as_the_schema_says(contract: str, schema, world, alice):  # noqa: F811
    token = {"Authorization": alice._credentials["HTTP_AUTHORIZATION"]}
    wrong: dict[str, str] = {}
    operations = list(operations_of(schema, contract))
    assert bool(operations) == (contract in routed_contracts(get_resolver()))
    examples = EXAMPLES or max(2, QUESTIONS // max(1, len(operations)))
    for operation in operations:

        @hypothesis_settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=st.one_of(
                operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
                operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
            ),
            is_real=st.booleans(),
        )
        def ask(case: Case[Any], is_real: bool) -> None:
            if is_real and "{" in case.path and case.method != "DELETE":
                case.path_parameters = real(world, case)
            case.call_and_validate(headers=token, checks=CHECKS)

        try:
            with one_transaction():
                ask()
        except FailureGroup as failures:
            wrong[operation.label] = str(failures)[:2000]
    assert not wrong, "\n\n".join(f"{label}\n{words}" for label, words in wrong.items())
