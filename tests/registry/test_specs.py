"""Specs are read exactly, versions are ordered by number, ranges choose what they say."""

from __future__ import annotations

import itertools

import pytest

from registry.specs import is_prerelease, is_version, order_key, parse_range, parse_spec

ASCENDING = [
    [
        "0.9",
        "1.0-alpha",
        "1.0-alpha.2",
        "1.0-beta.1",
        "1.0-rc.1",
        "1.0-rc.2",
        "1.0-rc.10",
        "1.0",
        "1.0.1",
        "1.9",
        "1.10",
    ],
    ["1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "2"],
    ["2024_12", "2025_01", "2025_02", "2025_10"],
    ["GRCh37.p13", "GRCh38", "GRCh38.p2", "GRCh38.p14", "GRCh39"],
    ["v2.9.0", "2.14.0", "v10"],
    ["20240101", "20250101", "123456789012345678901234567890"],
]


@pytest.mark.parametrize("versions", ASCENDING, ids=lambda versions: versions[0])
def test_orders_versions_by_number(versions: list[str]) -> None:
    for lower, higher in itertools.pairwise(versions):
        assert order_key(lower) < order_key(higher), (lower, higher)


@pytest.mark.parametrize(("one", "same"), [("1", "1.0"), ("1.0", "1.0.0"), ("1.0-rc1", "1.0.0-rc1"), ("v1.2", "1.2.0")])
def test_trailing_zeros_do_not_matter_to_order(one: str, same: str) -> None:
    assert order_key(one) == order_key(same)


def test_ten_is_not_one() -> None:
    assert order_key("10") != order_key("1")
    assert order_key("1.10") != order_key("1.1")
    assert order_key("0.1") != order_key("1")


@pytest.mark.parametrize("version", ["1.0-rc.1", "2.0b3", "0.9.dev1", "1.0.0-alpha", "3-SNAPSHOT"])
def test_knows_prereleases(version: str) -> None:
    assert is_prerelease(version)


@pytest.mark.parametrize("version", ["1.0", "GRCh38.p14", "2025_01", "1.0+build.7", "v2.14.0", "2.0.post1"])
def test_knows_releases(version: str) -> None:
    assert not is_prerelease(version)


def allows(expression: str, version: str) -> bool:
    key = order_key(version)
    return any(
        window.low <= key < window.high and (window.prereleases or not is_prerelease(version))
        for window in parse_range(expression)
    )


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("^1.0", ["1.0", "1", "1.0.0", "1.9.9", "1.10"], ["0.9", "2.0", "2.0-rc.1", "1.1-rc.1"]),
        ("^1.2.3", ["1.2.3", "1.3"], ["1.2.2", "2"]),
        ("^0.2.3", ["0.2.3", "0.2.10"], ["0.3", "0.2.2", "1"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4", "0.1"]),
        ("~1.5", ["1.5", "1.5.9"], ["1.6", "1.4", "2"]),
        ("~1", ["1", "1.9"], ["2", "0.9"]),
        (">=1.0,<2", ["1.0", "1.99"], ["2", "2.0-rc.1", "0.99"]),
        (">1.0, <=2", ["1.0.1", "2.0.0"], ["1", "1.0.0", "2.0.1"]),
        ("1.*", ["1", "1.5"], ["2", "0.9"]),
        ("==1.5", ["1.5", "1.5.0"], ["1.5.1"]),
        (">=1,!=1.3,!=1.5", ["1.2", "1.4", "1.6"], ["1.3", "1.5", "1.3.0", "0.9"]),
        (">=2.0-rc.1", ["2.0-rc.1", "2.0-rc.2", "2.0"], ["2.0-beta"]),
        ("latest", ["0.1", "1.0-rc.1"], []),
        ("^2025_01", ["2025_01", "2025_12"], ["2026_01"]),
        ("~GRCh38", ["GRCh38", "GRCh38.p14"], ["GRCh39", "GRCh37.p13"]),
        (">2,<1", [], ["1", "1.5", "2", "3"]),
    ],
)
def test_ranges_choose_what_they_say(expression: str, inside: list[str], outside: list[str]) -> None:
    assert [version for version in inside if not allows(expression, version)] == []
    assert [version for version in outside if allows(expression, version)] == []


def test_a_spec_has_two_readings() -> None:
    spec = parse_spec("uniprot:P01308-fasta@1.0")
    assert (spec.organization, spec.wanted, spec.is_exact) == ("uniprot", "1.0", True)
    assert list(spec.readings) == [("P01308", "fasta"), ("P01308-fasta", None)]
    assert list(parse_spec("ncbi:blast@2.14.0").readings) == [("blast", None)]
    assert next(parse_spec("lab:set-A1-tar.gz@1").readings) == ("set-A1", "tar.gz")


@pytest.mark.parametrize(
    "text",
    ["", "uniprot", "uniprot:P01308", "uniprot:P01308@", ":P01308@1", "a:b@c@1", "a:../b@1", "a:b@one", "a:b@^",
     "a:b@>=",
     "a:b@1 2", "a:b@1,,2", "a:b@-1", "a b:c@1", "a:b@../1", "a:b@1\x00", "x" * 500 + ":b@1", "a:b@>=1;<2"],
)  # fmt: skip
def test_what_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_spec(text)


@pytest.mark.parametrize("text", ["1", "2025_01", "GRCh38.p14", "v2.14.0", "1.0-rc.1", "1.0+build.5"])
def test_knows_a_version(text: str) -> None:
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "latest", "one", "../1", "1/2", "1 0", ".1", "1.", "^1", "1" * 101, "1\n", "½", chr(0x661)]
)
def test_knows_what_is_none(text: str) -> None:
    assert not is_version(text)
