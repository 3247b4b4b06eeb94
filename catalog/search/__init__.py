"""The one search index, over assets and everything else that can be found."""

from catalog.search.documents import Document, index_documents, remove_documents
from catalog.search.finding import Hit, SearchPage, facet_counts, facets, matching, search

__all__ = [
    "Document",
    "Hit",
    "SearchPage",
    "facet_counts",
    "facets",
    "index_documents",
    "matching",
    "remove_documents",
    "search",
]
