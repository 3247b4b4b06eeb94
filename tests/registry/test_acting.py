"""A member of several organizations publishes in each with one token: the registry's requests name the organization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Membership, Organization, Role
from accounts.services import create_api_key
from audit.models import AuditEvent
from registry.models import Entry
from tests.registry.entries import INSULIN

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def form(organization: str, **fields: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("a.fasta", INSULIN)
    return {"organization": organization, "name": "insulin", "version": "1.0", "file": file, **fields}


@pytest.fixture
def second(bob_member: Membership) -> Organization:
    """Bob edits here too; his token names Acme."""
    organization = Organization.objects.create(slug="second", name="Second", is_public=False)
    Membership.objects.create(user=bob_member.user, organization=organization, role=Role.EDITOR)
    return organization


def test_a_founder_publishes_in_the_new_organization(alice: APIClient) -> None:
    assert alice.post(f"{API}/organizations", {"slug": "my-lab", "name": "My lab"}, format="json").status_code == 201
    assert alice.post(f"{API}/sources", form("my-lab")).status_code == 201
    assert alice.post(f"{API}/sources/my-lab/insulin/1.0/yank", {"reason": "Wrong"}, format="json").status_code == 200
    assert alice.delete(f"{API}/sources/my-lab/insulin").status_code == 204


def test_what_is_published_there_is_of_there(bob: APIClient, second: Organization) -> None:
    assert bob.post(f"{API}/sources", form("second")).status_code == 201
    assert Entry.objects.get().organization == second
    assert set(AuditEvent.objects.filter(entity_type="VERSION").values_list("organization_id", flat=True)) == {
        second.pk
    }


def test_the_role_there_is_what_counts(bob: APIClient, second: Organization) -> None:
    Membership.objects.filter(organization=second).update(role=Role.VIEWER)
    answer = bob.post(f"{API}/sources", form("second"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert (
        bob.post(f"{API}/uploads", {"organization": "second", "filename": "a.fasta"}, format="json").status_code == 403
    )
    assert not Entry.objects.exists()


def test_a_file_in_parts_goes_there_too(bob: APIClient, charlie: APIClient, second: Organization) -> None:
    made = bob.post(f"{API}/uploads", {"organization": "second", "filename": "a.fasta"}, format="json")
    part = f"{API}/uploads/{made.json()['data']['id']}/parts/1"
    assert charlie.put(part, INSULIN, content_type="application/octet-stream").status_code == 404
    assert bob.put(part, INSULIN, content_type="application/octet-stream").status_code == 200
    fields = form("second", upload=made.json()["data"]["id"])
    del fields["file"]
    assert bob.post(f"{API}/sources", fields).status_code == 201


def test_a_key_opens_its_own_organization_only(alice_actor: Actor, acme: Organization, second: Organization) -> None:
    Organization.objects.filter(pk=second.pk).update(is_public=True)
    key = create_api_key(actor=alice_actor, organization=acme, name="k", role="editor").key
    client = APIClient()
    client.credentials(HTTP_X_API_KEY=key)
    assert client.post(f"{API}/sources", form("second")).status_code == 403
    Organization.objects.filter(pk=second.pk).update(is_public=False)
    assert client.post(f"{API}/sources", form("second")).status_code == 404


def test_outsider_is_not_told_of_a_private_organization(charlie: APIClient, second: Organization) -> None:
    assert charlie.post(f"{API}/sources", form("second")).status_code == 404
