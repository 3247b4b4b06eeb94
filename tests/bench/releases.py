"""A large SBOM, a component search over ten million components, the difference of two releases."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from registry.containing import Wanted, releases_with
from registry.documents.schemas import cyclonedx_json
from registry.models import Artifact, Release
from registry.questions import difference
from registry.services.artifacts import Upload, add_artifact
from registry.services.collections import add_to_release
from registry.services.products import create_product, create_project
from registry.services.releases import create_release
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import SCALE, World

SIZE = 20_000
SBOMS = int(500 * SCALE)
"""Copies of the 20,000 components: ten million in the index at BENCH_SCALE=1."""

_PACKAGES = "COPY registry_package (id, organization_id, type, namespace, name, folded_name, key) FROM STDIN"
_CONTENTS = (
    "COPY registry_content (artifact_id, package_id, licence_id, position, ref, type, version, purl, supplier, scope,"
    " hashes) FROM STDIN"
)
_EDGES = "COPY registry_edge (artifact_id, source, target) FROM STDIN"


def rows(world: World) -> list[Row]:
    project = create_project(
        actor=world.actor, product=create_product(actor=world.actor, data={"name": "Bench"}), data={"name": "Bench"}
    )
    old, new = (create_release(actor=world.actor, project=project, data={"version": name}) for name in ("1.0", "2.0"))
    return [*_upload(world), _difference(world, old, new), _search(world, new)]


def sbom_bytes(name: str, *, version: str = "1") -> bytes:
    """CycloneDX 1.6 with 20,000 components and as many edges, about 12 MB."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:maven/org.example.{name}/part-{number}@{number % 40}.{version}.0",
            "supplier": {"name": f"Supplier {number % 50}"},
            "group": f"org.example.{name}",
            "name": f"part-{number}",
            "version": f"{number % 40}.{version}.0",
            "description": f"Part {number} of a large application, as build tools describe it in a sentence or two.",
            "scope": "required",
            "hashes": [{"alg": "SHA-256", "content": f"{number:064x}"}, {"alg": "SHA-1", "content": f"{number:040x}"}],
            "licenses": [{"license": {"id": ("MIT", "Apache-2.0", "BSD-3-Clause")[number % 3]}}],
            "purl": f"pkg:maven/org.example.{name}/part-{number}@{number % 40}.{version}.0",
        }
        for number in range(SIZE)
    ]
    refs = [component["bom-ref"] for component in components]
    edges = [{"ref": refs[number], "dependsOn": [refs[(number * 7 + 1) % SIZE]]} for number in range(SIZE)]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    return orjson.dumps({**document, "dependencies": edges})


def upload(world: World, data: bytes) -> Artifact:
    added = add_artifact(actor=world.actor, upload=Upload(content=[data], type="sbom"))
    if not added.is_new:
        raise RuntimeError("the bench uploaded the same bytes twice")
    return added.artifact


# Upload to searchable ----------------------------------------------------------------------------


def _upload(world: World) -> list[Row]:
    numbers = count()
    fresh = iter(lambda: sbom_bytes(f"n{next(numbers)}"), None)
    floors = iter(lambda: sbom_bytes(f"f{next(numbers)}"), None)
    found = []
    known = count(2)
    upload(world, sbom_bytes("known"))
    found.append(
        _upload_row(world, "never seen", [next(fresh) for _ in range(7)], [next(floors) for _ in range(6)], True)
    )
    again = [sbom_bytes("known", version=str(next(known))) for _ in range(7)]
    found.append(_upload_row(world, "of which the packages are known", again, [next(floors) for _ in range(6)], False))
    return found


def _upload_row(world: World, what: str, ours: list[bytes], bare: list[bytes], packages: bool) -> Row:
    floor_ms, product_ms = compare(
        lambda: _floor(world, bare.pop(), packages=packages), lambda: upload(world, ours.pop()), runs=5
    )
    statements = statements_of(lambda: upload(world, ours.pop()))
    work = f"an SBOM of {SIZE:,} components {what}: upload to searchable"
    return Row(work, "orjson + jsonschema-rs + COPY", floor_ms, product_ms, 3, statements)


