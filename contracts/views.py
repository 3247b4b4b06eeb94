"""The base of the apps' shared viewsets, and the router that mounts them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from contracts.conditional import is_fresh, set_validators, version_etag
from contracts.errors import NotFound

M = TypeVar("M", bound=Model)


class ContractViewSet(GenericViewSet[M], Generic[M]):
    """What a shared viewset is about: its resource, how one is found, and thin answers.

    A subclass says `resource`, `get_queryset` (by `visible_to(actor)`) and its actions; the contract
    laid over it says `serializer_class`. Override `count` where a list can be counted cheaper.
    """

    resource: ClassVar[str] = ""
    """snake_case, as error codes and `NotFound` details say it."""
    filterset_class: Any = None
    """What a list may be narrowed by (`contracts.filtering`); an action says its own."""

    def count(self, queryset: QuerySet[M]) -> int:
        """How many rows a list has in all."""
        return queryset.count()

    def get_object(self) -> M:
        """The one that the path names. Raises NotFound, also for an id that is none."""
        value = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        name = "id" if self.lookup_field == "pk" else self.lookup_field
        missing = NotFound(resource=self.resource, **{f"{self.resource}_{name}" if self.resource else name: str(value)})
        queryset = self.get_queryset()
        if self.lookup_field in {"pk", "id"} and queryset.model._meta.pk.get_internal_type() == "UUIDField":
            value = uuid_of(value)
            if value is None:
                raise missing
        try:
            found: M = queryset.get(**{self.lookup_field: value})
        except ObjectDoesNotExist:
            raise missing from None
        self.check_object_permissions(self.request, found)
        return found

    def validated(self, *, partial: bool = False, **context: Any) -> dict[str, Any]:
        """The request's body through the view's serializer. Raises DRF's ValidationError."""
        context = {**self.get_serializer_context(), **context}
        serializer = self.get_serializer_class()(data=self.request.data, partial=partial, context=context)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def paged(self, queryset: QuerySet[M]) -> Response:
        """One page of a list, in the contract's shape."""
        rows = self.paginate_queryset(queryset)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def one(self, instance: M, *, code: int = status.HTTP_200_OK) -> Response:
        """One thing, with its validators; 304 without serializing where the client has this version."""
        etag, modified = self.etag_of(instance), self.modified_of(instance)
        asked = self.request.method in {"GET", "HEAD"} and code == status.HTTP_200_OK
        if asked and etag is not None and is_fresh(self.request, etag):
            response = Response(status=status.HTTP_304_NOT_MODIFIED)
        else:
            response = Response(self.get_serializer(instance).data, status=code)
        set_validators(response, etag=etag, modified=modified)
        return response

    def created(self, instance: M) -> Response:
        return self.one(instance, code=status.HTTP_201_CREATED)

    def etag_of(self, instance: M) -> str | None:
        """The version as a tag where the thing counts its changes; None leaves it to the content."""
        version = getattr(instance, "version", None)
        return version_etag(version) if isinstance(version, int) else None

    def modified_of(self, instance: M) -> datetime | None:
        return getattr(instance, "updated_at", None)


class ListsAndRetrieves(ContractViewSet[M], Generic[M]):
    """The two reads."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.paged(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.one(self.get_object())


class Router(SimpleRouter):
    """Routes without a trailing slash."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)


def uuid_of(value: Any) -> UUID | None:
    """The value as a UUID, None where it is none."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None
