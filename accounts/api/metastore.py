"""Signing in by the metastore contract: `POST /v1/auth/login` and `/v1/auth/refresh`."""

from __future__ import annotations

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.login import CredentialsSerializer, Issued, LogInView, RefreshView
from contracts.metastore import Metastore


class SignedInUserSerializer(serializers.Serializer[Issued]):
    id = serializers.UUIDField(source="membership.user_id")
    email = serializers.EmailField(source="membership.user.email")
    name = serializers.CharField(source="membership.user.display_name")
    roles = serializers.ListField(child=serializers.CharField(), help_text="In the organization of the tokens.")


class LoginAnswerSerializer(serializers.Serializer[Issued]):
    access_token = serializers.CharField(source="tokens.access")
    refresh_token = serializers.CharField(source="tokens.refresh")
    expires_in = serializers.IntegerField(source="tokens.expires_in", help_text="Seconds.")
    user = SignedInUserSerializer(source="*")


class AccessTokenSerializer(serializers.Serializer[Issued]):
    access_token = serializers.CharField(source="tokens.access")
    expires_in = serializers.IntegerField(source="tokens.expires_in", help_text="Seconds.")


class EmailCredentialsSerializer(CredentialsSerializer):
    login_field = "email"


@extend_schema_view(post=extend_schema(operation_id="metastore_login", auth=[], responses=LoginAnswerSerializer))
class MetastoreLogin(Metastore, LogInView):
    serializer_class = EmailCredentialsSerializer
    answer_class = LoginAnswerSerializer


@extend_schema_view(post=extend_schema(operation_id="metastore_refresh", auth=[], responses=AccessTokenSerializer))
class MetastoreRefresh(Metastore, RefreshView):
    answer_class = AccessTokenSerializer


urlpatterns: list[URLPattern] = [
    path("auth/login", MetastoreLogin.as_view(), name="metastore_login"),
    path("auth/refresh", MetastoreRefresh.as_view(), name="metastore_refresh"),
]
