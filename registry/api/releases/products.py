"""Products, projects, and the components that a project declares."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.releases.base import ReleasesView
from registry.api.releases.filters import ComponentFilters, ProductFilters, ProjectFilters
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


class Products(ReleasesView[Product]):
    resource = "product"
    queryset = Product.objects.none()
    serializer_class = ProductSerializer
    filterset_class = ProductFilters
    lookup_url_kwarg = "product_id"

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.all().visible_to(self.actor)

    def list(self, request: Request) -> Response:
        return self.paged(self.filter_queryset(self.get_queryset()))

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
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilters
    lookup_url_kwarg = "project_id"

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.all().visible_to(self.actor)

    def list(self, request: Request, product_id: str | None = None) -> Response:
        """All of the workspace, or those of one product."""
        found = self.get_queryset()
        if product_id is not None:
            found = found.filter(product=self.product())
        return self.paged(self.filter_queryset(found))

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
    queryset = Component.objects.none()
    serializer_class = ComponentSerializer
    filterset_class = ComponentFilters
    lookup_url_kwarg = "component_id"

    def get_queryset(self) -> QuerySet[Component]:
        return Component.objects.all().visible_to(self.actor).filter(project=self.project())

    def list(self, request: Request, **path: Any) -> Response:
        return self.paged(self.filter_queryset(self.get_queryset()))

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
