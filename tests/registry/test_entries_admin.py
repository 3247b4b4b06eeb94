"""The curators' pages of sources and tools, of publishers, and of the checks of stored files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actor import Actor, operator_actor
from accounts.models import Membership, Organization
from registry import storage
from registry.models import Entry, File, FileCheck, Statistics, Version
from registry.services import downloads
from registry.services.describing import update_entry
from registry.services.integrity import verify_files
from tests.adminkit import make_superuser, page, session_of
from tests.registry.entries import INSULIN, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def insulin(bob_actor: Actor) -> Version:
    put(bob_actor, "acme:P01308@1.0", {"P01308.fasta": INSULIN})
    return put(bob_actor, "acme:P01308@1.1", {"P01308.fasta": INSULIN + b"A\n"})


@pytest.fixture
def bob_browser(bob_member: Membership) -> Client:
    return session_of(bob_member)


def shown(browser: Client, name: str, *args: Any, query: str = "") -> str:
    response = browser.get(page(name, *args) + query)
    assert response.status_code == 200, response.headers
    return response.content.decode()


def test_lists_and_searches_sources(bob_browser: Client, insulin: Version, charlie_actor: Actor) -> None:
    put(charlie_actor, "other:theirs@1.0", name="Theirs")
    listed = shown(bob_browser, "registry_source_changelist")
    assert "Insulin [Homo sapiens]" in listed
    assert "Theirs" not in listed
    assert "Insulin [Homo sapiens]" in shown(bob_browser, "registry_source_changelist", query="?q=insulin")
    assert "Insulin [Homo sapiens]" not in shown(bob_browser, "registry_source_changelist", query="?q=nothing")
    assert "Insulin [Homo sapiens]" in shown(bob_browser, "registry_source_changelist", query="?organism=human")
    assert "Insulin [Homo sapiens]" not in shown(bob_browser, "registry_source_changelist", query="?organism=mouse")


def test_shows_versions_files_checksums_and_downloads(bob_browser: Client, insulin: Version) -> None:
    file = File.objects.get(version=insulin)
    for _ in range(3):
        downloads.count_download(file.pk)
    downloads.flush()
    text = shown(bob_browser, "registry_source_change", insulin.entry_id)
    assert f"sha256-{file.sha256}" in text
    assert "/api/v1/sources/acme/P01308/1.1/download?format=fasta" in text
    assert "3 in all, 3 on the busiest day" in text
    assert "Homo sapiens (Human), taxonomy 9606" in text


def test_a_tag_with_a_comma_stays_one_where_tags_are_not_touched(
    bob_browser: Client, bob_actor: Actor, insulin: Version
) -> None:
    update_entry(actor=bob_actor, entry=insulin.entry, changes={"tags": ["hormone, human"]})
    fields = {"name": "Insulin", "tag_words": "hormone, human", "metadata": "{}"}
    assert bob_browser.post(page("registry_source_change", insulin.entry_id), fields).status_code == 302
    entry = Entry.objects.get()
    assert (entry.name, entry.tags) == ("Insulin", ["hormone, human"])


def test_changes_what_is_said_of_a_source(bob_browser: Client, insulin: Version) -> None:
    fields = {"name": "Insulin", "description": "A hormone", "tag_words": "hormone, human", "license": "CC BY 4.0"}
    fields["metadata"] = '{"gene_name": "INS"}'
    answer = bob_browser.post(page("registry_source_change", insulin.entry_id), fields)
    assert answer.status_code == 302, answer.content
    entry = Entry.objects.get()
    assert (entry.name, entry.tags, entry.license) == ("Insulin", ["hormone", "human"], "CC BY 4.0")
    assert entry.metadata == {"gene_name": "INS"}
    text = shown(bob_browser, "registry_source_change", insulin.entry_id)
    assert "{\n  &quot;gene_name&quot;: &quot;INS&quot;\n}" in text
    refused = bob_browser.post(page("registry_source_change", insulin.entry_id), {**fields, "tag_words": "x" * 101})
    assert refused.status_code == 200
    assert "At most 100 characters" in refused.content.decode()
    bad = bob_browser.post(page("registry_source_change", insulin.entry_id), {**fields, "metadata": '{"mass_da": "?"}'})
    assert "mass_da: " in bad.content.decode()


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "Unicode"),
        ('{"a": 1e999}', "finite"),
        ('{"a": NaN}', "finite"),
        ('{"a": 99999999999999999999}', "64 bits"),
        ('{"a": ' + "[" * 100 + "]" * 100 + "}", "Nested"),
        ('{"a": "' + "x" * 2_000_000 + '"}', "bytes as JSON"),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(
    bob_browser: Client, insulin: Version, metadata: str, word: str
) -> None:
    before = insulin.entry.metadata
    fields = {"name": "Insulin", "metadata": metadata}
    answer = bob_browser.post(page("registry_source_change", insulin.entry_id), fields)
    assert answer.status_code == 200
    assert word in answer.context["adminform"].form.errors["metadata"][0]
    assert Entry.objects.get().metadata == before


def test_an_empty_list_says_why_it_is(bob_browser: Client, insulin: Version) -> None:
    """Before anything is there, what to do; where one looked for something, that nothing is like it."""
    tools = shown(bob_browser, "registry_tool_changelist")
    assert "No tools here yet" in tools
    assert "Show all" not in tools
    assert page("registry_tool_add") in tools
    for query in ("?q=nothing", "?organism=mouse"):
        found = shown(bob_browser, "registry_source_changelist", query=query)
        assert ("Nothing matches" in found, "Show all" in found, "here yet" in found) == (True, True, False)


def test_nul_in_the_filter_finds_what_is_without_it(bob_browser: Client, insulin: Version) -> None:
    answer = bob_browser.get(page("registry_source_changelist"), {"organism": "human\0"})
    assert (answer.status_code, insulin.entry.name in answer.content.decode()) == (200, True)


def test_publishes_from_the_form(bob_browser: Client, acme: Organization) -> None:
    text = shown(bob_browser, "registry_source_add", query="?slug=P01308")
    assert 'value="P01308"' in text
    answer = bob_browser.post(
        page("registry_source_add"),
        {
            "slug": "P01308",
            "version": "1.0",
            "tags": "a, b",
            "organism": "Homo sapiens",
            "file": [SimpleUploadedFile("a.fasta", INSULIN), SimpleUploadedFile("a.json", b"{}")],
        },
    )
    assert answer.status_code == 201, answer.content
    entry = Entry.objects.get()
    assert answer.json() == {"url": page("registry_source_change", entry.pk)}
    assert (entry.latest_formats, entry.tags) == (["fasta", "json"], ["a", "b"])


def test_what_cannot_be_published_is_told_in_place(bob_browser: Client, acme: Organization) -> None:
    answer = bob_browser.post(
        page("registry_source_add"),
        {"slug": "../x", "version": "one", "file": SimpleUploadedFile("a.fasta", INSULIN)},
    )
    assert answer.status_code == 400
    assert set(json.loads(answer.content)["fields"]) == {"name", "version"}
    assert not Entry.objects.exists()
    assert list(storage.incoming_folder().iterdir()) == []


def test_a_file_over_the_limit_is_told_and_leaves_nothing(
    bob_browser: Client, acme: Organization, settings: Any
) -> None:
    settings.UPLOAD_LIMIT = 100
    fields = {"slug": "x", "version": "1.0", "file": SimpleUploadedFile("a.fasta", INSULIN)}
    answer = bob_browser.post(page("registry_source_add"), fields)
    assert (answer.status_code, "larger than 100 bytes" in json.loads(answer.content)["message"]) == (400, True)
    assert list(storage.incoming_folder().iterdir()) == []


def test_publishing_takes_the_token_of_the_page(bob_member: Membership) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob_member.user)
    address = page("registry_source_add")

    def fields(**more: str) -> dict[str, Any]:
        return {"slug": "x", "version": "1.0", "file": SimpleUploadedFile("a.fasta", INSULIN), **more}

    browser.get(address)
    assert browser.post(address, fields()).status_code == 403
    assert not Entry.objects.exists()
    assert list(storage.incoming_folder().iterdir()) == []
    assert browser.post(address, fields(csrfmiddlewaretoken=browser.cookies["csrftoken"].value)).status_code == 201


def test_yanks_with_a_reason(bob_browser: Client, insulin: Version) -> None:
    address = page("registry_source_yank", insulin.entry_id)
    bob_browser.post(address, {"version": str(insulin.pk), "reason": ""})
    assert Version.objects.get(pk=insulin.pk).yanked_at is None
    bob_browser.post(address, {"version": str(insulin.pk), "reason": "Wrong chain"})
    assert Version.objects.get(pk=insulin.pk).yank_reason == "Wrong chain"
    assert "Wrong chain" in shown(bob_browser, "registry_source_change", insulin.entry_id)
    bob_browser.post(page("registry_source_unyank", insulin.entry_id), {"version": str(insulin.pk)})
    assert Version.objects.get(pk=insulin.pk).yanked_at is None
    assert bob_browser.get(address).status_code == 405


def test_shows_the_dependency_tree_branch_by_branch(bob_browser: Client, bob_actor: Actor, insulin: Version) -> None:
    inner = put(bob_actor, "acme:inner@1.0", dependencies=["acme:P01308-fasta@1.1"])
    outer = put(bob_actor, "acme:outer@1.0", dependencies=["acme:inner-fasta@1.0"])
    assert page("registry_source_tree", outer.pk) in shown(bob_browser, "registry_source_change", outer.entry_id)
    branch = shown(bob_browser, "registry_source_tree", outer.pk)
    assert "acme:inner-fasta@1.0" in branch
    assert page("registry_source_tree", inner.pk) in branch
    assert "acme:P01308-fasta@1.1" in shown(bob_browser, "registry_source_tree", inner.pk)


def test_shows_a_publisher(bob_browser: Client, insulin: Version, acme: Organization) -> None:
    assert "Acme" in shown(bob_browser, "registry_statistics_changelist")
    text = shown(bob_browser, "registry_statistics_change", acme.pk)
    assert "Insulin [Homo sapiens]" in text
    assert "Downloads of the last 60 days" in text


def test_an_outsider_sees_no_page(charlie_member: Membership, insulin: Version, acme: Organization) -> None:
    browser = session_of(charlie_member)
    assert "Insulin" not in shown(browser, "registry_source_changelist")
    for address in (
        page("registry_source_change", insulin.entry_id),
        page("registry_statistics_change", acme.pk),
    ):
        assert browser.get(address, follow=True).status_code in {200, 404}
        assert b"Insulin" not in browser.get(address, follow=True).content
    assert browser.post(page("registry_source_yank", insulin.entry_id), {"version": insulin.pk}).status_code == 404
    acme.is_public = False
    acme.save()
    assert browser.get(page("registry_source_tree", insulin.pk)).status_code == 404


def test_a_viewer_changes_nothing(vera_member: Membership, insulin: Version) -> None:
    browser = session_of(vera_member)
    assert "Insulin" in shown(browser, "registry_source_change", insulin.entry_id)
    assert browser.get(page("registry_source_add")).status_code in {403, 404}
    browser.post(page("registry_source_yank", insulin.entry_id), {"version": str(insulin.pk), "reason": "No"})
    browser.post(page("registry_source_remove_version", insulin.entry_id), {"version": str(insulin.pk)})
    unchanged = Version.objects.get(pk=insulin.pk)
    assert (unchanged.yanked_at, unchanged.deleted_at) == (None, None)


def test_only_superusers_see_checks_of_files(bob_browser: Client, acme: Organization, insulin: Version) -> None:
    file = File.objects.get(version=insulin)
    storage.backend().delete(storage.path_of(file.sha256))
    check = verify_files(actor=operator_actor())
    root = session_of(make_superuser(acme))
    assert "1 missing or damaged" in shown(root, "registry_filecheck_changelist")
    assert "acme:P01308-fasta@1.1" in shown(root, "registry_filecheck_change", check.pk)
    assert bob_browser.get(page("registry_filecheck_changelist")).status_code == 403
    bob_browser.post(page("registry_filecheck_start"))
    assert FileCheck.objects.count() == 1
    assert Statistics.objects.exists()


def test_a_check_can_be_asked_for(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("registry.admin.storage.verify.delay", lambda: asked.append(True))
    root = session_of(make_superuser(acme))
    assert root.post(page("registry_filecheck_start")).status_code == 302
    assert asked == [True]
    assert root.get(page("registry_filecheck_start")).status_code == 405
