"""Every route, everybody: what is Acme's is nobody else's, whatever the route, whoever asks.

The routes are read off the OpenAPI schema, so that one which is added tomorrow is tried tomorrow. The
ids in a path are those of real things of Acme's; a path with a part that no thing is known for fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from audit.models import AuditEvent
from ingestion.models import Profile
from tests.conftest import client_of

MARK = "zanzibar"
READS = {"get"}
OPEN = {
    "/api/v1/auth/token",
    "/api/v1/health",
    "/api/v1/login",
    "/api/v1/refresh",
    "/v1/auth/login",
    "/v1/auth/refresh",
}
"""Routes for those who are nobody yet."""
PUBLIC = tuple(f"/api/v1/{name}" for name in ("organizations", "sources", "tools", "search", "stats", "resolve"))
"""Registry reads: open to anyone, for organizations that are public. Acme is not."""
HARMLESS = ("/search/", "/api/v1/resolve", "/api/v1/login", "/api/v1/refresh", "/auth/")
"""POST that changes nothing of the organization's."""
SHARED = "/api/v1/services/testConnectionDefinitions/"
"""The same for everybody, and nobody's."""


@dataclass
class World:
    """Acme's things: the value for each part of a path, by the segment it follows or by its own name."""

    parts: dict[str, str] = field(default_factory=dict)

    def fill(self, path: str) -> str:
        mount = "v1" if path.startswith("/v1/") else "api"

        def value(match: re.Match[str]) -> str:
            before = path[: match.start()].rstrip("/").rpartition("/")[2]
            within = "tools" if "/tools/" in path else ""
            for key in (
                "/".join(path[: match.start()].rstrip("/").split("/")[-2:]),
                f"{within}/{match[1]}",
                f"{mount}:{before}/{match[1]}",
                f"{before}/{match[1]}",
                f"{mount}:{before}",
                before,
                match[1],
            ):
                if key in self.parts:
                    return self.parts[key]
            raise LookupError(f"{path}: the test knows no {match[1]} below {before}; make one in `world`")

        return re.sub(r"\{(\w+)\}", value, path)


@cache
def operations() -> tuple[tuple[str, str], ...]:
    """Every (method, path template) of the five contracts."""
    generator: Any = SchemaGenerator()
    paths = generator.get_schema(request=None, public=True)["paths"]
    return tuple((method, path) for path, item in paths.items() for method in item if method != "parameters")


def made(response: Any) -> dict[str, Any]:
    assert 200 <= response.status_code < 300, response.content
    body = response.json()
    found: dict[str, Any] = body.get("data", body) if body.get("success") else body
    return found


@pytest.fixture
def world(alice, alice_member, acme, settings, tmp_path) -> World:
    settings.IMPORT_DIR = tmp_path
    acme.is_public = False
    acme.save()
    post = lambda path, body, **options: made(alice.post(path, body, format="json", **options))  # noqa: E731
    parts = {"organizations": "acme", "members": str(alice_member.pk), "number": "1"}
    asset = post("/v1/assets", {"type": "TABLE", "name": MARK, "qualified_name": f"{MARK}.a", "tags": [MARK]})
    upstream = post("/v1/assets", {"type": "TABLE", "name": f"{MARK}_b", "qualified_name": f"{MARK}.b"})
    ends = {"source_asset_id": asset["id"], "target_asset_id": upstream["id"], "type": "DEPENDS_ON"}
    parts |= {"assets": asset["id"], "name/qualified_name": f"{MARK}.a"}
    parts["v1:relationships"] = post("/v1/relationships", ends)["id"]
    parts["tags"] = made(alice.get("/v1/tags"))["data"][0]["id"]
    parts["audits"] = made(alice.get("/v1/audits"))["data"][0]["id"]
    parts["teams"] = post("/v1/teams", {"name": MARK})["id"]
    parts["domains"] = post("/v1/domains", {"name": MARK, "owner": MARK})["id"]
    parts["glossaries"] = post("/v1/glossaries", {"name": MARK})["id"]
    term = {"name": MARK, "glossary": MARK, "definition": MARK}
    parts["glossary-terms"] = post("/v1/glossary-terms", term)["id"]
    parts |= {"name/name": MARK, "glossary-terms/name": f"{MARK}.{MARK}"}
    post(f"/v1/glossary-terms/{parts['glossary-terms']}/assets", {"asset_id": asset["id"]})
    key = {"name": MARK, "role": "viewer"}
    parts["api-keys"] = post("/api/v1/organizations/acme/api-keys", key)["id"]
    parts |= _ingestion(post)
    profile = Profile.objects.create(
        organization=acme,
        asset_id=asset["id"],
        taken_at=timezone.now(),
        row_count=1,
        is_sampled=False,
        sampled_rows=1,
        columns=[],
    )
    parts["profiles"] = str(profile.pk)
    event = {"asset": {"type": "TABLE", "name": f"{MARK}_c", "qualified_name": f"{MARK}.c"}}
    parts["stream"] = post("/v1/ingestion/stream", event, headers={"X-Event-Type": "asset.created"})["id"]
    parts |= _releases(alice, post)
    parts |= _entries(alice, post)
    parts |= _entities(alice, post)
    parts |= _lineage(upstream["id"], asset["id"])
    parts |= {"users": str(alice_member.user_id), "users/name": alice_member.user.username}
    return World(parts)


