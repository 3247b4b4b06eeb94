"""What our server is measured beside: the same asset through a DRF ModelSerializer, with no auth, limit or contract."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.generics import RetrieveAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from catalog.models import Asset


class BareSerializer(ModelSerializer[Asset]):
    class Meta:
        model = Asset
        fields = (
            "id",
            "type",
            "name",
            "qualified_name",
            "description",
            "metadata",
            "schema",
            "version",
            "created_at",
            "updated_at",
        )


class BareView(RetrieveAPIView[Asset]):
    queryset = Asset.objects.all()
    serializer_class: Any = BareSerializer
    authentication_classes: Any = []
    permission_classes: Any = []
    renderer_classes = [JSONRenderer]


urlpatterns = [path("bare/<uuid:pk>", BareView.as_view())]
