"""`POST /sources`, `POST /tools`: a version by multipart upload, several files at once, or dependencies by JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from contracts.errors import BadRequest, Invalid
from contracts.parsing import OF_THE_PAGE, loads
from contracts.registry import Registry
from contracts.views import uuid_of
from registry.api.registry.entries import Entries
from registry.api.registry.receiving import LARGE, PublicationMultiPartParser, PublicationParser
from registry.api.registry.shapes import FileSerializer, SourceSerializer, ToolSerializer, path_of
from registry.models import EntryKind, Upload, Version
from registry.receiving import ContentUploadHandler, ReceivedFile
from registry.services.publication import FileDraft, Publication
from registry.services.publishing import publish
from registry.services.spec_files import SpecFile
from registry.services.uploads import assemble, end_upload, find_upload
from registry.storage import Incoming

TEXTS = {
    "organization": "organization",
    "name": "slug",
    "version": "version",
    "title": "name",
    "description": "description",
    "external_id": "external_id",
    "external_version": "external_version",
    "release_date": "release_date",
    "notes": "notes",
    "license": "license",
    "repository_url": "repository_url",
    "homepage_url": "homepage_url",
}
"""The contract's words for the fields of a Publication that are plain text."""
STRUCTURES = ("organism", "metadata", "tags", "citations", "dependencies")
FILE_FIELDS = ("file", "format", "checksum", "upload")

_PUBLISHED = inline_serializer(
    "Published",
    {
        "id": serializers.UUIDField(),
        "organization": serializers.CharField(),
        "slug": serializers.CharField(),
        "version": serializers.CharField(),
        "checksum": serializers.CharField(help_text="Of the file that was sent, the first of several."),
        "size_bytes": serializers.IntegerField(help_text="Of the files that were sent."),
        "url": serializers.CharField(),
        "files": FileSerializer(many=True),
    },
)
_FORM: dict[str, Any] = {
    "organization": serializers.CharField(),
    "name": serializers.CharField(help_text="The slug."),
    "version": serializers.CharField(),
    "format": serializers.CharField(required=False, help_text="As many as files; told by their names where left out."),
    "file": serializers.FileField(required=False, help_text="Repeatable."),
    "checksum": serializers.CharField(required=False, help_text="`sha256-…`, verified; as many as files."),
    "upload": serializers.UUIDField(required=False, help_text="In place of a file: an upload by parts."),
    "title": serializers.CharField(required=False),
    "description": serializers.CharField(required=False),
    "external_id": serializers.CharField(required=False),
    "external_version": serializers.CharField(required=False),
    "release_date": serializers.DateField(required=False),
    "notes": serializers.CharField(required=False),
    "license": serializers.CharField(required=False),
    "repository_url": serializers.URLField(required=False),
    "homepage_url": serializers.URLField(required=False),
    "organism": serializers.CharField(required=False, help_text="A scientific name, or a JSON object."),
    "metadata": serializers.JSONField(
        required=False, help_text="An object; the fields that the type knows are checked, further ones are free."
    ),
    "tags": serializers.ListField(child=serializers.CharField(), required=False),
    "citations": serializers.JSONField(required=False),
    "dependencies": serializers.JSONField(required=False, help_text="A list of exact specs; sources only."),
}


PARSERS = [PublicationMultiPartParser, PublicationParser]


