"""How a REST request says who it is. `request.auth` is the Actor; None means anonymous."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from accounts.actor import Actor, member_actor, superuser_actor
from accounts.models import Membership, Organization, User
from accounts.tokens import credential_of
from contracts.errors import Unauthenticated


def _request_id(request: Request) -> str:
    return str(getattr(request, "request_id", ""))[:64]


class TokenAuthentication(BaseAuthentication):
    """A JWT or an API key as `Authorization: Bearer …`, or an API key as `X-API-Key: …`."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Actor] | None:
        bearer = self._bearer(request)
        if bearer is None:
            return None
        credential = credential_of(bearer, door="rest", request_id=_request_id(request))
        return credential.user or AnonymousUser(), credential.actor

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _bearer(self, request: Request) -> str | None:
        header: str = request.headers.get("Authorization", "")
        if header:
            scheme, _, value = header.partition(" ")
            if scheme.lower() != "bearer":
                return None
            if not value.strip():
                raise Unauthenticated("The Authorization header holds no token")
            return value.strip()
        return request.headers.get("X-API-Key") or None


class BrowserAuthentication(SessionAuthentication):
    """The session of somebody signed in to the admin; writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        return found[0], session_actor(request, found[0], door="browser", request_id=_request_id(request))


def session_actor(request: Any, user: User, *, door: str, request_id: str = "") -> Actor:
    """The actor of a session, in one organization, as a token's is.

    A member acts in the organization the session chose, else in the first of the user's. A superuser
    may choose any, and without a membership acts in the oldest. Somebody who is neither is known,
    sees nothing and may do nothing.
    """
    membership = session_membership(request, user)
    if user.is_superuser:
        organization = _superusers_organization(request, membership)
        return replace(superuser_actor(user, organization, door=door, request_id=request_id), sees_all=False)
    if membership is None:
        return Actor(kind="user", user_id=user.pk, user_name=user.display_name, door=door, request_id=request_id)
    return member_actor(membership, door=door, request_id=request_id)


def _superusers_organization(request: Any, membership: Membership | None) -> Organization | None:
    chosen = request.session.get("organization")
    if membership is not None and (not chosen or str(membership.organization_id) == chosen):
        return membership.organization
    found = Organization.objects.filter(pk=chosen).first() if chosen else None
    if found is None and membership is not None:
        return membership.organization
    return found or Organization.objects.order_by("created_at").first()


def session_membership(request: Any, user: User) -> Membership | None:
    """The membership that a session acts under: the organization it chose, else the user's first."""
    memberships = Membership.objects.select_related("user", "organization").filter(user=user)
    chosen = request.session.get("organization")
    return (memberships.filter(organization=chosen).first() if chosen else None) or memberships.first()


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.TokenAuthentication"
    name = ["bearer", "apiKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A JWT or an API key."},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        ]


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
