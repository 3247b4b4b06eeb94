"""Tokens: a JWT names a person and one organization; an API key names an organization and a role."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.actor import Actor, member_actor
from accounts.models import ApiKey, Membership, Role, User
from contracts.errors import Unauthenticated

KEY_PREFIX = "ctly_"
"""What a secret scanner looks for; the rest is 43 URL-safe characters, 256 bits."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    expires_in: int  # seconds


@dataclass(frozen=True, slots=True)
class Credential:
    """What a bearer proved: the actor, and the user behind it (None for a key whose maker is gone)."""

    actor: Actor
    user: User | None


def issue_tokens(membership: Membership) -> TokenPair:
    """A new pair of JWTs for a member, good in the membership's organization only."""
    refresh = RefreshToken()
    refresh["user_id"] = str(membership.user_id)
    refresh["org"] = str(membership.organization_id)
    return TokenPair(str(refresh.access_token), str(refresh), settings.ACCESS_TOKEN_SECONDS)


def refresh_access(refresh_token: str) -> TokenPair:
    """A new access token for a refresh token. Raises Unauthenticated when it is bad, expired or not a member's."""
    try:
        refresh = RefreshToken(refresh_token)  # type: ignore[arg-type]
    except TokenError as error:
        raise Unauthenticated("The refresh token is not valid or has expired") from error
    _membership_of(refresh)
    return TokenPair(str(refresh.access_token), refresh_token, settings.ACCESS_TOKEN_SECONDS)


def make_key() -> tuple[str, str, str]:
    """A new API key: the key itself (to be shown once), the prefix to know it by, the hash to keep."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, key[: len(KEY_PREFIX) + 6], hash_key(key)


def hash_key(key: str) -> str:
    """SHA-256 is enough: the key has 256 bits of its own, nothing can be guessed from a dictionary."""
    return hashlib.sha256(key.encode()).hexdigest()


def credential_of(bearer: str, *, door: str, request_id: str = "") -> Credential:
    """Who holds this JWT or API key. One query. Raises Unauthenticated."""
    if bearer.startswith(KEY_PREFIX):
        return _key_credential(bearer, door=door, request_id=request_id)
    try:
        token = AccessToken(bearer)  # type: ignore[arg-type]
    except TokenError as error:
        raise Unauthenticated("The token is not valid or has expired") from error
    membership = _membership_of(token)
    return Credential(member_actor(membership, door=door, request_id=request_id), membership.user)


def _membership_of(token: Token) -> Membership:
    try:
        user_id, organization_id = UUID(token["user_id"]), UUID(token["org"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The token is not one of ours") from error
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(user=user_id, organization=organization_id, user__is_active=True)
        .first()
    )
    if membership is None:
        raise Unauthenticated("The token's user is no longer a member of its organization")
    return membership


def _key_credential(bearer: str, *, door: str, request_id: str) -> Credential:
    now = timezone.now()
    key = (
        ApiKey.objects.select_related("organization", "created_by")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), key_hash=hash_key(bearer), revoked_at=None)
        .first()
    )
    if key is None:
        raise Unauthenticated("The API key is not valid, has expired or was revoked")
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    actor = Actor(
        kind="api_key",
        organization_id=key.organization_id,
        organization_slug=key.organization.slug,
        role=Role(key.role),
        user_name=key.name,
        api_key_id=key.pk,
        door=door,
        request_id=request_id,
    )
    return Credential(actor, key.created_by)
