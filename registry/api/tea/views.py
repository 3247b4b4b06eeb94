"""The consumer's paths of the Transparency Exchange API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.tables import is_postgresql
from contracts.errors import NotFound
from registry.api.contents import content_or_unchanged
from registry.api.tea import shapes
from registry.api.tea.base import VERSION, Tea, uuid_in_tei
from registry.models import Artifact, Product, ProductVersion, Project, Release


class TeaView(Tea):
    """What the actor may read of each kind."""

    def products(self) -> QuerySet[Product]:
        return Product.objects.all().readable_by(self.actor)

    def components(self) -> QuerySet[Project]:
        return Project.objects.all().readable_by(self.actor).order_by("name", "pk")

    def product_releases(self) -> QuerySet[ProductVersion]:
        releases = Release.objects.select_related("project").order_by("project__name")
        readable = ProductVersion.objects.all().readable_by(self.actor).select_related("product")
        return readable.prefetch_related(Prefetch("releases", queryset=releases))

    def component_releases(self) -> QuerySet[Release]:
        return Release.objects.all().readable_by(self.actor).select_related("project", "collection")

    def named(self, readable: QuerySet[Any], owner: str, wanted: tuple[str, str]) -> QuerySet[Any]:
        """Those with this identifier: their own where `owner` is '', else their owner's with their version."""
        id_type, value = wanted
        key = uuid_in_tei(value) if id_type == "TEI" else None
        if key is not None:
            direct = readable.filter(pk=key)
            if direct.exists():
                return direct
        if not owner:
            return readable.filter(pk__in=_holders(readable, id_type, value))
        base, at, version = value.rpartition("@")
        owners = _holders(self._owners(owner), id_type, base) if at else []
        return readable.filter(**{f"{owner}__in": owners, "version": version})

    def _owners(self, owner: str) -> QuerySet[Any]:
        return self.products() if owner == "product" else self.components()


def _holders(readable: QuerySet[Any], id_type: str, value: str) -> list[Any]:
    """The ids of the products or projects that were given an identifier."""
    wanted = {"idType": id_type, "idValue": value}
    if is_postgresql():
        return list(readable.order_by().filter(identifiers__contains=[wanted]).values_list("pk", flat=True))
    # The text, as JSON has it, narrows down; the entry itself decides.
    rows = readable.order_by().annotate(place=StrIndex(Cast("identifiers", TextField()), Value(json.dumps(value))))
    return [key for key, given in rows.filter(place__gt=0).values_list("pk", "identifiers") if wanted in given]


class Discovery(TeaView):
    def get(self, request: Request) -> Response:
        """The product releases that a TEI names: a release's own, or all of a product's, newest first."""
        tei = request.query_params.get("tei", "")
        wanted = ("TEI", tei)
        found = list(self.named(self.product_releases(), "product", wanted)[:1])
        if not found:
            products = self.named(self.products(), "", wanted)
            found = list(self.product_releases().filter(product__in=list(products)).order_by("-sort_key", "-pk")[:100])
        if not found:
            raise NotFound()
        root = request.build_absolute_uri("/tea")
        servers = [{"rootUrl": root, "versions": [VERSION], "priority": 1.0}]
        return Response([{"productReleaseUuid": release.pk, "servers": servers} for release in found])


class Products(TeaView):
    def get(self, request: Request) -> Response:
        found, wanted = self.products(), self.identifier()
        if wanted:
            found = self.named(found, "", wanted)
        return self.page(found, lambda rows: [shapes.product(row, self.host) for row in rows])