def _floor(world: World, data: bytes, *, packages: bool) -> None:
    """Parse, validate, COPY the same rows into the same tables; packages only where they would be new."""
    value = orjson.loads(data)
    if not cyclonedx_json("1.6").is_valid(value):
        raise RuntimeError("the bench's own SBOM is not valid")
    organization, artifact = world.organization.pk, _bare_artifact(world)
    known = _any_package(world)
    with transaction.atomic(), connection.cursor() as cursor:
        keys = [uuid7() for _ in value["components"]]
        if packages:
            with cursor.copy(_PACKAGES) as copy:
                for key, part in zip(keys, value["components"], strict=True):
                    name = part["name"]
                    copy.write_row(
                        (key, organization, "maven", part["group"], name, name, f"maven/{part['group']}/{name}")
                    )
        refs = {}
        with cursor.copy(_CONTENTS) as copy:
            for position, (key, part) in enumerate(zip(keys, value["components"], strict=True), 1):
                refs[part["bom-ref"]] = position
                copy.write_row(
                    (
                        artifact,
                        key if packages else known,
                        None,
                        position,
                        part["bom-ref"],
                        part["type"],
                        part["version"],
                        part["purl"],
                        part["supplier"]["name"],
                        part["scope"],
                        orjson.dumps({one["alg"]: one["content"] for one in part["hashes"]}).decode(),
                    )
                )
        with cursor.copy(_EDGES) as copy:
            for edge in value["dependencies"]:
                for target in edge["dependsOn"]:
                    copy.write_row((artifact, refs[edge["ref"]], refs[target]))


def _bare_artifact(world: World) -> Any:
    key = uuid7()
    Artifact.objects.create(
        pk=key,
        organization=world.organization,
        type="sbom",
        format="floor",
        media_type="x",
        sha256=key.hex,
        size=0,
    )
    return key


def _any_package(world: World) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM registry_package WHERE organization_id = %s LIMIT 1", [world.organization.pk])
        return cursor.fetchone()[0]


# What changed ------------------------------------------------------------------------------------


def _difference(world: World, old: Release, new: Release) -> Row:
    for release, version in ((old, "90"), (new, "91")):
        add_to_release(actor=world.actor, release=release, artifact=upload(world, sbom_bytes("known", version=version)))
        release.refresh_from_db()
    floor_ms, product_ms = compare(
        lambda: [_bare_read(release) for release in (old, new)], lambda: difference(old, new), runs=7
    )
    statements = statements_of(lambda: difference(old, new))
    work = "difference of two releases of 20,000 components, all upgraded"
    return Row(work, "two bare reads", floor_ms, product_ms, 2, statements)


def _bare_read(release: Release) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.type, p.namespace, p.name, c.version FROM registry_content c"
            " JOIN registry_package p ON p.id = c.package_id"
            " JOIN registry_collectionitem i ON i.artifact_id = c.artifact_id WHERE i.collection_id = %s",
            [release.collection_id],
        )
        found: list[Any] = cursor.fetchall()
        return found


# Which releases contain it -----------------------------------------------------------------------


def _search(world: World, release: Release) -> Row:
    _multiply(world)
    connection.cursor().execute("ANALYZE registry_content, registry_collectionitem, registry_release, registry_package")
    wanted = Wanted(purl="pkg:maven/org.example.known/part-777", version_range="vers:maven/>=17.0|<17.200")
    floor_ms, product_ms = compare(
        lambda: _bare_search(world),
        lambda: releases_with(actor=world.actor, wanted=wanted).rows(20),
        runs=30,
    )
    statements = statements_of(lambda: releases_with(actor=world.actor, wanted=wanted).rows(20))
    work = f"releases with a component in a range, of {SIZE * SBOMS:,} components"
    return Row(work, "the bare query", floor_ms, product_ms, 1.5, statements)


def _multiply(world: World) -> None:
    """Copies of one SBOM's components under releases of their own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM registry_artifact WHERE component_count = %s LIMIT 1", [SIZE])
        source = cursor.fetchone()[0]
        project = Release.objects.first()
        if project is None:
            raise RuntimeError("the bench has no release")
        for number in range(SBOMS):
            made = create_release(actor=world.actor, project=project.project, data={"version": f"9.{number}"})
            artifact = _bare_artifact(world)
            cursor.execute(
                "INSERT INTO registry_collectionitem (collection_id, artifact_id, association_type, created_at)"
                " VALUES (%s, %s, 'primary', now())",
                [made.collection_id, artifact],
            )
            cursor.execute(
                "INSERT INTO registry_content (artifact_id, package_id, licence_id, position, ref, type, version, purl,"
                " supplier, scope, hashes) SELECT %s, package_id, licence_id, position, ref, type, version, purl,"
                " supplier, scope, hashes FROM registry_content WHERE artifact_id = %s",
                [artifact, source],
            )


def _bare_search(world: World) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, r.version, r.status, r.release_date, j.id, j.name, d.id, d.name, c.version, c.purl"
            " FROM registry_package p JOIN registry_content c ON c.package_id = p.id"
            " JOIN registry_collectionitem i ON i.artifact_id = c.artifact_id"
            " JOIN registry_release r ON r.collection_id = i.collection_id"
            " JOIN registry_project j ON j.id = r.project_id JOIN registry_product d ON d.id = j.product_id"
            " WHERE p.organization_id = %s AND p.key = %s AND c.version LIKE '17.%%'"
            " ORDER BY r.created_at DESC, r.id LIMIT 20",
            [world.organization.pk, "maven/org.example.known/part-777"],
        )
        found: list[Any] = cursor.fetchall()
        return found
