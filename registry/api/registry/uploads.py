"""`/uploads`: a big file in parts, to be published when all are there."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Authenticated, actor_of
from contracts.errors import Invalid
from contracts.parsing import JSONParser
from contracts.registry import Registry
from contracts.serializers import Strict
from contracts.views import ContractViewSet, uuid_of
from registry.api.registry.receiving import OctetStreamParser
from registry.models import Upload, UploadPart
from registry.services.uploads import begin_upload, end_upload, find_upload, put_part


class NewUploadSerializer(Strict):
    organization = serializers.CharField(max_length=100)
    filename = serializers.CharField(max_length=255)
    size = serializers.IntegerField(required=False, min_value=1, max_value=2**62)


class PartSerializer(serializers.ModelSerializer[UploadPart]):
    checksum = serializers.SerializerMethodField()
    size_bytes = serializers.IntegerField(source="size")

    class Meta:
        model = UploadPart
        fields = ["number", "size_bytes", "checksum"]

    def get_checksum(self, part: UploadPart) -> str:
        return f"sha256-{part.sha256}"


class UploadSerializer(serializers.ModelSerializer[Upload]):
    size_bytes = serializers.IntegerField(source="size", allow_null=True)
    received_bytes = serializers.SerializerMethodField()
    parts = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = ["id", "filename", "size_bytes", "received_bytes", "parts", "created_at", "expires_at"]

    def get_received_bytes(self, upload: Upload) -> int:
        return sum(part.size for part in upload.parts.all())

    def get_parts(self, upload: Upload) -> list[dict[str, Any]]:
        return list(PartSerializer(upload.parts.order_by("number"), many=True).data)


@extend_schema_view(
    create=extend_schema(
        operation_id="registry_upload_begin", request=NewUploadSerializer, responses={201: UploadSerializer}
    ),
    retrieve=extend_schema(operation_id="registry_upload"),
    destroy=extend_schema(operation_id="registry_upload_cancel"),
)
class RegistryUploads(Registry, ContractViewSet[Upload]):
    """A large file on its way in, part by part."""

    resource: ClassVar[str] = "upload"
    permission_classes = [Authenticated]
    parser_classes = [JSONParser]
    queryset = Upload.objects.none()
    serializer_class = UploadSerializer

    def find(self, key: str) -> Upload:
        return find_upload(actor=actor_of(self.request), key=uuid_of(key))

    def create(self, request: Request) -> Response:
        given = NewUploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = begin_upload(actor=actor_of(request), **given.validated_data)
        return Response(UploadSerializer(made).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, key: str) -> Response:
        return Response(UploadSerializer(self.find(key)).data)

    def destroy(self, request: Request, key: str) -> Response:
        end_upload(actor=actor_of(request), upload=self.find(key))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    put=extend_schema(
        operation_id="registry_upload_part",
        description="`X-Checksum-SHA256` is verified where it is sent. A part sent again replaces itself.",
        request={"application/octet-stream": bytes},
        responses=inline_serializer(
            "UploadPartAnswer",
            {
                "number": serializers.IntegerField(),
                "size_bytes": serializers.IntegerField(),
                "checksum": serializers.CharField(),
            },
        ),
    )
)
class RegistryUploadParts(Registry):
    permission_classes = [Authenticated]
    parser_classes = [OctetStreamParser]

    def put(self, request: Request, key: str, number: str) -> Response:
        if not (number.isascii() and number.isdigit() and len(number) < 9):
            raise Invalid(fields={"number": ["This must be a whole number."]})
        actor = actor_of(request)
        upload = find_upload(actor=actor, key=uuid_of(key))
        body: Any = request.data
        stream = body.get("stream")
        part = put_part(
            actor=actor,
            upload=upload,
            number=int(number),
            stream=stream if stream is not None else [],
            checksum=request.headers.get("X-Checksum-SHA256", ""),
        )
        return Response(PartSerializer(part).data)