class OneProduct(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        return Response(shapes.product(self.found(self.products(), uuid), self.host))


class ReleasesOfProduct(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        product = self.found(self.products(), uuid)
        found = self.product_releases().filter(product=product)
        return self.page(found, lambda rows: [shapes.product_release(row, self.host) for row in rows])


class ProductReleases(TeaView):
    def get(self, request: Request) -> Response:
        found, wanted = self.product_releases().order_by("-created_at", "-pk"), self.identifier()
        if wanted:
            found = self.named(found, "product", wanted)
        return self.page(found, lambda rows: [shapes.product_release(row, self.host) for row in rows])


class OneProductRelease(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        return Response(shapes.product_release(self.found(self.product_releases(), uuid), self.host))


class Components(TeaView):
    def get(self, request: Request) -> Response:
        found, wanted = self.components(), self.identifier()
        if wanted:
            found = self.named(found, "", wanted)
        return self.page(found, lambda rows: [shapes.component(row, self.host) for row in rows])


class OneComponent(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        return Response(shapes.component(self.found(self.components(), uuid), self.host))


class ReleasesOfComponent(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        component = self.found(self.components(), uuid)
        found = self.component_releases().filter(project=component)
        return Response([shapes.component_release(row, self.host) for row in found])


class ComponentReleases(TeaView):
    def get(self, request: Request) -> Response:
        found, wanted = self.component_releases().order_by("-created_at", "-pk"), self.identifier()
        if wanted:
            found = self.named(found, "project", wanted)
        return self.page(found, lambda rows: [shapes.component_release(row, self.host) for row in rows])


# Collections -------------------------------------------------------------------------------------


class CollectionsOf(TeaView):
    """The collections of a release of a product or of a component; subclasses say which one is wanted."""

    of_product = False

    def owner(self, uuid: str) -> ProductVersion | Release:
        readable: QuerySet[Any] = self.product_releases() if self.of_product else self.component_releases()
        found: ProductVersion | Release = self.found(readable, uuid)
        return found

    def steps(self, owner: ProductVersion | Release) -> list[shapes.Step]:
        return shapes.steps_of(shapes.shown(owner) if isinstance(owner, ProductVersion) else [owner])

    def shaped(self, owner: ProductVersion | Release, steps: Sequence[shapes.Step]) -> list[Any]:
        """Each step with its artifacts, in two statements for all of them."""
        made_of = {collection.pk for step in steps for collection in step.made_of}
        held = Artifact.objects.filter(placements__collection__in=made_of).order_by("created_at", "pk")
        rows = held.values_list("placements__collection", "pk")
        places: dict[Any, set[Any]] = {}
        for collection_id, artifact_id in rows:
            places.setdefault(artifact_id, set()).add(collection_id)
        artifacts = Artifact.objects.filter(pk__in=places).order_by("created_at", "pk")
        known = list(artifacts)
        return [
            shapes.collection(
                step,
                owner,
                [one for one in known if places[one.pk] & {collection.pk for collection in step.made_of}],
                self.request,
            )
            for step in steps
        ]

    def get(self, request: Request, uuid: str) -> Response:
        """All of them, newest first."""
        owner = self.owner(uuid)
        return Response(self.shaped(owner, self.steps(owner)[::-1]))


class LatestCollectionOf(CollectionsOf):
    def get(self, request: Request, uuid: str) -> Response:
        owner = self.owner(uuid)
        return Response(self.shaped(owner, self.steps(owner)[-1:])[0])


class CollectionOf(CollectionsOf):
    def get(self, request: Request, uuid: str, version: int) -> Response:  # type: ignore[override]
        owner = self.owner(uuid)
        steps = [step for step in self.steps(owner) if step.number == version]
        if not steps:
            raise NotFound()
        return Response(self.shaped(owner, steps)[0])


class OneComponentRelease(CollectionsOf):
    def get(self, request: Request, uuid: str) -> Response:
        release = self.found(self.component_releases(), uuid)
        latest = self.shaped(release, self.steps(release)[-1:])[0]
        return Response({"release": shapes.component_release(release, self.host), "latestCollection": latest})


# Artifacts ---------------------------------------------------------------------------------------


class OneArtifact(TeaView):
    def artifact(self, uuid: str) -> Artifact:
        """One that a release holds, or held, that the actor may read."""
        readable = Artifact.objects.all().readable_by(self.actor)
        held = Q(placements__collection__release__in=self.component_releases().order_by())
        found: Artifact = self.found(readable.filter(held).distinct(), uuid)
        return found

    def get(self, request: Request, uuid: str, version: str = "latest") -> Response:
        """An artifact never changes here: its latest version is 1."""
        if version not in {"latest", "1"}:
            raise NotFound()
        return Response(shapes.artifact(self.artifact(uuid), request))


class ArtifactContent(OneArtifact):
    def get(self, request: Request, uuid: str, version: str = "") -> Any:
        return content_or_unchanged(request, self.artifact(uuid))


# Lifecycles --------------------------------------------------------------------------------------


class ProductLifecycle(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        product = self.found(self.products(), uuid)
        releases = self.component_releases().filter(project__product=product)
        return Response(shapes.lifecycle(releases, product.name))


class ProductReleaseLifecycle(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        found = self.found(self.product_releases(), uuid)
        return Response(shapes.lifecycle(shapes.shown(found), found.product.name))


class ComponentLifecycle(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        component = self.found(self.components(), uuid)
        return Response(shapes.lifecycle(self.component_releases().filter(project=component), component.name))


class ComponentReleaseLifecycle(TeaView):
    def get(self, request: Request, uuid: str) -> Response:
        release = self.found(self.component_releases(), uuid)
        return Response(shapes.lifecycle([release], release.project.name))


class WellKnown(TeaView):
    """Where the TEI of a domain leads: `/.well-known/tea`."""

    def get(self, request: Request) -> Response:
        root = request.build_absolute_uri("/tea")
        return Response({"schemaVersion": 1, "endpoints": [{"url": root, "versions": [VERSION], "priority": 1.0}]})


class Unrouted(TeaView):
    """Whatever else is below the API's paths."""

    schema = None

    def get(self, request: Request) -> Response:
        raise NotFound()
