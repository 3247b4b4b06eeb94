"""What FASTA, SwissProt and GenBank files tell of themselves, read with Biopython.

Files are read up to LIMIT decompressed bytes, so that memory stays bounded; of a larger one only what its
first record tells is known. Where a file states a length, a mass or a CRC64, they are checked.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from pathlib import Path
from typing import Any

from Bio import SeqIO, SwissProt
from Bio.SeqIO.FastaIO import SimpleFastaParser
from Bio.SeqUtils import gc_fraction, molecular_weight
from Bio.SeqUtils.CheckSum import crc64

from contracts.errors import Invalid
from registry.facts import Facts
from registry.formats import Limited, open_plain

LIMIT = 64 * 1024 * 1024
MASS_TOLERANCE = 2
"""Da by which the mass of a sequence may differ from the one that a file states (rounding of residue masses)."""

_UNIPROT = re.compile(r"(?:sp|tr)\|([^|\s]+)\|(\S+)\s*(.*)")
_TERM = re.compile(r"\s(OS|OX|GN|PE|SV)=")
_TAXONOMY_ID = re.compile(r"[0-9]{1,9}")
_FULL_NAME = re.compile(r"(?:RecName|SubName): Full=([^;{]+)")
_NUCLEOTIDES = frozenset("ACGTUNRYSWKMBDHV")
_RESIDUES = frozenset("ACDEFGHIKLMNPQRSTVWYUO")


def read_facts(path: Path, format_name: str, compression: str) -> Facts:
    """The facts of a file in one of READERS' formats. Raises Invalid where it cannot be read as that."""
    plain = open_plain(path, compression)
    if plain is None:
        return Facts()
    with plain:
        limited = Limited(plain, LIMIT)
        text = io.TextIOWrapper(io.BufferedReader(limited), encoding="utf-8", errors="replace")
        try:
            return READERS[format_name](text, limited)
        except (ValueError, AssertionError, LookupError, AttributeError, TypeError) as error:
            if limited.was_cut:
                return Facts()
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise Invalid(fields={"file": [f"This is no {format_name} file: {words}."]}) from error
        except (OSError, EOFError, zlib.error, LZMAError) as error:
            raise Invalid(fields={"file": [f"The file cannot be decompressed: {error}."]}) from error


# FASTA -------------------------------------------------------------------------------------------


def _fasta(text: io.TextIOWrapper, limited: Limited) -> Facts:
    title, count, total, only = "", 0, 0, ""
    for count, (title_, sequence) in enumerate(SimpleFastaParser(text), start=1):
        total += len(sequence)
        if count == 1:
            title, only = title_, sequence
    if not count:
        raise ValueError("it holds no record")
    facts = _of_title(title) if count == 1 else Facts()
    if limited.was_cut:
        return Facts()
    facts.metadata |= {"sequence_count": count, "sequence_length": total}
    if count == 1 and facts.metadata.get("accession"):
        facts.metadata |= _protein_numbers(only)
    return facts


def _of_title(title: str) -> Facts:
    """`sp|P01308|INS_HUMAN Insulin OS=Homo sapiens OX=9606 GN=INS PE=1 SV=1`, after UniProt's FASTA headers."""
    found = _UNIPROT.fullmatch(title)
    if found is None:
        identifier, _, words = title.partition(" ")
        return Facts(name=words.strip()[:300], external_id=identifier[:200])
    accession, entry_name, rest = found.groups()
    protein_name, *terms = _TERM.split(f" {rest}")
    said = dict(zip(terms[::2], terms[1::2], strict=True))
    organism: dict[str, Any] = {}
    if said.get("OS"):
        organism = {"scientific_name": said["OS"].strip()}
        organism |= _taxonomy(said.get("OX", ""))
    metadata = {"accession": accession, "entry_name": entry_name, "protein_name": protein_name.strip()}
    if said.get("GN"):
        metadata["gene_name"] = said["GN"].strip()
    return Facts(
        type="protein",
        name=_protein_title(protein_name.strip() or entry_name, organism),
        external_id=accession,
        organism=organism,
        metadata=metadata,
    )


def _taxonomy(text: str) -> dict[str, int]:
    """An organism's number in NCBI's taxonomy; what can be none is passed over."""
    return {"ncbi_taxonomy_id": int(text)} if _TAXONOMY_ID.fullmatch(text) else {}


def _protein_title(name: str, organism: dict[str, Any]) -> str:
    return f"{name} [{organism['scientific_name']}]"[:300] if organism else name[:300]


def _protein_numbers(sequence: str) -> dict[str, Any]:
    """Length, CRC64 and, where every residue is a known one, mass in Da."""
    letters = sequence.upper().rstrip("*")
    numbers: dict[str, Any] = {"sequence_length": len(letters), "crc64": crc64(letters).removeprefix("CRC-")}
    if letters and _RESIDUES.issuperset(letters):
        numbers["mass_da"] = round(molecular_weight(letters, "protein"))
    return numbers


# SwissProt ---------------------------------------------------------------------------------------


def _swissprot(text: io.TextIOWrapper, limited: Limited) -> Facts:
    first, count, total = None, 0, 0
    for record in SwissProt.parse(text):
        count += 1
        total += len(record.sequence)
        _check_swissprot(record)
        first = first or record
    if first is None:
        raise ValueError("it holds no record")
    if count > 1 or limited.was_cut:
        return Facts(metadata={} if limited.was_cut else {"sequence_count": count, "sequence_length": total})
    names = _FULL_NAME.search(first.description)
    protein_name = names[1].strip() if names else first.entry_name
    organism = _organism_of(first.organism, first.taxonomy_id)
    genes = first.gene_name if isinstance(first.gene_name, list) else []
    metadata = {
        "accession": first.accessions[0],
        "entry_name": first.entry_name,
        "protein_name": protein_name,
        **({"gene_name": genes[0]["Name"].split(" {")[0]} if genes and genes[0].get("Name") else {}),
        "sequence_count": 1,
        **_protein_numbers(first.sequence),
    }
    return Facts(
        type="protein",
        name=_protein_title(protein_name, organism),
        description=_function_of(first.comments),
        external_id=first.accessions[0],
        organism=organism,
        metadata=metadata,
        tags=[word.split(" {")[0] for word in first.keywords][:50],
        citations=list(_swissprot_citations(first.references)),
    )


