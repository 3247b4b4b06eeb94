"""Reading documents: what is in them, and that nothing in them breaks the reader."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import Invalid
from registry.documents import PackageName, detect, read_document, spdx
from registry.documents.parts import licence_identifiers, split_purl
from registry.documents.spdx import _Parser, read_spdx_json, read_spdx_tag_value
from tests.registry.documents import csaf, openvex, sbom

SPDX = {
    "spdxVersion": "SPDX-2.3",
    "dataLicense": "CC0-1.0",
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": "shop",
    "documentNamespace": "https://example.com/shop",
    "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: maker-1.2"]},
    "packages": [
        {"SPDXID": "SPDXRef-root", "name": "shop", "versionInfo": "1.0", "downloadLocation": "NOASSERTION"},
        {
            "SPDXID": "SPDXRef-django",
            "name": "django",
            "versionInfo": "5.2",
            "downloadLocation": "NOASSERTION",
            "licenseConcluded": "BSD-3-Clause",
            "licenseDeclared": "NOASSERTION",
            "filesAnalyzed": False,
            "supplier": "Organization: DSF",
            "checksums": [{"algorithm": "SHA256", "checksumValue": "a" * 64}],
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:pypi/django@5.2",
                }
            ],
        },
    ],
    "relationships": [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-root"},
        {"spdxElementId": "SPDXRef-root", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-django"},
    ],
}

TAG_VALUE = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: shop
DocumentNamespace: https://example.com/shop
Creator: Tool: maker-1.2
Created: 2026-01-01T00:00:00Z

PackageName: django
SPDXID: SPDXRef-django
PackageVersion: 5.2
PackageDownloadLocation: NOASSERTION
PackageLicenseConcluded: BSD-3-Clause
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/django@5.2
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-django
"""

XML = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"
  serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79">
  <metadata><component type="application" bom-ref="root"><name>shop</name><version>1.0</version></component></metadata>
  <components><component type="library" bom-ref="a"><supplier><name>DSF</name></supplier><name>django</name>
  <version>5.2</version><hashes><hash alg="SHA-1">%s</hash></hashes>
  <licenses><license><id>MIT</id></license></licenses><purl>pkg:pypi/django@5.2</purl>
  <components><component type="library" bom-ref="b"><name>inner</name></component></components></component></components>
  <dependencies><dependency ref="root"><dependency ref="a"/></dependency></dependencies>
  <vulnerabilities><vulnerability><id>CVE-1</id><analysis><state>not_affected</state>
  <justification>code_not_present</justification></analysis><affects><target><ref>a</ref></target></affects>
  </vulnerability></vulnerabilities>
