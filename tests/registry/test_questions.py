"""Which releases contain this? What changed? Which licences, which vulnerabilities?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.containing import Wanted, components_like, releases_with
from registry.models import Project, Release
from registry.questions import difference, licences_of, vulnerabilities_of
from registry.services.artifacts import add_artifact
from registry.services.collections import remove_from_release, upload_to_release
from registry.services.products import create_product, create_project
from registry.services.releases import create_release, update_release
from tests.registry.documents import csaf, openvex, sbom, upload

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"
DJANGO = "pkg:pypi/django"


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def project(bob_actor: Actor) -> Project:
    product = create_product(actor=bob_actor, data={"name": "Shop"})
    return create_project(actor=bob_actor, product=product, data={"name": "Web"})


def released(actor: Actor, project: Project, version: str, document: dict[str, Any]) -> Release:
    release = create_release(actor=actor, project=project, data={"version": version})
    upload_to_release(actor=actor, release=release, upload=upload(document))
    release.refresh_from_db()
    return release


@pytest.fixture
def shipped(bob_actor: Actor, project: Project) -> list[Release]:
    return [
        released(bob_actor, project, "1.0", sbom((LOG4J, "2.14.1"), (DJANGO, "5.0"), licences={"django": "MIT"})),
        released(bob_actor, project, "1.1", sbom((LOG4J, "2.17.0"), (DJANGO, "5.0.1"), ("pkg:pypi/a", "1"))),
        released(bob_actor, project, "2.0", sbom((DJANGO, "5.2"), licences={"django": "Apache-2.0"})),
    ]


def versions_with(actor: Actor, **wanted: Any) -> list[str]:
    found = releases_with(actor=actor, wanted=Wanted(**wanted))
    rows = found.rows(100)
    assert found.count() == len(rows)
    return sorted(row["release_version"] for row in rows)


@pytest.mark.parametrize(
    ("wanted", "versions"),
    [
        ({"name": "log4j-core"}, ["1.0", "1.1"]),
        ({"name": "LOG4J-CORE"}, ["1.0", "1.1"]),
        ({"name": "org.apache.logging.log4j/log4j-core"}, ["1.0", "1.1"]),
        ({"name": "com.example/log4j-core"}, []),
        ({"name": "log4j"}, []),
        ({"purl": LOG4J}, ["1.0", "1.1"]),
        ({"purl": f"{LOG4J}@2.14.1"}, ["1.0"]),
        ({"purl": "pkg:pypi/Django"}, ["1.0", "1.1", "2.0"]),
        ({"purl": DJANGO, "version": "5.2"}, ["2.0"]),
        ({"purl": DJANGO, "version_range": "vers:pypi/>=5.0|<5.1"}, ["1.0", "1.1"]),
        ({"name": "log4j-core", "version_range": "vers:maven/<2.15"}, ["1.0"]),
        ({"name": "log4j-core", "version_range": "vers:npm/<2.15"}, []),
        ({"purl": DJANGO, "version_range": "vers:generic/>=5.0.0|<5.2.0"}, ["1.0", "1.1"]),
        ({"licence": "mit"}, ["1.0"]),
        ({"licence": "Apache-2.0", "name": "django"}, ["2.0"]),
        ({"licence": "GPL-3.0-only"}, []),
    ],
)
def test_which_releases_contain_it(bob_actor: Actor, shipped: list[Release], wanted: dict[str, str], versions):
    assert versions_with(bob_actor, **wanted) == versions


def test_outsiders_learn_nothing(charlie_actor: Actor, shipped: list[Release]):
    assert versions_with(charlie_actor, purl=LOG4J) == []
    assert not components_like(actor=charlie_actor, wanted=Wanted(licence="MIT")).exists()


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"version": "1"},
        {"purl": "log4j"},
        {"name": "a", "version_range": "pypi/>1"},
        {"name": "a", "version_range": "vers:nothing/>1"},
        {"purl": DJANGO, "version_range": "vers:npm/>=5.0"},
        {"name": "a", "version_range": "vers:nuget/latest"},
        {"name": "django", "version_range": "vers:pypi/>1|>2"},
    ],
)
@pytest.mark.usefixtures("shipped")
def test_what_cannot_be_read_is_refused(bob_actor: Actor, wanted: dict[str, str]):
    with pytest.raises(Invalid):
        versions_with(bob_actor, **wanted)


def test_a_version_that_its_ecosystem_cannot_read_is_in_no_range(bob_actor: Actor, project: Project):
    released(bob_actor, project, "1.0", sbom(("pkg:nuget/Serilog", "latest"), ("pkg:nuget/Serilog", "2.0")))
    assert versions_with(bob_actor, name="serilog", version_range="vers:nuget/>1.0") == ["1.0"]
    assert versions_with(bob_actor, name="serilog", version_range="vers:nuget/>3.0") == []


@pytest.mark.parametrize("ranged", ["vers:pypi/>1|>2", "vers:nuget/latest"])
def test_a_statement_whose_range_cannot_be_read_covers_nothing(bob_actor: Actor, shipped: list[Release], ranged: str):
    affects = [{"ref": DJANGO, "versions": [{"range": ranged}]}]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": "exploitable"}, "affects": affects}],
    }
    vex = add_artifact(actor=bob_actor, upload=upload(document, type="vex")).artifact
    release = released(bob_actor, shipped[0].project, "3.0", sbom((DJANGO, "5.0")))
    assert not vex.outgoing.exists()
    assert vulnerabilities_of(release) == []


def test_only_the_current_artifacts_of_a_release_count(bob_actor: Actor, shipped: list[Release]):
    release = update_release(actor=bob_actor, release=shipped[0], changes={"status": "released"})
    held = release.collections.get().items.get().artifact
    remove_from_release(actor=bob_actor, release=release, artifact=held)
    assert versions_with(bob_actor, purl=LOG4J) == ["1.1"]


def test_the_number_of_statements_does_not_grow_with_the_releases(
    bob_actor: Actor, shipped: list[Release], django_assert_max_num_queries
):
    with django_assert_max_num_queries(4):
        versions_with(bob_actor, purl=DJANGO, version_range="vers:pypi/>=5.0|<5.1")


def test_what_changed_between_two_releases(shipped: list[Release], django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        found = difference(shipped[0], shipped[1])
    assert [entry.name for entry in found.added] == ["a"]
    assert found.removed == []
    assert [(moved.name, moved.before, moved.after, moved.direction) for moved in found.moved] == [
        ("django", ["5.0"], ["5.0.1"], "upgraded"),
        ("log4j-core", ["2.14.1"], ["2.17.0"], "upgraded"),
    ]
    back = difference(shipped[1], shipped[0])
    assert ([entry.name for entry in back.removed], {moved.direction for moved in back.moved}) == (
        ["a"],
        {"downgraded"},
    )
    assert difference(shipped[0], shipped[0]).unchanged == 2


def test_which_licences_ship(shipped: list[Release]):
    assert licences_of(shipped[0]) == [
        {"licence": "MIT", "identifiers": ["mit"], "components": 1},
        {"licence": "", "identifiers": [], "components": 1},
    ]


def said(release: Release) -> list[tuple[str, str, str]]:
    return [(one["vulnerability"], one["status"], one["component"]["name"]) for one in vulnerabilities_of(release)]


def test_which_vulnerabilities_a_vex_says_affect_or_not(bob_actor: Actor, shipped: list[Release]):
    add_artifact(actor=bob_actor, upload=upload(csaf(f"{LOG4J}@2.14.1"), type="vex"))
    add_artifact(
        actor=bob_actor, upload=upload(openvex(DJANGO, vulnerability="CVE-2", status="not_affected"), type="vex")
    )
    assert said(shipped[0]) == [("CVE-2", "not_affected", "django"), ("CVE-2021-44228", "affected", "log4j-core")]
    assert said(shipped[1]) == [("CVE-2", "not_affected", "django")]


def test_the_newest_statement_is_believed(bob_actor: Actor, shipped: list[Release]):
    add_artifact(actor=bob_actor, upload=upload(openvex(LOG4J, status="under_investigation"), type="vex"))
    add_artifact(actor=bob_actor, upload=upload(openvex(LOG4J, status="not_affected"), type="vex"))
    assert said(shipped[0]) == [("CVE-2021-44228", "not_affected", "log4j-core")]


def test_another_tenants_vex_is_not_heard(charlie_actor: Actor, shipped: list[Release]):
    add_artifact(actor=charlie_actor, upload=upload(openvex(LOG4J), type="vex"))
    assert said(shipped[0]) == []
