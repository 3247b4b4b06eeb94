"""Publishing over HTTP: multipart, several files, parts, JSON; and that what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import ApiKey, Membership, Organization
from accounts.services import create_api_key
from accounts.tokens import issue_tokens
from contracts.errors import NotFound
from registry import storage
from registry.models import Entry, File, Upload, Version
from registry.services.uploads import begin_upload, end_upload, put_part
from tests.handlers import own_handler
from tests.registry.entries import INSULIN, XML, put

pytestmark = pytest.mark.django_db

API = "/api/v1"
DIGEST = hashlib.sha256(INSULIN).hexdigest()


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"


def form(**fields: Any) -> dict[str, Any]:
    """What the contract's page sends."""
    return {
        "organization": "acme",
        "name": "custom-protein-set",
        "version": "1.0",
        "source_type": "protein",
        "description": "Curated protein set for cancer research",
        "format": "fasta",
        "file": SimpleUploadedFile("set.fasta", INSULIN),
        **fields,
    }


def nothing_stays() -> bool:
    folder = storage.incoming_folder()
    incoming = list(folder.iterdir()) if folder.is_dir() else []
    kept = [path for path, _ in storage.backend().walk()]
    return not (Entry.objects.exists() or incoming or kept)


def test_publishes_as_the_page_shows(bob: APIClient, anonymous: APIClient) -> None:
    answer = bob.post(f"{API}/sources", form())
    assert answer.status_code == 201, answer.content
    data = answer.json()["data"]
    entry = Entry.objects.get()
    assert {name: data[name] for name in data if name != "files"} == {
        "id": str(entry.pk),
        "organization": "acme",
        "slug": "custom-protein-set",
        "version": "1.0",
        "checksum": f"sha256-{DIGEST}",
        "size_bytes": len(INSULIN),
        "url": "/sources/acme/custom-protein-set",
    }
    shown = anonymous.get(f"{API}{data['url']}").json()["data"]
    assert (shown["description"], shown["protein_metadata"]["gene_name"]) == (
        "Curated protein set for cancer research",
        "INS",
    )
    assert list(storage.incoming_folder().iterdir()) == []


def test_publishes_with_an_api_key(alice_actor: Actor, acme: Organization, anonymous: APIClient) -> None:
    made = create_api_key(actor=alice_actor, organization=acme, name="CI", role="editor")
    assert isinstance(made.api_key, ApiKey)
    answer = anonymous.post(f"{API}/sources", form(), headers={"X-API-Key": made.key})
    assert answer.status_code == 201


def test_publishes_several_files_and_all_that_is_known(bob: APIClient, anonymous: APIClient) -> None:
    answer = bob.post(
        f"{API}/sources",
        form(
            file=[SimpleUploadedFile("a.fasta", INSULIN), SimpleUploadedFile("a.xml.gz", gzip.compress(XML))],
            format=["fasta", "xml"],
            checksum=[f"sha256-{DIGEST}", ""],
            title="My set",
            external_version="2025_01",
            release_date="2025-01-15",
            organism=json.dumps({"scientific_name": "Homo sapiens", "ncbi_taxonomy_id": 9606}),
            tags=["cancer", "protein"],
            citations=json.dumps([{"doi": "10.1093/nar/gkac1052"}]),
            metadata=json.dumps({"note": "by hand"}),
        ),
    )
    assert answer.status_code == 201, answer.content
    assert [file["format"] for file in answer.json()["data"]["files"]] == ["fasta", "xml"]
    shown = anonymous.get(f"{API}/sources/acme/custom-protein-set").json()["data"]
    assert (shown["name"], shown["tags"]) == ("My set", ["cancer", "protein"])
    assert shown["protein_metadata"]["note"] == "by hand"
    assert shown["versions"][0]["release_date"] == "2025-01-15"


def test_publishes_a_tool(bob: APIClient) -> None:
    fields = form(name="blast", version="2.14.0", file=SimpleUploadedFile("blast.tar.gz", gzip.compress(b"x")))
    for name in ("source_type", "format"):
        del fields[name]
    answer = bob.post(f"{API}/tools", {**fields, "tool_type": "alignment", "license": "Public Domain"})
    assert answer.status_code == 201, answer.content
    assert answer.json()["data"]["url"] == "/tools/acme/blast"
    assert File.objects.get().format == "tar.gz"


@pytest.mark.parametrize("how", ["json", "field", "file"])
def test_publishes_an_aggregate(bob: APIClient, bob_actor: Actor, how: str) -> None:
    put(bob_actor, "acme:a@1.0")
    specs = ["acme:a-fasta@1.0"]
    fields: dict[str, Any] = {"organization": "acme", "name": "all", "version": "1.0"}
    if how == "json":
        answer = bob.post(f"{API}/sources", {**fields, "dependencies": specs}, format="json")
    elif how == "field":
        answer = bob.post(f"{API}/sources", {**fields, "dependencies": json.dumps(specs)})
    else:
        listed = SimpleUploadedFile("dependencies.json", json.dumps(specs).encode())
        answer = bob.post(f"{API}/sources", {**fields, "dependencies": listed})
    assert answer.status_code == 201, answer.content
    assert answer.json()["data"]["checksum"] == f"sha256-{Version.objects.get(entry__slug='all').tree_checksum}"
    assert list(storage.incoming_folder().iterdir()) == []


