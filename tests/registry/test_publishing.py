"""What is published is checked, kept whole, and never changes."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import Organization
from audit.models import AuditEvent
from catalog.models import Asset, Relationship, SearchDocument
from contracts.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated
from registry import storage
from registry.models import Dependency, DependencySet, Entry, File, Statistics, Version
from registry.resolution import resolve
from registry.services.publication import FileDraft, Publication
from registry.services.publishing import publish
from tests.registry.entries import INSULIN, XML, drafts, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def stored() -> list[str]:
    return [path for path, _ in storage.backend().walk()]


def left_behind() -> list[Path]:
    folder = storage.incoming_folder()
    return list(folder.iterdir()) if folder.is_dir() else []


def nothing_is_there() -> bool:
    return not (Entry.objects.exists() or Version.objects.exists() or stored() or left_behind())


def test_publishes_a_file(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:P01308@1.0", {"P01308.fasta": INSULIN}, type="protein", tags=["Hormone"])
    file = version.files.get()
    assert (file.format, file.compression, file.media_type) == ("fasta", "none", "text/plain")
    assert (file.sha256, file.size) == (hashlib.sha256(INSULIN).hexdigest(), len(INSULIN))
    with storage.open(file.sha256) as kept:
        assert kept.read() == INSULIN
    entry = Entry.objects.get()
    assert (entry.latest_version, entry.latest_formats, entry.size) == ("1.0", ["fasta"], len(INSULIN))
    assert entry.tags == ["Hormone"]
    assert left_behind() == []


def test_publishes_several_files_at_once(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN, "a.xml": XML, "a.json": b'{"a": 1}'})
    assert version.formats == ["fasta", "json", "xml"]
    assert version.size == len(INSULIN) + len(XML) + 8


def test_adds_a_format_to_a_version(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    version = put(bob_actor, "acme:p01308@1.0", {"a.xml": XML})
    assert version.formats == ["fasta", "xml"]
    assert Entry.objects.get().slug == "P01308"
    assert Statistics.objects.get().versions == 1


def test_a_published_pair_is_never_replaced(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    with pytest.raises(Conflict, match="never replaced"):
        put(bob_actor, "acme:p01308@1.0", {"b.fasta": b">b\nMAL\n"})
    assert File.objects.get().sha256 == hashlib.sha256(INSULIN).hexdigest()
    assert len(stored()) == 1


def test_the_same_bytes_are_stored_once(bob_actor: Actor) -> None:
    put(bob_actor, "acme:one@1.0", {"a.fasta": INSULIN})
    put(bob_actor, "acme:two@1.0", {"b.fasta": INSULIN})
    assert File.objects.count() == 2
    assert len(stored()) == 1


def test_the_latest_is_the_highest_not_the_last(bob_actor: Actor) -> None:
    for version in ("1.9", "1.10", "1.2", "2.0-rc.1"):
        put(bob_actor, f"acme:set@{version}")
    assert Entry.objects.get().latest_version == "1.10"


def test_keeps_count(bob_actor: Actor) -> None:
    put(bob_actor, "acme:one@1.0", {"a.fasta": INSULIN})
    put(bob_actor, "acme:one@1.1", {"a.fasta": INSULIN})
    put(bob_actor, "acme:blast@2.14.0", {"blast.tar.gz": gzip.compress(b"x")}, kind="tool", type="alignment")
    counted = Statistics.objects.get()
    assert (counted.sources, counted.tools, counted.versions) == (1, 1, 3)
    assert counted.size == sum(File.objects.values_list("size", flat=True))


def test_leaves_a_trail(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    put(bob_actor, "acme:P01308@1.1", {"a.fasta": INSULIN})
    told = list(AuditEvent.objects.filter(door="test").values_list("action", "entity_type", "entity_name"))
    assert ("CREATE", "SOURCE", "acme:P01308") in told
    assert ("PUBLISH", "VERSION", "acme:P01308@1.1") in told
    after = AuditEvent.objects.get(entity_name="acme:P01308@1.0").after_state
    assert after is not None
    assert after["files"][0]["checksum"] == f"sha256-{hashlib.sha256(INSULIN).hexdigest()}"


def test_is_found_by_search_and_in_the_catalog(bob_actor: Actor, acme: Organization) -> None:
    put(bob_actor, "acme:P01308@1.0", {"a.fasta": INSULIN})
    document = SearchDocument.objects.get(kind="source")
    assert (document.path, document.type, document.is_public) == ("acme:P01308", "protein", True)
    assert {"format:fasta", "organism:human", "organism:9606"} <= set(document.tags)
    asset = Asset.objects.get(type="DATASET")
    assert (asset.qualified_name, asset.organization) == ("registry.acme.P01308", acme)
    assert asset.metadata["version"] == "1.0"


# Who may -----------------------------------------------------------------------------------------


def test_a_viewer_may_not_publish(vera_actor: Actor) -> None:
    with pytest.raises(Forbidden):
        put(vera_actor, "acme:set@1.0")
    assert nothing_is_there()


def test_nobody_may_not_publish(acme: Organization) -> None:
    with pytest.raises(Unauthenticated):
        put(Actor(kind="anonymous"), "acme:set@1.0")


def test_an_outsider_may_not_publish_here(charlie_actor: Actor, acme: Organization) -> None:
    with pytest.raises(Forbidden):
        put(charlie_actor, "acme:set@1.0")
    acme.is_public = False
    acme.save()
    with pytest.raises(NotFound):
        put(charlie_actor, "acme:set@1.0")
    assert nothing_is_there()


def test_an_unknown_organization_is_not_found(bob_actor: Actor) -> None:
    with pytest.raises(NotFound):
        put(bob_actor, "nowhere:set@1.0")
    assert nothing_is_there()


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("acme:../etc@1.0", "name"),
        (f"acme:{'x' * 300}@1.0", "name"),
        ("acme:set\n@1.0", "name"),
        ("acme:@1.0", "name"),
        ("acme:set@one", "version"),
        ("acme:set@1/2", "version"),
        ("acme:set@^1.0", "version"),
        ("acme:set@1.0\n", "version"),
        ("acme:set@", "version"),
    ],
)
def test_bad_names_are_refused(bob_actor: Actor, spec: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        put(bob_actor, spec, {"a.fasta": INSULIN})
    assert field in refused.value.fields
    assert nothing_is_there()


@pytest.mark.parametrize(
    ("filename", "content", "word"),
    [
        ("a.fasta", b"", "empty"),
        ("a.fasta", b"MALWMR", "begin"),
        ("a.fasta.gz", gzip.compress(INSULIN)[:-20] + b"x" * 20, "decompressed"),
        ("a.xml", b"{}", "begin"),
        ("a.json", b"{", "json"),
        ("a.genbank", INSULIN, "begin"),
        ("a.swissprot", b"ID   nonsense\n//\n", "swissprot"),
        ("a.tar.gz", b"no archive", "gzip"),
        ("noformat", INSULIN, "required"),
        ("a.fas-ta", INSULIN, "letters"),
        ("...", INSULIN, "name"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(
    bob_actor: Actor, filename: str, content: bytes, word: str
) -> None:
    with pytest.raises(Invalid, match=word):
        put(bob_actor, "acme:set@1.0", {filename: content})
    assert nothing_is_there()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"type": "Not a type"}, "source_type"),
        ({"release_date": "yesterday"}, "release_date"),
        ({"homepage_url": "javascript:alert(1)"}, "homepage_url"),
        ({"description": "a\x00b"}, "description"),
        ({"tags": ["x" * 101]}, "tags"),
        ({"citations": [{"doi": "not one"}]}, "citations"),
        ({"citations": [{"journal": "no title"}]}, "citations"),
        ({"organism": {"ncbi_taxonomy_id": 9606}}, "organism"),
        ({"metadata": {"mass_da": "heavy"}}, "metadata"),
        ({"metadata": {"sequence_length": 1.5}}, "metadata"),
        ({"type": "genome", "metadata": {"gc_content": 41}}, "metadata"),
        ({"type": "genome", "metadata": {"assembly_level": "rough"}}, "metadata"),
        ({"kind": "tool", "type": "alignment", "metadata": {"sequence_types": ["jazz"]}}, "metadata"),
        ({"kind": "tool", "metadata": {"documentation_url": "javascript:alert(1)"}}, "metadata"),
        ({"metadata": ["no", "object"]}, "metadata"),
    ],
)
def test_bad_fields_are_named(bob_actor: Actor, fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        put(bob_actor, "acme:set@1.0", **fields)
    assert list(refused.value.fields) == [name]
    assert nothing_is_there()


def test_a_wrong_checksum_is_refused(bob_actor: Actor) -> None:
    with drafts({"a.fasta": INSULIN}, checksum=f"sha256-{'0' * 64}") as files, pytest.raises(Invalid) as refused:
        publish(actor=bob_actor, publication=Publication("acme", "set", "1.0", files=files))
    assert refused.value.details["computed"] == f"sha256-{hashlib.sha256(INSULIN).hexdigest()}"
    assert nothing_is_there()


def test_a_right_checksum_is_taken(bob_actor: Actor) -> None:
    checksum = f"sha256-{hashlib.sha256(INSULIN).hexdigest().upper()}"
    with drafts({"a.fasta": INSULIN}, checksum=checksum) as files:
        publish(actor=bob_actor, publication=Publication("acme", "set", "1.0", files=files))
    assert File.objects.count() == 1


def test_two_files_of_one_format_are_refused(bob_actor: Actor) -> None:
    with pytest.raises(Invalid, match="Two files"):
        put(bob_actor, "acme:set@1.0", {"a.fasta": INSULIN, "b.fasta": INSULIN})
    assert nothing_is_there()


def test_a_version_of_nothing_is_refused(bob_actor: Actor) -> None:
    with pytest.raises(Invalid, match="needs a file"):
        put(bob_actor, "acme:set@1.0", {})


def test_a_type_does_not_change(bob_actor: Actor) -> None:
    put(bob_actor, "acme:set@1.0", type="protein")
    with pytest.raises(Conflict, match="protein"):
        put(bob_actor, "acme:set@1.1", type="genome")


# Dependencies ------------------------------------------------------------------------------------


def test_an_aggregate_needs_no_file(bob_actor: Actor) -> None:
    checksums = {}
    for name in ("b", "a", "c"):
        version = put(bob_actor, f"acme:{name}@1.0")
        checksums[f"acme:{name}-fasta@1.0"] = version.files.get().sha256
    whole = put(bob_actor, "acme:all@1.0", dependencies=["acme:b@1.0", "ACME:c-fasta@1.0", "acme:a-fasta@1.0"])
    expected = hashlib.sha256("".join(f"sha256-{checksums[spec]}" for spec in sorted(checksums)).encode()).hexdigest()
    assert (whole.dependency_count, whole.tree_checksum, whole.formats) == (3, expected, ["fasta"])
    assert DependencySet.objects.get().tree_checksum == expected
    assert list(Dependency.objects.values_list("position", flat=True).order_by("position")) == [0, 1, 2]
    found = resolve(actor=bob_actor, specs=["acme:all-fasta@1.0"]).found["acme:all-fasta@1.0"]
    assert (found.checksum, found.dependency_count, found.size) == (expected, 3, whole.size)
    upstream = Relationship.objects.filter(source__qualified_name="registry.acme.all")
    assert sorted(upstream.values_list("target__name", flat=True)) == ["a", "b", "c"]


def test_an_aggregate_of_aggregates(bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0")
    inner = put(bob_actor, "acme:inner@1.0", dependencies=["acme:a-fasta@1.0"])
    put(bob_actor, "acme:outer@1.0", dependencies=["acme:inner-fasta@1.0"])
    assert Dependency.objects.get(version__entry__slug="outer").checksum == inner.tree_checksum


def test_lineage_crosses_organizations(bob_actor: Actor, charlie_actor: Actor, acme: Organization) -> None:
    put(charlie_actor, "other:base@1.0")
    put(bob_actor, "acme:mine@1.0", dependencies=["other:base-fasta@1.0"])
    edge = Relationship.objects.get(organization=acme)
    assert (edge.source.qualified_name, edge.target.qualified_name) == ("registry.acme.mine", "registry.other.base")
    assert edge.target.metadata["publisher"] == "Other"


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("acme:gone-fasta@1.0", "There is no 'acme:gone-fasta'"),
        ("acme:a-fasta@9.9", "There is no version"),
        ("acme:a-xml@1.0", "not there as .xml.; there are: fasta"),
        ("acme:a-fasta@latest", "exactly"),
        ("acme:a-fasta@^1.0", "exactly"),
        ("nonsense", "no spec"),
        ("nowhere:a-fasta@1.0", "There is no"),
        (17, "list of specs"),
    ],
)
def test_a_dependency_that_is_not_there_is_named(bob_actor: Actor, spec: Any, word: str) -> None:
    put(bob_actor, "acme:a@1.0")
    with pytest.raises(Invalid, match=word):
        put(bob_actor, "acme:all@1.0", dependencies=[spec])
    assert Entry.objects.count() == 1


def test_another_tenants_private_source_is_no_dependency(
    bob_actor: Actor, charlie_actor: Actor, other: Organization
) -> None:
    put(charlie_actor, "other:secret@1.0")
    Organization.objects.filter(pk=other.pk).update(is_public=False)
    with pytest.raises(Invalid, match="There is no 'other:secret-fasta'"):
        put(bob_actor, "acme:all@1.0", dependencies=["other:secret-fasta@1.0"])


def test_a_cycle_is_refused(bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0")
    put(bob_actor, "acme:b@1.0", dependencies=["acme:a-fasta@1.0"])
    put(bob_actor, "acme:c@1.0", dependencies=["acme:b-fasta@1.0"])
    with pytest.raises(Invalid, match="cycle"):
        put(bob_actor, "acme:a@1.0", dependencies=["acme:c-fasta@1.0"])
    with pytest.raises(Invalid, match="itself"):
        put(bob_actor, "acme:a@1.0", dependencies=["acme:a-fasta@1.0"])
    assert Dependency.objects.count() == 2


def test_dependencies_never_change(bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0")
    put(bob_actor, "acme:b@1.0", {"b.xml": XML})
    put(bob_actor, "acme:all@1.0", dependencies=["acme:a-fasta@1.0"])
    with pytest.raises(Conflict, match="never change"):
        put(bob_actor, "acme:all@1.0", dependencies=["acme:b-xml@1.0"])


def test_a_tool_has_no_dependencies(bob_actor: Actor) -> None:
    put(bob_actor, "acme:a@1.0")
    with pytest.raises(Invalid, match="Tools have none"):
        put(bob_actor, "acme:t@1.0", dependencies=["acme:a-fasta@1.0"], kind="tool")


def test_when_the_storage_is_full_nothing_is_published(
    bob_actor: Actor, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    (data_dir / "files").mkdir()
    (data_dir / "files" / hashlib.sha256(INSULIN).hexdigest()[:2]).write_text("in the way")
    with pytest.raises(DomainError):
        put(bob_actor, "acme:set@1.0", {"a.fasta": INSULIN})
    assert not Entry.objects.exists()
    assert left_behind() == []


def test_a_draft_that_was_not_kept_leaves_nothing(bob_actor: Actor) -> None:
    with drafts({"a.fasta": INSULIN}) as files:
        assert isinstance(files[0], FileDraft)
    assert nothing_is_there()


def test_organizations_have_organisms_of_their_own(bob_actor: Actor, charlie_actor: Actor) -> None:
    for actor, spec, common in ((bob_actor, "acme:a@1.0", "Man"), (charlie_actor, "other:a@1.0", "Human")):
        put(actor, spec, organism={"scientific_name": "Homo sapiens", "common_name": common})
    named = Entry.objects.order_by("organism__common_name").values_list("organism__common_name", "organization__slug")
    assert list(named) == [("Human", "other"), ("Man", "acme")]
