"""Products, projects, and the components that a project declares."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.releases.base import ReleasesView, sort_of, sorted_by, words_in
from registry.api.releases.serializers import ComponentSerializer, ProductSerializer, ProjectSerializer
from registry.models import Component, Product, Project
from registry.services.products import (
    create_component,
    create_product,
    create_project,
    delete_component,
    delete_product,
    delete_project,
    update_component,
    update_product,
    update_project,
)

SORTS = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}


class Products(ReleasesView[Product]):
    resource = "product"
    serializer_class = ProductSerializer
    lookup_url_kwarg = "product_id"

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.all().visible_to(self.actor)

    def list(self, request: Request) -> Response:
        """`q` looks for a part of the name; `tags` asks for all of them."""
        found = self.get_queryset().tagged(words_in(request, "tags"))  # type: ignore[attr-defined]
        asked = request.query_params
        if asked.get("q"):
            found = found.filter(name__icontains=asked["q"])
        if asked.get("category"):
            found = found.filter(category=asked["category"])
        if asked.get("lifecycle_status"):
            found = found.filter(lifecycle_status__in=words_in(request, "lifecycle_status"))
        return self.paged(sorted_by(found, sort_of(request), SORTS))

    def retrieve(self, request: Request, product_id: str) -> Response:
        return self.one(self.get_object())

    def create(self, request: Request) -> Response:
        return self.created(create_product(actor=self.actor, data=self.validated()))

    def partial_update(self, request: Request, product_id: str) -> Response:
        product = self.get_object()
        return self.one(update_product(actor=self.actor, product=product, changes=self.validated(partial=True)))

    def destroy(self, request: Request, product_id: str) -> Response:
        delete_product(actor=self.actor, product=self.get_object())
        return self.deleted()


class Projects(ReleasesView[Project]):
    resource = "project"
    serializer_class = ProjectSerializer
    lookup_url_kwarg = "project_id"

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.all().visible_to(self.actor)

    def list(self, request: Request, product_id: str | None = None) -> Response:
        """All of the workspace, or those of one product."""
        found = self.get_queryset().tagged(words_in(request, "tags"))  # type: ignore[attr-defined]
        if product_id is not None:
            found = found.filter(product=self.product())
        asked = request.query_params
        if asked.get("q"):
            found = found.filter(name__icontains=asked["q"])
        for name in ("type", "status"):
            if asked.get(name):
                found = found.filter(**{f"{name}__in": words_in(request, name)})
        return self.paged(sorted_by(found, sort_of(request), SORTS))

    def retrieve(self, request: Request, project_id: str) -> Response:
        return self.one(self.get_object())

    def create(self, request: Request, product_id: str) -> Response:
        product = self.product()
        return self.created(create_project(actor=self.actor, product=product, data=self.validated()))

    def partial_update(self, request: Request, project_id: str) -> Response:
        project = self.get_object()
        return self.one(update_project(actor=self.actor, project=project, changes=self.validated(partial=True)))

    def destroy(self, request: Request, project_id: str) -> Response:
        delete_project(actor=self.actor, project=self.get_object())
        return self.deleted()


class Components(ReleasesView[Component]):
    resource = "component"
    serializer_class = ComponentSerializer
    lookup_url_kwarg = "component_id"

    def get_queryset(self) -> QuerySet[Component]:
        return Component.objects.all().visible_to(self.actor).filter(project=self.project())

    def list(self, request: Request, **path: Any) -> Response:
        found = self.get_queryset()
        if request.query_params.get("q"):
            found = found.filter(name__icontains=request.query_params["q"])
        if request.query_params.get("type"):
            found = found.filter(type__in=words_in(request, "type"))
        return self.paged(sorted_by(found, sort_of(request), SORTS))

    def retrieve(self, request: Request, **path: Any) -> Response:
        return self.one(self.get_object())

    def create(self, request: Request, **path: Any) -> Response:
        project = self.project()
        return self.created(create_component(actor=self.actor, project=project, data=self.validated()))

    def partial_update(self, request: Request, **path: Any) -> Response:
        component = self.get_object()
        changes = self.validated(partial=True)
        return self.one(update_component(actor=self.actor, component=component, changes=changes))

    def destroy(self, request: Request, **path: Any) -> Response:
        delete_component(actor=self.actor, component=self.get_object())
        return self.deleted()

    def etag_of(self, instance: Component) -> str | None:
        """A component's `version` is the text its maker gave it, not a count of changes."""
        return None
