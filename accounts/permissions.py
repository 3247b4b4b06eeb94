"""Who may come in at a REST door; what they may do there is decided by the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.actor import ANONYMOUS, Actor

if TYPE_CHECKING:
    from rest_framework.views import APIView


def actor_of(request: Request) -> Actor:
    """The actor of a REST request; the anonymous one where nobody signed in."""
    return request.auth if isinstance(request.auth, Actor) else ANONYMOUS


class Authenticated(BasePermission):
    """Somebody, with any role."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return actor_of(request).kind != "anonymous"


class PublicReads(BasePermission):
    """Anyone may read, somebody must write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or actor_of(request).kind != "anonymous"