def _entities(alice: APIClient, post: Any) -> dict[str, str]:
    """One of every collection of the entities contract."""
    service = made(alice.get(f"/api/v1/services/databaseServices/name/{MARK}"))
    parts = {"services/databaseServices": service["id"], "databaseServices/name": MARK, "versions/decimal": "0.1"}
    base = f"{MARK}.{MARK}"
    bodies: dict[str, tuple[dict[str, Any], str]] = {
        "databases": ({"service": MARK}, base),
        "databaseSchemas": ({"database": base}, f"{base}.{MARK}"),
        "tables": ({"databaseSchema": f"{base}.{MARK}", "columns": []}, f"{base}.{MARK}.{MARK}"),
        "searchIndexes": ({"service": f"{MARK}_si", "fields": []}, f"{MARK}_si.{MARK}"),
        "classifications": ({}, MARK),
    }
    code = {"code": "SELECT 1"}
    bodies["storedProcedures"] = (
        {"databaseSchema": f"{base}.{MARK}", "storedProcedureCode": code, "name": f"{MARK}_p"},
        f"{base}.{MARK}.{MARK}_p",
    )
    for name in ("dashboards", "charts", "pipelines", "topics", "containers", "datasets"):
        bodies[name] = ({"service": f"{MARK}_{name}"}, f"{MARK}_{name}.{MARK}")
    for name, (body, fqn) in bodies.items():
        entity = MARK if name != "classifications" else f"{MARK}_c"
        parts[name] = post(f"/api/v1/{name}", {"name": entity, **body})["id"]
        parts[f"{name}/name"] = fqn if name != "classifications" else f"{MARK}_c"
    term = made(alice.get(f"/api/v1/glossaryTerms/name/{MARK}.{MARK}"))
    names = dict.fromkeys(("tags/name", "teams/name", "glossaries/name", "domains/name"), MARK)
    names |= {"glossaryTerms/name": f"{MARK}.{MARK}"}
    return {**parts, **names, "glossaryTerms": term["id"]}


def _lineage(upstream: str, downstream: str) -> dict[str, str]:
    """Two tables with lineage between them."""
    return {
        "/entity": "table",
        "/source": "Manual",
        "lineage/{entity}": downstream,
        "{entity}/name": f"{MARK}.a",
        "name/{entity}": f"{MARK}.a",
        "/from_entity": "table",
        "/from_pk": upstream,
        "/from_fqn": f"{MARK}.b",
        "/to_entity": "table",
        "/to_pk": downstream,
        "/to_fqn": f"{MARK}.a",
        "testConnectionDefinitions/name": "Postgres.testConnectionDefinition",
    }


def _ingestion(post: Any) -> dict[str, str]:
    payload = {"source": "file://zanzibar.json", "format": "json"}
    job = post("/v1/tasks", {"type": "BULK_INGESTION", "payload": payload})
    source = post("/api/v1/datasources", {"name": MARK, "type": "sqlite", "config": {"database": "self"}})
    task = {"name": MARK, "datasource_id": source["id"], "type": "full_collection", "schedule": {"type": "immediate"}}
    task_id = post("/api/v1/tasks", {**task, "schedule": {"type": "interval", "interval": 3600}})["id"]
    execution = post(f"/api/v1/tasks/{task_id}/execute", {})
    template = post("/api/v1/templates", {"name": MARK, "type": "mysql", "config_template": {"port": 3306}})
    hook = post("/api/v1/webhooks", {"name": MARK, "url": "http://127.0.0.1:9/hook", "events": ["task.failed"]})
    delivery = post(f"/api/v1/webhooks/{hook['id']}/test", {})
    return {
        "v1:tasks": job["id"],
        "api:tasks": task_id,
        "executions": execution["execution_id"],
        "datasources": source["id"],
        "templates": template["id"],
        "webhooks": hook["id"],
        "deliveries": delivery["id"],
    }


