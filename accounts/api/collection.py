"""Signing in by the collection contract: `POST /api/v1/login` and `/api/v1/refresh`."""

from __future__ import annotations

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.login import Issued, LogInView, RefreshView
from contracts.collection import Collection


class TokensSerializer(serializers.Serializer[Issued]):
    access_token = serializers.CharField(source="tokens.access")
    refresh_token = serializers.CharField(source="tokens.refresh")
    token_type = serializers.CharField(help_text="Bearer")
    expires_in = serializers.IntegerField(source="tokens.expires_in", help_text="Seconds.")


@extend_schema_view(post=extend_schema(operation_id="collection_login", auth=[], responses=TokensSerializer))
class CollectionLogin(Collection, LogInView):
    answer_class = TokensSerializer


@extend_schema_view(post=extend_schema(operation_id="collection_refresh", auth=[], responses=TokensSerializer))
class CollectionRefresh(Collection, RefreshView):
    answer_class = TokensSerializer


urlpatterns: list[URLPattern] = [
    path("login", CollectionLogin.as_view(), name="collection_login"),
    path("refresh", CollectionRefresh.as_view(), name="collection_refresh"),
]