def _check_swissprot(record: Any) -> None:
    """What the `SQ` line states against the sequence itself. Raises ValueError."""
    if record.seqinfo is None:
        raise ValueError(f"{record.entry_name} has no SQ line")
    length, mass, crc = record.seqinfo
    numbers = _protein_numbers(record.sequence)
    if length != len(record.sequence):
        raise ValueError(f"{record.entry_name} states {length} residues and has {len(record.sequence)}")
    if crc != numbers["crc64"]:
        raise ValueError(f"{record.entry_name} states the CRC64 {crc} and its sequence has {numbers['crc64']}")
    if "mass_da" in numbers and abs(numbers["mass_da"] - mass) > max(MASS_TOLERANCE, mass // 10_000):
        raise ValueError(f"{record.entry_name} states {mass} Da and its sequence has {numbers['mass_da']}")


def _organism_of(text: str, taxonomy_ids: list[str]) -> dict[str, Any]:
    """`Homo sapiens (Human).` by its names; the first taxonomy id."""
    plain = text.rstrip(".").strip()
    scientific, _, rest = plain.partition(" (")
    common = rest.partition(")")[0]
    organism: dict[str, Any] = {"scientific_name": scientific.strip()}
    if common and not common.lower().startswith(("strain", "isolate", "isolates")):
        organism["common_name"] = common
    if taxonomy_ids:
        organism |= _taxonomy(taxonomy_ids[0].split(" ")[0])
    return organism if organism["scientific_name"] else {}


def _function_of(comments: list[str]) -> str:
    found = next((text for text in comments if text.startswith("FUNCTION: ")), "")
    return re.sub(r"\s*\{ECO:[^}]*\}\.?", "", found.removeprefix("FUNCTION: "))


def _swissprot_citations(references: list[Any]) -> Iterator[dict[str, str]]:
    for place, reference in enumerate(references[:50]):
        ids = {name.lower(): value for name, value in reference.references}
        yield _citation(
            "primary" if place == 0 else "reference",
            title=reference.title.strip('";'),
            authors=reference.authors.rstrip(";"),
            journal=reference.location.rstrip("."),
            pubmed_id=ids.get("pubmed", ""),
            doi=ids.get("doi", ""),
        )


def _citation(kind: str, **fields: str) -> dict[str, str]:
    return {"citation_type": kind, **{name: value[:1000] for name, value in fields.items() if value}}


# GenBank -----------------------------------------------------------------------------------------


def _genbank(text: io.TextIOWrapper, limited: Limited) -> Facts:
    first, count, total = None, 0, 0
    for record in SeqIO.parse(text, "genbank"):
        count += 1
        total += len(record.seq)
        first = first or record
    if first is None:
        raise ValueError("it holds no record")
    if count > 1 or limited.was_cut:
        return Facts(metadata={} if limited.was_cut else {"sequence_count": count, "sequence_length": total})
    notes = first.annotations
    is_protein = notes.get("molecule_type", "") == "protein"
    metadata = {
        "accession": first.id.strip("."),
        "definition": first.description,
        "molecule_type": notes.get("molecule_type", ""),
        "topology": notes.get("topology", ""),
        "sequence_count": 1,
        "sequence_length": len(first.seq),
        "gene_count": sum(1 for feature in first.features if feature.type == "gene"),
        **({} if is_protein else _nucleotide_numbers(first)),
    }
    return Facts(
        type="protein" if is_protein else "genome",
        name=first.description[:300],
        external_id=first.id[:200].strip("."),
        organism=_genbank_organism(first),
        metadata={name: value for name, value in metadata.items() if value not in ("", None)},
        tags=[word for word in notes.get("keywords", []) if word][:50],
        citations=[
            _citation(
                "primary" if place == 0 else "reference",
                title=reference.title,
                authors=reference.authors,
                journal=reference.journal,
                pubmed_id=reference.pubmed_id,
            )
            for place, reference in enumerate(notes.get("references", [])[:50])
        ],
    )


def _nucleotide_numbers(record: Any) -> dict[str, Any]:
    """The share of G and C, where the file brings the sequence itself."""
    if not record.seq.defined:
        return {}
    letters = str(record.seq).upper()
    return {"gc_content": round(gc_fraction(letters), 4)} if _NUCLEOTIDES.issuperset(letters) else {}


def _genbank_organism(record: Any) -> dict[str, Any]:
    scientific = record.annotations.get("organism", "").strip(" .")
    if not scientific:
        return {}
    organism: dict[str, Any] = {"scientific_name": scientific}
    common = re.search(r"\(([^()]+)\)", record.annotations.get("source", ""))
    if common:
        organism["common_name"] = common[1]
    for feature in record.features:
        for reference in feature.qualifiers.get("db_xref", []) if feature.type == "source" else ():
            if reference.startswith("taxon:"):
                organism |= _taxonomy(reference[6:])
    return organism


READERS: dict[str, Callable[[io.TextIOWrapper, Limited], Facts]] = {
    "fasta": _fasta,
    "swissprot": _swissprot,
    "genbank": _genbank,
}