def test_a_published_pair_is_a_conflict(bob: APIClient) -> None:
    bob.post(f"{API}/sources", form())
    answer = bob.post(f"{API}/sources", form())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"file": SimpleUploadedFile("set.fasta", b"")}, "file"),
        ({"checksum": f"sha256-{'0' * 64}"}, "checksum"),
        ({"checksum": "md5-abc"}, "checksum"),
        ({"format": "genbank"}, "file"),
        ({"format": ["fasta", "xml"]}, "format"),
        ({"name": "x" * 300}, "name"),
        ({"name": "../../etc/passwd"}, "name"),
        ({"version": "none"}, "version"),
        ({"file": "not a file"}, "file"),
        ({"dependencies": "[1"}, "dependencies"),
        ({"dependencies": '["acme:gone-fasta@1.0"]'}, "dependencies"),
        ({"metadata": "{"}, "metadata"),
        ({"unheard_of": "1"}, "unheard_of"),
        ({"title": "x" * 301}, "title"),
    ],
)
def test_what_cannot_be_published_is_422(bob: APIClient, changed: dict[str, Any], field: str) -> None:
    answer = bob.post(f"{API}/sources", form(**changed))
    assert answer.status_code == 422, answer.content
    error = answer.json()["error"]
    assert (answer.json()["success"], error["code"]) == (False, "VALIDATION_ERROR")
    assert field in error["details"]
    assert nothing_stays()


@pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("vera", 403), ("charlie", 403)])
def test_outsiders_publish_nothing(request: pytest.FixtureRequest, acme: Organization, who: str, status: int) -> None:
    client: APIClient = request.getfixturevalue(who)
    answer = client.post(f"{API}/sources", form())
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert nothing_stays()


def test_an_unknown_organization_is_404(bob: APIClient) -> None:
    answer = bob.post(f"{API}/sources", form(organization="nowhere"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert nothing_stays()


def test_a_file_over_the_limit_is_413(bob: APIClient, settings: Any) -> None:
    settings.UPLOAD_LIMIT = len(INSULIN) - 1
    answer = bob.post(f"{API}/sources", form())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert nothing_stays()


def test_a_truncated_body_is_400(bob: APIClient) -> None:
    boundary = "B0UNDARY"
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"organization": "acme", "name": "set", "version": "1.0", "format": "fasta"}.items()
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.fasta"\r\n\r\n'
    body = head.encode() + INSULIN
    answer = bob.post(f"{API}/sources", body, content_type=f"multipart/form-data; boundary={boundary}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert nothing_stays()
    whole = bob.post(
        f"{API}/sources",
        body + f"\r\n--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert whole.status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_bodies_that_cannot_be_read_are_4xx(bob: APIClient, content_type: str) -> None:
    answer = bob.post(f"{API}/sources", b"what", content_type=content_type)
    assert answer.status_code in {400, 415}
    assert answer.json()["success"] is False


def test_the_checksum_is_of_what_was_sent(bob: APIClient) -> None:
    assert bob.post(f"{API}/sources", form()).status_code == 201
    other = form(format="xml", file=SimpleUploadedFile("set.xml", XML))
    told = bob.post(f"{API}/sources", other).json()["data"]
    assert (told["checksum"], told["size_bytes"]) == (f"sha256-{hashlib.sha256(XML).hexdigest()}", len(XML))
    assert [file["format"] for file in told["files"]] == ["fasta", "xml"]


@pytest.mark.parametrize("name", ["organization", "name", "version", "source_type"])
def test_what_is_said_twice_is_not_guessed_at(bob: APIClient, name: str) -> None:
    fields = form()
    answer = bob.post(f"{API}/sources", {**fields, name: [fields[name], "other"]})
    assert (answer.status_code, answer.json()["error"]["details"]) == (422, {name: ["This was sent more than once."]})
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"sequence_length": 99999999999999999999}', "64 bits"),
        ('{"notes": "a\\u0000"}', "NUL"),
        ('{"a": ' + "[" * 200 + "]" * 200 + "}", "nested"),
        ('{"a": }', "not valid JSON"),
    ],
)
def test_json_in_a_form_is_read_as_strictly_as_a_body(bob: APIClient, text: str, word: str) -> None:
    for sent in (text, SimpleUploadedFile("metadata.json", text.encode())):
        answer = bob.post(f"{API}/sources", form(metadata=sent))
        assert answer.status_code == 422, answer.content
        assert word in answer.json()["error"]["details"]["metadata"][0]
        assert "body" not in answer.json()["error"]["message"]
    assert not Entry.objects.exists()


# In parts ----------------------------------------------------------------------------------------


def begin(client: APIClient, **fields: Any) -> Any:
    return client.post(f"{API}/uploads", {"organization": "acme", "filename": "P01308.fasta", **fields}, format="json")