</bom>""" % ("a" * 40)


def read(document: Any, *, type: str = "sbom", format: str = ""):
    data = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    return read_document(data, type=type, format=format)


def test_spdx_json_without_the_package_that_it_describes():
    found = read(SPDX)
    assert (found.name, found.version, found.serial_number) == ("shop", "1.0", "https://example.com/shop")
    assert found.metadata["generator"] == {"name": "maker", "version": "1.2"}
    part = found.parts[0]
    assert (len(found.parts), part.package, part.version) == (1, PackageName("pypi", "", "django"), "5.2")
    assert (part.licence, part.supplier, part.hashes) == ("BSD-3-Clause", "DSF", {"SHA256": "a" * 64})
    assert found.edges == [(0, 1)]


def test_spdx_tag_value():
    found = read(TAG_VALUE)
    assert [(part.package.name, part.version, part.licence) for part in found.parts] == [
        ("django", "5.2", "BSD-3-Clause")
    ]
    assert found.media_type == "text/spdx"


def test_the_grammar_of_tag_value_is_not_written_out():
    written = Path(spdx.__file__).with_name("parser.out")
    read_spdx_tag_value(TAG_VALUE.encode())
    assert not written.exists(), "ply writes it beside the module of the parser"


@pytest.mark.parametrize(
    "tag", ["DataLicense", "SPDXID", "DocumentName", "DocumentNamespace", "Creator", "Created", "SPDXVersion"]
)
def test_spdx_tag_value_must_say_what_it_is(tag: str):
    """spdx-tools would fill in the licence of the data."""
    line = next(line for line in TAG_VALUE.splitlines(keepends=True) if line.startswith(f"{tag}:"))
    with pytest.raises(Invalid) as refused:
        read_spdx_tag_value(TAG_VALUE.replace(line, "", 1).encode())
    assert list(refused.value.fields) == [f"content.{tag}"]


@pytest.mark.parametrize(
    "path",
    [
        "spdxVersion",
        "dataLicense",
        "SPDXID",
        "name",
        "documentNamespace",
        "creationInfo.creators",
        "creationInfo.created",
    ],
)
def test_spdx_json_must_say_what_it_is(path: str):
    whole = json.loads(json.dumps(SPDX))
    *outer, last = path.split(".")
    part = whole[outer[0]] if outer else whole
    for changed in ({name: value for name, value in part.items() if name != last}, {**part, last: None}):
        document = {**whole, outer[0]: changed} if outer else changed
        with pytest.raises(Invalid) as refused:
            read_spdx_json(document)
        assert list(refused.value.fields) == [f"content.{path}"]


def test_spdx_tag_value_that_cannot_be_read_is_told_as_such():
    with pytest.raises(Invalid, match="Created") as refused:
        read_spdx_tag_value(TAG_VALUE.replace("2026-01-01T00:00:00Z", "yesterday").encode())
    assert list(refused.value.fields) == ["content"]


@pytest.mark.parametrize(
    ("document", "format"),
    [
        (b" " * 5000 + json.dumps(SPDX).encode(), "spdx"),
        (XML.replace("<bom", f"<!--{'-x' * 5000}--><bom", 1).encode(), "cyclonedx"),
        (b"# Made by hand\n" * 1000 + TAG_VALUE.encode(), "spdx"),
    ],
)
def test_format_is_found_however_much_comes_before_it(document: bytes, format: str):
    assert read_document(document, type="sbom").format == format


def test_spdx_3_is_told_apart():
    document = {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}
    assert refusal_of(json.dumps(document).encode(), "sbom") == {
        "content.spdxVersion": ["SPDX is read in SPDX-2.2, SPDX-2.3"]
    }


def test_names_that_spdx_tools_would_think_about_for_hours_are_refused_by_their_place():
    odd = "Organization: " + "(" * 1_000_000
    document: dict[str, Any] = copy.deepcopy(SPDX)
    document["packages"][1]["supplier"] = odd
    words = "The name of a person or an organization has at most 20 opening brackets"
    assert refusal_of(json.dumps(document).encode(), "sbom") == {"content.packages.1.supplier": [words]}
    lines = TAG_VALUE.rstrip("\n") + f"\nPackageSupplier: {odd}\n"
    assert refusal_of(lines.encode(), "sbom") == {"content": [f"{words} (line {lines.count(chr(10))})"]}
    document["packages"][1]["supplier"] = "Organization: Acme (Oslo) (info@acme.example)"
    assert read_document(json.dumps(document).encode(), type="sbom").parts[0].supplier == "Acme (Oslo)"


def test_long_texts_of_tag_value_are_kept_whole():
    comment = "a < b </tex> c\n" * 3
    parser = _Parser()
    parsed = parser.parse(f"{TAG_VALUE}DocumentComment: <text>{comment}</text>\n")
    assert parsed.creation_info.document_comment == comment


def test_a_number_of_too_many_digits_is_refused_as_the_rest():
    with pytest.raises(Invalid) as refused:
        read(XML.replace(' version="1"', f' version="{"9" * 5000}"'))
    assert list(refused.value.fields) == ["content.version"]


def test_cyclonedx_xml_says_what_json_says():
    found = read(XML)
    assert (found.spec_version, found.name, found.version) == ("1.6", "shop", "1.0")
    outer, inner = found.parts
    assert (outer.licence, outer.supplier, outer.hashes) == ("MIT", "DSF", {"SHA-1": "a" * 40})
    assert inner.package == PackageName("", "", "inner")
    assert found.edges == [(0, 1)]
    claim = found.claims[0]
    assert (claim.vulnerability, claim.status, claim.justification, claim.version) == (
        "CVE-1",
        "not_affected",
        "code_not_present",
        "5.2",
    )


def test_formats_are_told_apart():
    documents = {"cyclonedx": sbom(), "spdx": SPDX, "csaf": csaf("pkg:pypi/a@1"), "openvex": openvex("pkg:pypi/a")}
    for name, document in documents.items():
        assert detect(json.dumps(document).encode()) == name
    assert detect(XML.encode()) == "cyclonedx"
    assert detect(TAG_VALUE.encode()) == "spdx"
    assert detect(b"<html/>") == detect(b"hello") == detect(b"{}") == ""
    assert detect(b"\xef\xbb\xbf" + XML.encode()) == "cyclonedx"
    assert detect(TAG_VALUE.encode("utf-16")) == "spdx"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", "fixed"),
        ("exploitable", "affected"),
        ("in_triage", "under_investigation"),
        ("false_positive", "not_affected"),
        (None, "under_investigation"),
    ],
)
def test_states_of_cyclonedx_are_read_as_statuses(state: str | None, status: str):
    document = sbom(("pkg:pypi/django", "5.2"))
    analysis = {"analysis": {"state": state}} if state else {}
    document["vulnerabilities"] = [{"id": "CVE-1", **analysis, "affects": [{"ref": "pkg:pypi/django@5.2"}]}]
    assert [claim.status for claim in read(document, type="vex").claims] == [status]


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:npm/left-pad@1.3.0", (("npm", "", "left-pad"), "1.3.0")),
        ("pkg:npm/%40angular/core@17.0.0", (("npm", "@angular", "core"), "17.0.0")),
        ("pkg:maven/org.apache/commons@1?type=jar#a", (("maven", "org.apache", "commons"), "1")),
        ("pkg:pypi/Django_Rest@1", (("pypi", "", "django-rest"), "1")),
        ("pkg:golang/github.com/a/b@v1", (("golang", "github.com/a", "b"), "v1")),
        ("pkg:deb/debian/curl@7%3A1?arch=amd64", (("deb", "debian", "curl"), "7:1")),
        ("pkg:generic/a", (("generic", "", "a"), "")),
        ("pkg:", None),
        ("nonsense", None),
    ],
)
def test_purls_are_split(purl: str, expected: Any):
    assert split_purl(purl) == expected


def test_expressions_name_licences():
    assert licence_identifiers("MIT OR (Apache-2.0 AND BSD-3-Clause WITH x)") == (
        "MIT",
        "Apache-2.0",
        "BSD-3-Clause",
        "x",
    )
    assert licence_identifiers("The Foo Licence") == ("The Foo Licence",)


def test_entities_are_never_expanded():
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(8))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "hahaha">{entities}]>'
    began = time.thread_time()
    for document in (bomb + XML.partition("?>")[2].replace("django", "&i;"), bomb + "<x>&i;</x>"):
        with pytest.raises(Invalid):
            read(document)
    outside = '<?xml version="1.0"?><!DOCTYPE bom SYSTEM "http://127.0.0.1:9/x.dtd">' + XML.partition("?>")[2]
    with pytest.raises(Invalid):
        read(outside)
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [101, 1_500, 200_000])
def test_deep_nesting_is_refused_quickly(opening: str, levels: int):
    closing = "]" if opening == "[" else "}"
    began = time.thread_time()
    with pytest.raises(Invalid):
        read(opening * levels + "1" + closing * levels)
    assert time.thread_time() - began < 1


def test_brackets_in_texts_are_no_nesting():
    document = sbom(("pkg:pypi/a", "1"))
    document["components"][0]["description"] = "[{" * 500
    assert len(read(document).parts) == 1


def test_problems_are_few_and_short():
    document = sbom(*((f"pkg:npm/p{number}", "1") for number in range(200)))
    for component in document["components"]:
        component["type"] = "x" * 1000
    with pytest.raises(Invalid) as refusal:
        read(document)
    assert len(refusal.value.fields) <= 20
    assert max(len(words[0]) for words in refusal.value.fields.values()) < 400


SEEDS = {
    "sbom": [sbom(("pkg:pypi/a", "1"), ("pkg:npm/b", "2"), subject="pkg:pypi/s@1"), SPDX],
    "vex": [openvex("pkg:pypi/a@1"), csaf("pkg:pypi/a@1")],
}
ODD: list[Any] = [None, True, 0, -1, 1e300, 10**30, "", "x", "\x00", "pkg:", [], {}, [None], {"": None}, [[]]]


def mutated(value: Any, rng: random.Random) -> Any:
    """The document with one of its inner values replaced by an odd one, or taken away."""
    value = copy.deepcopy(value)
    spots: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        keys = inner.keys() if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        for key in list(keys):
            spots.append((inner, key))
            walk(inner[key])

    walk(value)
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(spots)
        if rng.random() < 0.2 and isinstance(holder, dict):
            holder.pop(key, None)
        elif isinstance(holder, list) or key in holder:
            holder[key] = copy.deepcopy(rng.choice(ODD))
    return value


def refusal_of(data: bytes, type: str) -> dict[str, list[str]] | None:
    """What was said against a document; None where it was read."""
    try:
        read_document(data, type=type)
    except Invalid as refusal:
        return refusal.fields
    return None


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_odd_document_is_read_or_refused_and_never_breaks_the_reader(seed: int):
    rng = random.Random(seed)
    type_ = rng.choice(list(SEEDS))
    document = mutated(rng.choice(SEEDS[type_]), rng)
    assert refusal_of(json.dumps(document).encode(), type_) != {}


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 2000), noise=st.binary(max_size=20))
def test_bytes_cut_and_garbled_never_break_the_reader(cut: int, noise: bytes):
    for data in (XML.encode(), TAG_VALUE.encode(), json.dumps(SPDX).encode()):
        assert refusal_of(data[:cut] + noise + data[cut + 5 :], "sbom") != {}