class Publishes(Entries):
    """The list of sources, or of tools, and publishing one."""

    handler: ContentUploadHandler | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whatever happens, no file that came in stays behind but where it was kept."""
        handler = self.handler = ContentUploadHandler(request)
        request.upload_handlers = [handler]
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            handler.discard()

    def create(self, request: Request) -> Response:
        actor = actor_of(request)
        publication, uploads = self._publication(request)
        version = publish(actor=actor, publication=publication)
        for upload in uploads:
            end_upload(actor=actor, upload=upload)
        body = _published(version, publication)
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": f"/api/v1{body['url']}"})

    def _publication(self, request: Request) -> tuple[Publication, list[Upload]]:
        data: Any = request.data
        type_field = "source_type" if self.kind == EntryKind.SOURCE else "tool_type"
        known = {*TEXTS, *STRUCTURES, *FILE_FIELDS, *OF_THE_PAGE, type_field}
        unknown = [str(name) for name in data if name not in known]
        if unknown:
            raise Invalid(fields={name: ["Unknown field."] for name in unknown})
        fields: dict[str, Any] = {target: _text(data, name) for name, target in TEXTS.items()}
        files, uploads = self._files(request)
        publication = Publication(
            **fields,
            kind=self.kind,
            type=_text(data, type_field),
            **{name: self._structure(data, name) for name in STRUCTURES},
            files=files,
        )
        return publication, uploads

    def _files(self, request: Request) -> tuple[list[FileDraft], list[Upload]]:
        """The files of the form, then those that came in parts; formats and checksums belong to them in this order."""
        data = request.data
        received = [file for file in _all(data, "file") if file != ""]
        if not all(isinstance(file, ReceivedFile) for file in received):
            raise Invalid(fields={"file": ["This must be a file of a multipart form."]})
        actor = actor_of(request)
        keys = [str(key) for key in _all(data, "upload") if key]
        uploads = [find_upload(actor=actor, key=uuid_of(key)) for key in keys]
        formats, checksums = _all(data, "format"), _all(data, "checksum")
        count = len(received) + len(uploads)
        for name, values in (("format", formats), ("checksum", checksums)):
            if values and len(values) != count:
                raise Invalid(fields={name: [f"There must be as many as files: {count}, not {len(values)}."]})
        drafts = [FileDraft(file.incoming, str(file.name)) for file in received]
        for upload in uploads:
            drafts.append(FileDraft(self._whole(request, upload), upload.filename))
        for place, draft in enumerate(drafts):
            draft.format = str(formats[place]) if formats else ""
            draft.checksum = str(checksums[place]) if checksums else ""
        return drafts, uploads

    def _structure(self, data: Any, name: str) -> Any:
        """A list or an object: JSON in a text or a file of a form, or in a JSON body. None where it is not said."""
        if not isinstance(data, QueryDict):
            return data.get(name)
        values = data.getlist(name)
        if not values or values == [""]:
            return None
        if isinstance(values[0], ReceivedFile):
            path = values[0].incoming.path
            return SpecFile(path) if name == "dependencies" else _json(name, path.read_bytes())
        first = str(values[0])
        if first.lstrip().startswith(("[", "{")):
            content = first.encode(errors="surrogatepass")
            is_long = name == "dependencies" and len(content) > LARGE
            return SpecFile(self._received(content).path) if is_long else _json(name, content)
        if name == "tags":
            return [word.strip() for value in values for word in str(value).split(",") if word.strip()]
        return first if name == "organism" else [str(value) for value in values]

    def _received(self, content: bytes) -> Incoming:
        incoming = self._incoming()
        incoming.write(content)
        incoming.finish()
        return incoming

    def _whole(self, request: Request, upload: Upload) -> Incoming:
        incoming = self._incoming()
        assemble(actor=actor_of(request), upload=upload, incoming=incoming)
        return incoming

    def _incoming(self) -> Incoming:
        """A file that goes when the request ends, unless it was kept."""
        if self.handler is None:
            raise RuntimeError("a publication outside of a POST")
        return self.handler.begin()


def _all(data: Any, name: str) -> list[Any]:
    if isinstance(data, QueryDict):
        return data.getlist(name)
    value = data.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _text(data: Mapping[str, Any], name: str) -> str:
    if isinstance(data, QueryDict) and len(data.getlist(name)) > 1:
        raise Invalid(fields={name: ["This was sent more than once."]})
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(fields={name: ["This must be text."]})
    return value


def _json(name: str, text: bytes) -> Any:
    try:
        return loads(text)
    except BadRequest as error:
        raise Invalid(fields={name: [error.message.replace("The body", "This", 1)]}) from None


def _published(version: Version, publication: Publication) -> dict[str, Any]:
    """The version with all its files; `checksum` (of the first) and `size_bytes` are of what was sent now."""
    entry, sent = version.entry, [draft.incoming for draft in publication.files]
    return {
        "id": entry.pk,
        "organization": entry.organization.slug,
        "slug": entry.slug,
        "version": version.version,
        "checksum": f"sha256-{sent[0].sha256 if sent else version.tree_checksum}",
        "size_bytes": sum(incoming.size for incoming in sent) if sent else version.size,
        "url": path_of(entry),
        "files": FileSerializer(version.files.all(), many=True, context={"version": version}).data,
    }


@extend_schema_view(
    list=extend_schema(operation_id="registry_sources"),
    create=extend_schema(
        operation_id="registry_source_publish",
        request={
            "multipart/form-data": inline_serializer(
                "PublishSource", {**_FORM, "source_type": serializers.CharField(required=False)}
            )
        },
        responses={201: _PUBLISHED},
    ),
)
class RegistrySourceList(Registry, Publishes):
    kind = EntryKind.SOURCE
    parser_classes = PARSERS
    serializer_class = list_serializer = SourceSerializer


@extend_schema_view(
    list=extend_schema(operation_id="registry_tools"),
    create=extend_schema(
        operation_id="registry_tool_publish",
        request={
            "multipart/form-data": inline_serializer(
                "PublishTool", {**_FORM, "tool_type": serializers.CharField(required=False)}
            )
        },
        responses={201: _PUBLISHED},
    ),
)
class RegistryToolList(Registry, Publishes):
    kind = EntryKind.TOOL
    parser_classes = PARSERS
    serializer_class = list_serializer = ToolSerializer
