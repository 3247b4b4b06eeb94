"""What a file tells of itself fills what its publisher leaves open."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from registry.models import Entry, File
from tests.registry.entries import INSULIN, put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def test_reads_what_the_file_tells(bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.0", {"P01308.fasta.gz": gzip.compress(INSULIN)})
    entry = Entry.objects.select_related("organism").get()
    assert (entry.type, entry.name, entry.external_id) == ("protein", "Insulin [Homo sapiens]", "P01308")
    assert entry.metadata | {"crc64": ""} == {
        "accession": "P01308",
        "entry_name": "INS_HUMAN",
        "protein_name": "Insulin",
        "gene_name": "INS",
        "sequence_count": 1,
        "sequence_length": 110,
        "mass_da": 11981,
        "crc64": "",
    }
    assert entry.organism is not None
    assert (entry.organism.common_name, entry.organism.ncbi_taxonomy_id) == ("Human", 9606)
    assert File.objects.get().compression == "gzip"


def test_what_a_file_tells_at_too_great_length_is_passed_over(bob_actor: Actor) -> None:
    told = INSULIN.replace(b"Homo sapiens", b"Homo " + b"s" * 200).replace(b"9606", b"99999999999")
    put(bob_actor, "acme:P01308@1.0", {"P01308.fasta": told})
    entry = Entry.objects.get()
    assert (entry.type, entry.external_id, entry.organism) == ("protein", "P01308", None)


@pytest.mark.parametrize("number", ["²", "9" * 5000, "9606x"])
def test_taxonomy_id_that_can_be_none_is_passed_over(number: str, bob_actor: Actor) -> None:
    told = INSULIN.replace(b"Homo sapiens", b"Mus minor").replace(b"9606", number.encode())
    put(bob_actor, "acme:P01308@1.0", {"P01308.fasta": told})
    organism = Entry.objects.get().organism
    assert organism is not None
    assert (organism.scientific_name, organism.ncbi_taxonomy_id) == ("Mus minor", None)


def test_what_the_publisher_says_goes_before_what_the_file_tells(bob_actor: Actor) -> None:
    put(
        bob_actor,
        "acme:P01308@1.0",
        {"a.fasta": INSULIN},
        name="My insulin",
        organism={"scientific_name": "Pan troglodytes", "common_name": "Chimpanzee"},
        metadata={"gene_name": "INS1"},
    )
    entry = Entry.objects.select_related("organism").get()
    assert (entry.name, str(entry.organism)) == ("My insulin", "Pan troglodytes (Chimpanzee)")
    assert (entry.metadata["gene_name"], entry.metadata["accession"]) == ("INS1", "P01308")
