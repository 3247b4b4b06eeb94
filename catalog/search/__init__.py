"""The one search index, over assets and everything else that can be found."""

from catalog.search.documents import Document, index_documents, remove_documents

__all__ = ["Document", "index_documents", "remove_documents"]
