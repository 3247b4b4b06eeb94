"""The OpenAPI schema of the contracts, from the same classes that speak them."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any

from drf_spectacular.drainage import isolate_view_method
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance, get_doc, is_list_serializer

from contracts.examples import EXAMPLES

Schema = dict[str, Any]
"""A piece of an OpenAPI schema."""

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object", "additionalProperties": {}}
BYTES: Schema = {"description": "The bytes of a file, of whatever media type that is."}

_HOMES = {"metastore": "/v1/", "releases": "/api/v2/"}
"""Where a contract's operations are named without saying where; the others' home is `/api/v1/`."""
_OBVIOUS = {"{id}", "{pk}"}
_NOT_TELLING = ("contracts.", "rest_framework.", "django.", "typing", "builtins")
"""Modules whose classes say nothing of what an operation does."""
_MOUNT = re.compile(r"^(?:/api)?/v\d+")


def shape(**properties: Schema) -> Schema:
    """An object with exactly these properties, all of them there."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def number_parameter(name: str, description: str, *, default: int, low: int, high: int | None = None) -> Schema:
    """A whole number in the query."""
    schema: Schema = {"type": "integer", "minimum": low, "default": default}
    if high is not None:
        schema["maximum"] = high
    return {"name": name, "in": "query", "description": description, "schema": schema}


def text_parameter(name: str, description: str) -> Schema:
    """A text in the query."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}


def described(view: Any, **methods: Any) -> Any:
    """The view with these descriptions (`extend_schema`) of methods, inherited ones too.

    As `extend_schema_view`, which sees only the names that DRF knows.
    """
    for name, describe in methods.items():
        describe(isolate_view_method(view, name))  # type: ignore[no-untyped-call]
    return view


class ContractSchema(AutoSchema):
    """Groups operations by contract, wraps answers as the contract does, and adds its error to each."""

    view: Any

    @property
    def contract(self) -> str:
        """The view's contract; empty for a view outside the contracts."""
        return str(getattr(self.view, "contract", ""))

    def get_tags(self) -> list[str]:
        return [self.contract] if self.contract else list(super().get_tags())

    def get_operation_id(self) -> str:
        """`metastore_assets_lineage_retrieve`; path variables that are not the id stand in it, and so does
        a mount that is not the contract's home (`releases_v1_projects_list`), so that no two agree."""
        if not self.contract:
            return str(super().get_operation_id())
        path = self.path.removeprefix(_HOMES.get(self.contract, "/api/v1/")).removeprefix("/api")
        parts = [part for part in path.split("/") if part and part not in _OBVIOUS]
        listing = self.method == "GET" and self._is_list_view()
        parts = [self.contract, *parts, "list" if listing else self.method_mapping[self.method.lower()]]
        return re.sub(r"\W+", "_", "_".join(part.strip("{}") for part in parts))

    def get_description(self) -> str:  # type: ignore[override]  # as the library's own
        """What the action says, else the first of the view's classes that is an app's: others tell how, not what."""
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        classes = (kind for kind in type(self.view).__mro__ if not kind.__module__.startswith(_NOT_TELLING))
        told: str = get_doc(action) or next((cleandoc(text) for kind in classes if (text := vars(kind)["__doc__"])), "")
        return told

    def get_filter_backends(self) -> list[Any]:
        """None for a view that filters by nothing: looking for its model would only warn."""
        named = getattr(self.view, "filterset_class", None)
        return list(super().get_filter_backends()) if named else []

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Begins with the contract's name: what two contracts call a relationship is not one thing."""
        name: str = super().get_serializer_name(serializer, direction)
        prefix = self.contract.capitalize()
        return name if name.startswith(prefix) else f"{prefix}{name}"

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        operation: Schema | None = super().get_operation(*args, **kwargs)
        if operation is not None and self.contract:
            for codes, words in (("4XX", "The request is refused."), ("5XX", "The request could not be carried out.")):
                content = {"application/json": {"schema": self._error_component().ref}}
                operation["responses"][codes] = {"description": words, "content": content}
            example = EXAMPLES.get(self.contract, {}).get(f"{self.method} {_MOUNT.sub('', self.path)}")
            if example is not None:
                example.show_in(operation)
        return operation

    def _error_component(self) -> ResolvedComponent:
        name = f"{self.contract.capitalize()}Error"
        make: Any = ResolvedComponent
        component: ResolvedComponent = make(
            name=name, type=ResolvedComponent.SCHEMA, schema=self.view.error_schema(), object=name
        )
        self.registry.register_on_missing(component)
        return component

    def _get_response_bodies(self, direction: Any = "response") -> Schema:
        bodies: Schema = super()._get_response_bodies(direction)
        status = str(getattr(self.view, "deleted_status", 204))
        if self.method == "DELETE" and list(bodies) == ["204"] and status != "204":
            return {status: self._get_response_for_code(self.get_response_serializers(), status)}
        return bodies

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, direction: Any = "response"
    ) -> Schema:
        response: Schema = super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, media_types, direction
        )
        content = response.get("content", {}).get("application/json")
        if content and self.contract and status_code.startswith("2") and not self._is_paged(serializer):
            content["schema"] = self.view.envelope_schema(content["schema"])
        return response

    def _get_paginator(self) -> Any:
        paginator: Any = super()._get_paginator()  # type: ignore[no-untyped-call]
        if hasattr(paginator, "bind"):
            paginator.bind(self.view)
        return paginator

    def _is_paged(self, serializer: Any) -> bool:
        serializer = force_instance(getattr(serializer, "response", serializer))  # type: ignore[no-untyped-call]
        listed = is_list_serializer(serializer) or self._is_list_view(serializer)
        return bool(listed and self._get_paginator())
