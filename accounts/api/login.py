"""Signing in, once for all contracts: each lays its own words over these views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import member_actor
from accounts.models import Membership
from accounts.services import log_in
from accounts.tokens import TokenPair, issue_tokens, refresh_access
from contracts.addresses import client_address

NEVER_STORED = {"Cache-Control": "no-store"}
"""For an answer that holds a secret."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The tokens, and whose they are."""

    membership: Membership
    tokens: TokenPair
    token_type = "Bearer"  # noqa: S105  what kind it is, not what it is

    @property
    def roles(self) -> list[str]:
        """Of the tokens, as their actor has it: a superuser is an admin wherever a member."""
        role = member_actor(self.membership, door="rest").role
        return [role.value] if role else []

    @property
    def expires_at(self) -> datetime:
        """When the access token ends, in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.tokens.expires_in)


class CredentialsSerializer(serializers.Serializer[Any]):
    """A login (either field may hold the e-mail address or the user name) and the password."""

    email = serializers.CharField(required=False, max_length=254)
    username = serializers.CharField(required=False, max_length=254)
    password = serializers.CharField(trim_whitespace=False, max_length=1024, style={"input_type": "password"})
    organization = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=100, help_text="Its slug; else your first."
    )

    login_field = "username"

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["login"] = attrs.get("email") or attrs.get("username")
        if not attrs["login"]:
            raise ValidationError({self.login_field: ["This field is required."]})
        return attrs


class RefreshSerializer(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=4096, trim_whitespace=False)


class _Public(GenericAPIView[Any]):
    """Needs no sign of who is asking, and heeds none: a stale token in the header does not stand in the way."""

    authentication_classes = []
    permission_classes = []
    answer_class: ClassVar[type[serializers.Serializer[Any]]]

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # a 401 names a way in (RFC 9110, section 11.6.1)

    def given(self, request: Request) -> dict[str, Any]:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def answered(self, result: Any) -> Response:
        return Response(self.answer_class(result).data, headers=NEVER_STORED)


class LogInView(_Public):
    """A pair of tokens for a login and a password, good at every door in one organization."""

    serializer_class = CredentialsSerializer

    def post(self, request: Request) -> Response:
        given = self.given(request)
        membership = log_in(
            login=given["login"],
            password=given["password"],
            organization=given.get("organization") or None,
            address=client_address(request),
            request_id=str(getattr(request, "request_id", ""))[:64],
        )
        return self.answered(Issued(membership, issue_tokens(membership)))


class RefreshView(_Public):
    """A new access token for a refresh token."""

    serializer_class = RefreshSerializer

    def post(self, request: Request) -> Response:
        membership, tokens = refresh_access(self.given(request)["refresh_token"])
        return self.answered(Issued(membership, tokens))