def _releases(alice: APIClient, post: Any) -> dict[str, str]:
    product = post("/api/v2/products", {"name": MARK})["id"]
    project = post(f"/api/v2/products/{product}/projects", {"name": MARK})["id"]
    component = post(f"/api/v2/projects/{project}/components", {"name": MARK, "version": "1.0"})["id"]
    releases = f"/api/v1/projects/{project}/releases"
    for version in (f"0.9.0-{MARK}", f"1.0.0-{MARK}"):
        post(releases, {"version": version, "status": "draft"})
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": []}
    upload = {"type": "sbom", "format": "cyclonedx", "content": bom, "metadata": {"note": MARK}}
    artifact = post(f"{releases}/1.0.0-{MARK}/artifacts", upload)["id"]
    other = post("/api/v2/artifacts", {"type": "other", "format": "text", "content": {"note": MARK}})["id"]
    edge = post(f"/api/v2/artifacts/{other}/relationships", {"type": "references", "target_id": artifact})["id"]
    return {
        "products": product,
        "projects": project,
        "components": component,
        "releases": f"1.0.0-{MARK}",
        "artifacts": artifact,
        "artifacts/artifact_id": artifact,
        "api:relationships": edge,
        "versions/number": "1",
        "versions": made(alice.get("/api/v2/versions"))["items"][0]["id"],
        "collections": "1",
    }


def _entries(alice: APIClient, post: Any) -> dict[str, str]:
    fasta = SimpleUploadedFile("set.fasta", b">sp|P01308|INS_HUMAN Insulin\nMALWMRLLPLLALLALWGPDPAAA\n")
    fields = {"organization": "acme", "name": MARK, "version": "1.0", "source_type": "protein", "format": "fasta"}
    made(alice.post("/api/v1/sources", {**fields, "file": fasta}, format="multipart"))
    tool = {"organization": "acme", "name": f"{MARK}-tool", "version": "1.0", "tool_type": "alignment"}
    archive = SimpleUploadedFile("tool.txt", b"a tool")
    made(alice.post("/api/v1/tools", {**tool, "file": archive}, format="multipart"))
    upload = post("/api/v1/uploads", {"organization": "acme", "filename": "big.fasta"})
    key = upload.get("key") or upload.get("upload") or upload["id"]
    return {
        "org": "acme",
        "sources": "acme",
        "tools": "acme",
        "name": MARK,
        "version": "1.0",
        "uploads": key,
        "tools/name": f"{MARK}-tool",
    }


def call(client: APIClient, method: str, path: str) -> Any:
    return client.generic(method.upper(), path, "" if method in READS else "{}", content_type="application/json")


def seen(response: Any) -> bool:
    """Whether anything of Acme's shows in the answer (a path that it echoes is not Acme's)."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    echoed = content.replace(response.request.get("PATH_INFO", "").encode(), b"")
    return response.status_code < 400 and MARK.encode() in echoed


def test_alice_sees_her_own(alice, world):
    """The paths lead somewhere: else the outsider's 404 would prove nothing."""
    lost = {}
    for method, template in operations():
        if method in READS and "{" in template:
            response = call(alice, method, world.fill(template))
            if response.status_code > 400:  # 400 asks for a parameter of the query
                lost[template] = (response.status_code, world.fill(template))
    assert "\n".join(f"{status} {path}" for status, path in lost.values()) == ""


def test_outsider_reaches_nothing_of_acmes(charlie, world, acme):
    before = AuditEvent.objects.filter(organization_id=acme.pk).count()
    wrong = {}
    for method, template in operations():
        response = call(charlie, method, world.fill(template))
        reached = "{" in template and response.status_code < 400 and not template.startswith(SHARED)
        if response.status_code >= 500 or reached or seen(response):
            wrong[f"{method} {template}"] = (response.status_code, response.content[:200])
    assert not wrong
    assert AuditEvent.objects.filter(organization_id=acme.pk).count() == before


def test_anonymous_reaches_nothing_of_acmes(anonymous, world, acme, settings):
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"
    before = AuditEvent.objects.filter(organization_id=acme.pk).count()
    wrong = {}
    for method, template in operations():
        response = call(anonymous, method, world.fill(template))
        expected = {401, 404} if template.startswith(PUBLIC) and "{" in template else {401}
        if template in OPEN:
            expected = {200, 400, 401, 422}
        elif template.startswith(PUBLIC) and (method in READS or template.startswith("/api/v1/resolve")):
            expected |= {200, 400, 422}
        if response.status_code not in expected or seen(response):
            wrong[f"{method} {template}"] = (response.status_code, response.content[:200])
    assert not wrong
    assert AuditEvent.objects.filter(organization_id=acme.pk).count() == before


def test_viewer_changes_nothing(vera_member, world, acme):
    vera = client_of(vera_member)
    before = AuditEvent.objects.filter(organization_id=acme.pk).count()
    wrong = {}
    for method, template in operations():
        if method in READS or any(part in template for part in HARMLESS):
            continue
        response = call(vera, method, world.fill(template))
        if response.status_code < 400 or response.status_code >= 500:
            wrong[f"{method} {template}"] = (response.status_code, response.content[:200])
    assert not wrong
    assert AuditEvent.objects.filter(organization_id=acme.pk).count() == before
