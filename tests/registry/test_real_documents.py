"""The test documents of the formats' own libraries: every valid one is accepted, every invalid one refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from contracts.errors import Invalid
from registry.documents import read_document
from tests.registry.samples import source_of

NOT_READ = (".yaml", ".rdf.xml", ".spdx.xml")
"""SPDX in YAML, RDF and XML, which are none of ours."""


def verdicts(documents: Iterable[tuple[Path, bool]], *, type: str = "sbom") -> tuple[Counter[str], list[str]]:
    """How many were accepted and refused; and those that should not have been, with what was said."""
    counts: Counter[str] = Counter()
    wrong = []
    for path, is_valid in documents:
        said = verdict(path.read_bytes(), type)
        counts[said.partition(":")[0]] += 1
        if (said == "accepted") != is_valid:
            wrong.append(f"{path.name} was {said}")
    return counts, wrong


def verdict(data: bytes, type: str) -> str:
    try:
        read_document(data, type=type)
    except Invalid as refusal:
        return f"refused: {dict(list(refusal.fields.items())[:2]) or 'without a word'}"
    return "accepted"


def check(documents: list[tuple[Path, bool]], capsys: pytest.CaptureFixture[str], what: str, **more: str) -> None:
    counts, wrong = verdicts(documents, **more)
    with capsys.disabled():
        print(f"\n{what}: {len(documents)} documents, {counts['accepted']} accepted, {counts['refused']} refused")  # noqa: T201
    assert wrong == []
    valid = sum(is_valid for _, is_valid in documents)
    assert (counts["accepted"], counts["refused"]) == (valid, len(documents) - valid)


@pytest.mark.parametrize("ending", ["json", "xml"])
def test_cyclonedx(ending: str, capsys: pytest.CaptureFixture[str]):
    folder = source_of("cyclonedx-python-lib") / "tests" / "_data" / "schemaTestData"
    documents = [
        (path, path.name.startswith("valid"))
        for path in sorted(folder.glob(f"1.*/*.{ending}"))
        if path.name.startswith(("valid", "invalid"))
    ]
    assert len(documents) > 300
    check(documents, capsys, f"CycloneDX {ending}")


def test_cyclonedx_vex(capsys: pytest.CaptureFixture[str]):
    folder = source_of("cyclonedx-python-lib") / "tests" / "_data" / "schemaTestData"
    documents = [(path, True) for path in sorted(folder.glob("1.*/valid-vulnerability*"))]
    assert len(documents) >= 8
    check(documents, capsys, "CycloneDX as VEX", type="vex")


def test_sboms_as_cyclonedx_bom_makes_them(capsys: pytest.CaptureFixture[str]):
    folder = source_of("cyclonedx-bom") / "tests" / "_data" / "snapshots"
    distinct = {path.read_bytes(): path for path in sorted(folder.rglob("*.bin"))}
    documents = [(path, True) for path in distinct.values()]
    assert len(documents) > 300
    check(documents, capsys, "cyclonedx-bom")


def test_spdx(capsys: pytest.CaptureFixture[str]):
    folder = source_of("spdx-tools") / "tests" / "spdx" / "data"
    documents = [(path, not path.name.endswith(NOT_READ)) for path in sorted(folder.iterdir()) if path.is_file()]
    documents += [(path, False) for path in sorted((folder / "invalid").iterdir())]
    assert len(documents) > 15
    check(documents, capsys, "SPDX")


def test_csaf(capsys: pytest.CaptureFixture[str]):
    """Valid is what passes the mandatory tests; failing a recommended one or an informative one is no fault.

    Two samples for recommended tests repeat a hash algorithm, which mandatory test 6.1.25 refuses.
    """
    folder = source_of("csaf") / "csaf" / "csaf" / "v20"
    repeated = {"oasis_csaf_tc-csaf_2_0-2021-6-2-08-02.json", "oasis_csaf_tc-csaf_2_0-2021-6-2-09-02.json"}
    expected: dict[str, bool] = {}
    for test in json.loads((folder / "rules" / "catalog.json").read_bytes())["tests"]:
        fixtures = test.get("fixtures") or {}
        for name in fixtures.get("valid", []):
            expected.setdefault(name, True)
        for name in fixtures.get("failing", []):
            expected[name] = test["group"] != "mandatory" and Path(name).name not in repeated
    documents = [(folder / "data" / name, is_valid) for name, is_valid in sorted(expected.items())]
    assert len(documents) > 200
    check(documents, capsys, "CSAF", type="vex")