def send(client: APIClient, key: str, number: int, content: bytes, **headers: str) -> Any:
    return client.put(
        f"{API}/uploads/{key}/parts/{number}", content, content_type="application/octet-stream", headers=headers
    )


def test_a_file_in_parts(bob: APIClient) -> None:
    key = begin(bob, size=len(INSULIN)).json()["data"]["id"]
    second = send(bob, key, 2, INSULIN[100:])
    assert second.json()["data"]["checksum"] == f"sha256-{hashlib.sha256(INSULIN[100:]).hexdigest()}"
    early = bob.post(f"{API}/sources", {**form(upload=key), "file": []})
    assert (early.status_code, early.json()["error"]["details"]["missing"]) == (409, [1])
    send(bob, key, 1, b"x" * 100)
    send(bob, key, 1, INSULIN[:100], **{"X-Checksum-SHA256": f"SHA256:{hashlib.sha256(INSULIN[:100]).hexdigest()}"})
    known = bob.get(f"{API}/uploads/{key}").json()["data"]
    assert (known["received_bytes"], [part["number"] for part in known["parts"]]) == (len(INSULIN), [1, 2])
    fields = {**form(upload=key, checksum=f"sha256-{DIGEST}")}
    del fields["file"]
    answer = bob.post(f"{API}/sources", fields)
    assert answer.status_code == 201, answer.content
    assert File.objects.get().sha256 == DIGEST
    assert not Upload.objects.exists()
    assert bob.get(f"{API}/uploads/{key}").status_code == 404
    assert [path.name for path in (storage.incoming_folder().parent / "uploads").rglob("*") if path.is_file()] == []


def test_bad_parts_are_refused(bob: APIClient, settings: Any) -> None:
    key = begin(bob, size=10).json()["data"]["id"]
    assert send(bob, key, 0, b"x").status_code == 422
    assert send(bob, key, 10_001, b"x").status_code == 422
    assert send(bob, key, 1, b"").status_code == 422
    assert send(bob, key, 1, b"x" * 11).status_code == 413
    assert send(bob, key, 1, b"x", **{"X-Checksum-SHA256": "0" * 64}).status_code == 422
    assert send(bob, "nonsense", 1, b"x").status_code == 404
    assert bob.put(f"{API}/uploads/{key}/parts/one", b"x", content_type="a/b").status_code == 422
    assert begin(bob, size=0).status_code == 422
    assert begin(bob, filename="").status_code == 422
    nameless = begin(bob, filename="a/..")
    assert (nameless.status_code, list(nameless.json()["error"]["details"])) == (422, ["filename"])
    settings.UPLOAD_LIMIT = 5
    assert begin(bob, size=6).status_code == 413
    assert list(storage.incoming_folder().iterdir()) == []


def test_a_part_that_is_sent_again_counts_once(bob: APIClient) -> None:
    key = begin(bob, size=10).json()["data"]["id"]
    for _ in range(2):
        assert send(bob, key, 1, b"x" * 6).status_code == 200
    assert send(bob, key, 2, b"x" * 5).status_code == 413
    assert send(bob, key, 2, b"x" * 4).status_code == 200


@pytest.mark.usefixtures("acme")
def test_a_part_of_an_upload_that_ends_meanwhile_leaves_nothing(bob_actor: Actor) -> None:
    upload = begin_upload(actor=bob_actor, organization="acme", filename="a.fasta")

    def coming() -> Iterator[bytes]:
        yield b"x"
        end_upload(actor=bob_actor, upload=Upload.objects.get(pk=upload.pk))

    with pytest.raises(NotFound):
        put_part(actor=bob_actor, upload=upload, number=1, stream=coming())
    assert [path for path in (storage.incoming_folder().parent / "uploads").rglob("*") if path.is_file()] == []


def test_an_outsider_cannot_see_an_upload(
    bob: APIClient, charlie: APIClient, vera: APIClient, anonymous: APIClient
) -> None:
    key = begin(bob).json()["data"]["id"]
    for client, status in ((charlie, 404), (anonymous, 401)):
        assert client.get(f"{API}/uploads/{key}").status_code == status
        assert send(client, key, 1, b"x").status_code == status
        assert client.delete(f"{API}/uploads/{key}").status_code == status
    assert begin(vera).status_code == 403
    assert begin(charlie).status_code == 403
    assert send(vera, key, 1, b"x").status_code == 403
    assert (
        charlie.post(f"{API}/sources", form(organization="other", upload=key, format=["fasta", "x"])).status_code == 404
    )
    assert bob.delete(f"{API}/uploads/{key}").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_a_client_that_hangs_up_half_way_leaves_nothing(bob_member: Membership) -> None:
    """Over ASGI: half of the body comes, then the connection is gone."""
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.fasta"\r\n\r\n'
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": head + INSULIN * 1000, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        sent.append(event)

    token = issue_tokens(bob_member).access
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{API}/sources",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"multipart/form-data; boundary=B"),
            (b"content-length", b"10000000"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "http_version": "1.1",
        "scheme": "http",
    }
    with own_handler() as handler:
        asyncio.run(handler(scope, receive, send))
    assert sent == []
    assert nothing_stays()
