"""What a GraphQL query may cost, told before it runs: tokens, depth, aliases, and how much it could read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    value_from_ast_untyped,
)
from strawberry.extensions import SchemaExtension

TOKENS = 3000
DEPTH = 15
INTROSPECTION_DEPTH = 20
ALIASES = 50
COST = 50_000
"""Fields that a query could answer with, at most."""
DEFAULT_LIMIT = 20
PAGED = frozenset({"assets", "search", "tags", "tasks"})
"""Fields at the top whose `pagination` says how many they answer with."""
GUESSES = {"upstream": 10, "downstream": 10, "tags": 5, "schema": 20, "children": 5}
"""How many the other lists are taken to hold."""


class Limits(SchemaExtension):
    """Refuses what is too much, between parsing and validation."""

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = TOKENS
        # The operations of a socket share what they were handed; each needs loaders of its own.
        self.execution_context.context = self.execution_context.context.fresh()
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            problem = unnamed(context.graphql_document, context._provided_operation_name) or excess(
                context.graphql_document, context.variables or {}
            )
            if problem is not None:
                context.pre_execution_errors = [problem]
        yield


def unnamed(document: DocumentNode, name: str | None) -> GraphQLError | None:
    """Which of several operations is meant must be said (GraphQL, "Executing Requests")."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) < 2 or name:
        return None
    return GraphQLError("'operationName' must name one of the operations", extensions={"code": "BAD_REQUEST"})


def excess(document: DocumentNode, variables: Mapping[str, Any]) -> GraphQLError | None:
    """Why this query is too much; None where it is not."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    size = Size()
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            given = {**_defaults(node), **variables}
            size = size.beside(_Measuring(fragments, given).of(node.selection_set, top=True))
    for name, found, most, code in (
        ("levels", size.depth, DEPTH, "QUERY_TOO_DEEP"),
        ("levels of introspection", size.introspection, INTROSPECTION_DEPTH, "QUERY_TOO_DEEP"),
        ("aliases", size.aliases, ALIASES, "TOO_MANY_ALIASES"),
        ("fields that it could answer with", size.cost, COST, "QUERY_TOO_COSTLY"),
    ):
        if found > most:
            told = {"code": code, "details": {"limit": most, "found": found}}
            return GraphQLError(f"The query has {found:,} {name}; at most {most:,} are allowed", extensions=told)
    return None


@dataclass(frozen=True, slots=True)
class Size:
    """How large a selection is."""

    depth: int = 0
    introspection: int = 0
    aliases: int = 0
    cost: int = 0

    def beside(self, other: Size) -> Size:
        return Size(
            max(self.depth, other.depth),
            max(self.introspection, other.introspection),
            self.aliases + other.aliases,
            self.cost + other.cost,
        )


@dataclass
class _Measuring:
    """Measures each fragment once, so that fragments within fragments cost nothing to measure; a cycle ends at once."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    measured: dict[str, Size] = field(default_factory=dict)

    def of(self, selections: SelectionSetNode | None, *, top: bool = False) -> Size:
        size = Size()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                size = size.beside(self._field(node, top=top))
            elif isinstance(node, InlineFragmentNode):
                size = size.beside(self.of(node.selection_set, top=top))
            elif isinstance(node, FragmentSpreadNode):
                size = size.beside(self._fragment(node.name.value, top=top))
        return size

    def _fragment(self, name: str, *, top: bool) -> Size:
        if name not in self.measured:
            self.measured[name] = Size()  # what a cycle finds; validation refuses it after
            if name in self.fragments:
                self.measured[name] = self.of(self.fragments[name].selection_set, top=top)
        return self.measured[name]

    def _field(self, node: FieldNode, *, top: bool) -> Size:
        inner = self.of(node.selection_set)
        aliases = inner.aliases + (node.alias is not None)
        if node.name.value.startswith("__"):
            return Size(1, 1 + inner.depth, aliases, 1)
        return Size(1 + inner.depth, inner.introspection, aliases, 1 + self._times(node, top=top) * inner.cost)

    def _times(self, node: FieldNode, *, top: bool) -> int:
        name = node.name.value
        if not (top and name in PAGED):
            return GUESSES.get(name, 1)
        given = next((each.value for each in node.arguments or () if each.name.value == "pagination"), None)
        if isinstance(given, VariableNode):
            part = self.variables.get(given.name.value)
            return _count(part.get("limit") if isinstance(part, dict) else None)
        if isinstance(given, ObjectValueNode):
            limit = next((each.value for each in given.fields if each.name.value == "limit"), None)
            if isinstance(limit, VariableNode):
                return _count(self.variables.get(limit.name.value))
            return _count(value_from_ast_untyped(limit)) if isinstance(limit, IntValueNode) else DEFAULT_LIMIT
        return DEFAULT_LIMIT


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """What an operation's variables are where they are not given."""
    defined = operation.variable_definitions or ()
    return {one.variable.name.value: value_from_ast_untyped(one.default_value) for one in defined if one.default_value}


def _count(value: Any) -> int:
    """A limit; whatever is no number from 1 is refused later."""
    return value if isinstance(value, int) and value > 0 else DEFAULT_LIMIT
