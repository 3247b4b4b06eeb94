"""Examples of the registry contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import CREATED, ID, Example

_PAGE = {"page": 1, "per_page": 20, "total": 1, "pages": 1, "has_next": False, "has_prev": False}
_FASTA_SHA256 = "sha256-1a2b3c4d5e6f7890abcdef1234567890abcdef1234567890abcdef1234567890"
_XML_SHA256 = "sha256-9876543210fedcba0987654321fedcba0987654321fedcba0987654321fedcba"


def _answer(data: Any) -> Example:
    return Example(response={"success": True, "data": data})


def _list(row: Mapping[str, Any]) -> Example:
    return Example(response={"success": True, "data": [row], "meta": {"pagination": _PAGE}})


_ORGANIZATION: dict[str, Any] = {
    "id": ID,
    "slug": "uniprot",
    "name": "Universal Protein Resource",
    "website": "https://www.uniprot.org",
    "description": "Protein sequences and what is known of them.",
    "logo_url": "https://cdn.example.org/logos/uniprot.png",
    "is_system": True,
}
_PUBLISHER = {"slug": "uniprot", "name": "Universal Protein Resource"}
_HUMAN = {"scientific_name": "Homo sapiens", "common_name": "Human"}
_INSULIN: dict[str, Any] = {
    "id": ID,
    "organization": "uniprot",
    "slug": "P01308",
    "name": "Insulin [Homo sapiens]",
    "source_type": "protein",
    "external_id": "P01308",
    "organism": {**_HUMAN, "ncbi_taxonomy_id": 9606},
    "latest_version": "1.5",
    "downloads": 12345,
}
_FOUND = {
    **{name: value for name, value in _INSULIN.items() if name != "external_id"},
    "description": "Insulin decreases blood glucose concentration...",
    "external_version": "2025_01",
    "available_formats": ["fasta", "xml", "json"],
    "url": "/sources/uniprot/P01308",
}
_SOURCE = {
    **{name: value for name, value in _INSULIN.items() if name != "downloads"},
    "organization": _PUBLISHER,
    "description": "Insulin decreases blood glucose concentration...",
    "organism": {**_HUMAN, "ncbi_taxonomy_id": 9606, "rank": "species"},
    "protein_metadata": {
        "accession": "P01308",
        "entry_name": "INS_HUMAN",
        "protein_name": "Insulin",
        "gene_name": "INS",
        "sequence_length": 110,
        "mass_da": 11981,
    },
    "versions": [
        {
            "version": "1.5",
            "external_version": "2025_01",
            "release_date": "2025-01-15",
            "formats": ["fasta", "xml", "json"],
            "size_bytes": 24576,
            "downloads": 2345,
            "yanked": False,
            "yank_reason": None,
        }
    ],
    "total_downloads": 12345,
    "tags": ["protein", "hormone", "signaling", "diabetes"],
    "created_at": CREATED,
    "updated_at": "2025-01-15T10:30:00Z",
}
_VERSION = {
    "id": ID,
    "organization": "uniprot",
    "name": "P01308",
    "version": "1.5",
    "external_version": "2025_01",
    "release_date": "2025-01-15",
    "size_bytes": 20480,
    "downloads": 2345,
    "files": [
        {
            "format": "fasta",
            "checksum": _FASTA_SHA256,
            "size_bytes": 4096,
            "compression": "none",
            "download_url": "/sources/uniprot/P01308/1.5/download?format=fasta",
        },
        {
            "format": "xml",
            "checksum": _XML_SHA256,
            "size_bytes": 16384,
            "compression": "gzip",
            "download_url": "/sources/uniprot/P01308/1.5/download?format=xml",
        },
    ],
    "citations": [
        {
            "citation_type": "primary",
            "doi": "10.1093/nar/gkac1052",
            "pubmed_id": "36408920",
            "title": "UniProt: the Universal Protein Knowledgebase in 2023",
            "journal": "Nucleic Acids Research",
            "publication_date": "2023-01-06",
            "authors": "The UniProt Consortium",
        }
    ],
    "has_dependencies": False,
    "dependency_count": 0,
    "published_at": "2025-01-15T10:30:00Z",
}
_BLAST: dict[str, Any] = {
    "id": ID,
    "organization": "ncbi",
    "slug": "blast",
    "name": "BLAST: Basic Local Alignment Search Tool",
    "tool_type": "alignment",
    "latest_version": "2.14.0",
}
_TOOL = {
    **_BLAST,
    "organization": {"slug": "ncbi", "name": "National Center for Biotechnology Information"},
    "description": "Finds regions of similarity between biological sequences...",
    "repository_url": "https://github.com/ncbi/blast",
    "homepage_url": "https://blast.ncbi.nlm.nih.gov/",
    "license": "Public Domain",
    "versions": [
        {
            "version": "2.14.0",
            "external_version": "v2.14.0",
            "release_date": "2023-11-15",
            "size_bytes": 104857600,
            "downloads": 12345,
        }
    ],
    "total_downloads": 567890,
    "tags": ["alignment", "sequence-analysis", "protein", "nucleotide"],
}

EXAMPLES: Mapping[str, Example] = {
    "POST /auth/token": Example(
        {"username": "researcher@example.com", "password": "password"},
        {
            "success": True,
            "data": {"token": "eyJhbGciOiJIUzI1NiIs...", "expires_at": "2024-01-17T12:30:45Z"},
        },
    ),
    "GET /organizations": _list({**_ORGANIZATION, "entry_count": 567239, "created_at": CREATED}),
    "GET /organizations/{slug}": _answer(
        {
            **_ORGANIZATION,
            "statistics": {
                "data_sources": 567239,
                "tools": 0,
                "total_versions": 5672390,
                "total_downloads": 1234567890,
            },
            "created_at": CREATED,
        }
    ),
    "GET /search": Example(
        response={
            "success": True,
            "data": {"data_sources": [_FOUND], "tools": [], "total": 1},
            "meta": {
                "query": "insulin",
                "filters": {"type": ["data_source"], "organism": "human", "format": "fasta"},
                "pagination": _PAGE,
            },
        }
    ),
    "GET /sources": _list(_INSULIN),
    "POST /sources": Example(
        {
            "organization": "my-lab",
            "name": "custom-protein-set",
            "version": "1.0",
            "source_type": "protein",
            "description": "Curated protein set for cancer research",
            "format": "fasta",
        },
        {
            "success": True,
            "data": {
                "id": ID,
                "organization": "my-lab",
                "slug": "custom-protein-set",
                "version": "1.0",
                "checksum": _FASTA_SHA256,
                "size_bytes": 12345,
                "url": "/sources/my-lab/custom-protein-set",
            },
        },
        201,
    ),
    "GET /sources/{org}/{name}": _answer(_SOURCE),
    "GET /sources/{org}/{name}/{version}": _answer(_VERSION),
    "GET /sources/{org}/{name}/{version}/dependencies": Example(
        response={
            "success": True,
            "data": {
                "source": "uniprot:all@1.0",
                "format": "fasta",
                "dependency_count": 567239,
                "tree_checksum": _XML_SHA256,
                "dependencies": [{"source": "uniprot:P01308-fasta@1.0", "checksum": _FASTA_SHA256, "size": 4096}],
            },
            "meta": {"pagination": {**_PAGE, "per_page": 1000, "total": 567239, "pages": 568, "has_next": True}},
        }
    ),
    "GET /tools": _list({**_BLAST, "downloads": 567890}),
    "GET /tools/{org}/{name}": _answer(_TOOL),
    "POST /resolve": Example(
        {
            "sources": ["uniprot:P01308-fasta@1.0", "uniprot:all-fasta@1.0"],
            "tools": ["ncbi:blast@2.14.0"],
        },
        {
            "success": True,
            "data": {
                "sources": {
                    "uniprot:P01308-fasta@1.0": {
                        "resolved": "uniprot:P01308@1.0",
                        "format": "fasta",
                        "checksum": _FASTA_SHA256,
                        "size": 4096,
                        "external_version": "2025_01",
                        "has_dependencies": False,
                    },
                    "uniprot:all-fasta@1.0": {
                        "resolved": "uniprot:all@1.0",
                        "format": "fasta",
                        "checksum": _XML_SHA256,
                        "size": 4294967296,
                        "external_version": "2025_01",
                        "has_dependencies": True,
                        "dependency_count": 567239,
                    },
                },
                "tools": {
                    "ncbi:blast@2.14.0": {
                        "resolved": "ncbi:blast@2.14.0",
                        "checksum": _XML_SHA256,
                        "size": 104857600,
                    }
                },
            },
        },
    ),
    "GET /stats": _answer(
        {
            "organizations": 15,
            "data_sources": 567239,
            "tools": 145,
            "total_versions": 5672535,
            "total_downloads": 123456789,
            "total_size_bytes": 5497558138880,
            "top_downloads": [
                {"source": "uniprot:all-fasta@1.0", "downloads": 5678},
                {"source": "ncbi:GRCh38-fasta@2.0", "downloads": 4321},
            ],
        }
    ),
    "GET /health": Example(
        response={
            "status": "healthy",
            "version": "1.0.0",
            "uptime": 864000,
            "database": "connected",
            "storage": "available",
        }
    ),
}
