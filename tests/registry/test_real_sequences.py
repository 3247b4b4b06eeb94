"""FASTA, SwissProt and GenBank files out of Biopython's own source distribution, published and read.

SwissProt files state length, mass and CRC64 of their sequence: what we compute is held against that.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.facts import Facts
from registry.formats import compression_of
from registry.models import Entry, File
from registry.sequences import read_facts
from tests.registry.entries import put
from tests.registry.samples import source_of

pytestmark = pytest.mark.filterwarnings("ignore::Bio.BiopythonWarning")

_STATED = re.compile(r"^SQ   SEQUENCE\s+(\d+) AA;\s+(\d+) MW;\s+([0-9A-F]{16}) CRC64;", re.MULTILINE)
SWISSPROT = [
    "F2CXE6",
    "H2CNN8",
    "O23729",
    "O95832",
    "P04439",
    "P0A186",
    "P0CK95",
    "P16235",
    "P39896",
    "P60137",
    "P60904",
]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The `Tests` folder of the Biopython that is installed."""
    return source_of("biopython", "--no-build-isolation", within="/Tests/") / "Tests"


def read(path: Path, format_name: str) -> Facts:
    return read_facts(path, format_name, compression_of(path))


@pytest.mark.parametrize("accession", SWISSPROT)
def test_swissprot_files_are_what_they_state(samples: Path, accession: str) -> None:
    path = samples / "SwissProt" / f"{accession}.txt"
    stated = _STATED.search(path.read_text())
    assert stated is not None
    length, mass, crc = stated.groups()
    facts = read(path, "swissprot")
    assert facts.type == "protein"
    assert facts.external_id == accession
    assert facts.metadata["sequence_length"] == int(length)
    assert facts.metadata["crc64"] == crc
    assert abs(facts.metadata["mass_da"] - int(mass)) <= max(2, int(mass) // 10_000)


def test_a_swissprot_file_tells_its_protein(samples: Path) -> None:
    facts = read(samples / "SwissProt" / "O95832.txt", "swissprot")
    assert facts.name == "Claudin-1 [Homo sapiens]"
    assert facts.organism == {"scientific_name": "Homo sapiens", "common_name": "Human", "ncbi_taxonomy_id": 9606}
    assert (facts.metadata["entry_name"], facts.metadata["gene_name"]) == ("CLD1_HUMAN", "CLDN1")
    assert facts.description.startswith("Claudins function as major constituents")
    assert "Tight junction" in facts.tags
    assert facts.citations[0]["citation_type"] == "primary"
    assert any(citation.get("doi", "").startswith("10.") for citation in facts.citations)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (" 211 AA;", " 210 AA;", "residues"),
        ("07269000E6C214F0", "0000000000000000", "CRC64"),
        (" 22744 MW;", " 32744 MW;", "Da"),
        ("MANAGLQLLG", "MANAGLQLLA", "CRC64"),
    ],
)
def test_a_swissprot_file_that_was_tampered_with_is_refused(
    samples: Path, tmp_path: Path, old: str, new: str, word: str
) -> None:
    text = (samples / "SwissProt" / "O95832.txt").read_text()
    assert old in text
    (tmp_path / "a.txt").write_text(text.replace(old, new))
    with pytest.raises(Invalid, match=word):
        read(tmp_path / "a.txt", "swissprot")


def test_many_records_tell_how_many(samples: Path) -> None:
    facts = read(samples / "SwissProt" / "multi_ex.txt", "swissprot")
    assert facts.metadata == {"sequence_count": 8, "sequence_length": 2500}
    facts = read(samples / "Fasta" / "flowers.pro.gz", "fasta")
    assert facts.metadata == {"sequence_count": 3, "sequence_length": 1377}


@pytest.mark.parametrize(
    ("filename", "organism", "length"),
    [
        ("NC_005816.gb", "Yersinia pestis biovar Microtus str. 91001", 9609),
        ("NC_000932.gb", "Arabidopsis thaliana", 154478),
        ("EU851978.gbk", "Influenza A virus (A/Wisconsin/36/2007(H1N1))", 1698),
    ],
)
def test_genbank_files_tell_their_genome(samples: Path, filename: str, organism: str, length: int) -> None:
    facts = read(samples / "GenBank" / filename, "genbank")
    assert facts.type == "genome"
    assert facts.organism["scientific_name"] == organism
    assert facts.organism["ncbi_taxonomy_id"] > 0
    assert facts.metadata["sequence_length"] == length
    assert 0.2 < facts.metadata["gc_content"] < 0.6


@pytest.mark.parametrize("name", ["SwissProt/P62330.xml", "GenBank/NC_005816.fna", "Fasta/f001"])
def test_files_of_another_format_are_refused(samples: Path, name: str) -> None:
    with pytest.raises(Invalid):
        read(samples / name, "swissprot")


@pytest.mark.django_db
def test_real_files_are_published_and_shown(
    samples: Path, bob_actor: Actor, anonymous: APIClient, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    protein = (samples / "SwissProt" / "O95832.txt").read_bytes()
    genome = (samples / "GenBank" / "NC_005816.gb").read_bytes()
    plain = (samples / "GenBank" / "NC_005816.fna").read_bytes()
    put(bob_actor, "acme:O95832@1.0", {"O95832.swissprot": protein})
    put(bob_actor, "acme:pPCP1@1.0", {"NC_005816.gb.gz": gzip.compress(genome), "NC_005816.fna": plain})
    shown = anonymous.get("/api/v1/sources/acme/O95832").json()["data"]
    assert shown["protein_metadata"]["gene_name"] == "CLDN1"
    assert shown["organism"]["common_name"] == "Human"
    shown = anonymous.get("/api/v1/sources/acme/pPCP1").json()["data"]
    assert shown["source_type"] == "genome"
    assert shown["genome_metadata"]["accession"] == "NC_005816.1"
    assert File.objects.get(format="fasta").metadata["sequence_length"] == 9609
    found = anonymous.get("/api/v1/search?q=claudin&organism=human").json()["data"]
    assert [source["slug"] for source in found["data_sources"]] == ["O95832"]
    assert Entry.objects.count() == 2
