"""The shapes of the catalog in the metastore contract, for its OpenAPI schema and the browsable pages.

Input is checked by the services (`catalog.validation`), which every door shares; these describe it.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.checks import DESCRIPTION_LENGTH
from catalog.models import AssetType, RelationshipType, TermStatus
from catalog.validation import NAME_LENGTH, QUALIFIED_NAME_LENGTH, TAG_LENGTH

_TYPES = AssetType.values
_EDGE_TYPES = RelationshipType.values


class ElementSerializer(serializers.Serializer[Any]):
    """A column, or a field of a message or document."""

    name = serializers.CharField()
    type = serializers.CharField()
    nullable = serializers.BooleanField(required=False, allow_null=True)
    position = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    description = serializers.CharField(required=False, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    children = serializers.ListField(child=serializers.DictField(), required=False, help_text="Elements inside it.")


class AssetBody(serializers.Serializer[Any]):
    """A new asset."""

    type = serializers.ChoiceField(_TYPES)
    name = serializers.CharField(max_length=NAME_LENGTH)
    qualified_name = serializers.CharField(max_length=QUALIFIED_NAME_LENGTH, help_text="As `prod.public.users`.")
    description = serializers.CharField(max_length=DESCRIPTION_LENGTH, required=False, allow_blank=True)
    metadata = serializers.DictField(required=False)
    schema = ElementSerializer(many=True, required=False)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=TAG_LENGTH), required=False, help_text="Names; unknown ones are made."
    )
    owner = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="A member (id, user name or e-mail address) or a team (id or name). Also an object with `type`.",
    )
    domain = serializers.CharField(required=False, allow_null=True, help_text="By its id, its full name or its name.")
    terms = serializers.ListField(
        child=serializers.JSONField(),
        required=False,
        help_text='All of them, by id or name; of a column as `{"name": …, "column": …}`.',
    )


class AssetPatch(AssetBody):
    """What is to be changed; the rest stays. `metadata` merges one level deep, and null removes a key."""

    type = serializers.ChoiceField(_TYPES, required=False)
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    qualified_name = serializers.CharField(max_length=QUALIFIED_NAME_LENGTH, required=False)
    version = serializers.IntegerField(required=False, help_text="The version that is to be changed, as `If-Match`.")


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class OwnerSerializer(NamedSerializer):
    type = serializers.ChoiceField(["user", "team"])


class ReferenceSerializer(NamedSerializer):
    fully_qualified_name = serializers.CharField()


class TermOfAssetSerializer(ReferenceSerializer):
    status = serializers.ChoiceField(TermStatus.values)
    column = serializers.CharField(allow_null=True, help_text="Null where the term is said of the asset itself.")


class AssetItemSerializer(serializers.Serializer[Any]):
    """An asset in a list."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(_TYPES)
    name = serializers.CharField()
    qualified_name = serializers.CharField()
    description = serializers.CharField()
    metadata = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    owner = OwnerSerializer(allow_null=True)
    domain = ReferenceSerializer(allow_null=True)
    terms = TermOfAssetSerializer(many=True)
    source = NamedSerializer(allow_null=True)  # type: ignore[assignment]  # the field's name in the contract
    last_seen_at = serializers.DateTimeField(allow_null=True, help_text="By the collection that brought it.")
    stale_since = serializers.DateTimeField(allow_null=True, help_text="Since when its source has it no more.")
    version = serializers.IntegerField()
    created_by = NamedSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AssetSerializer(AssetItemSerializer):
    """One asset."""

    schema = ElementSerializer(many=True)


class LineageAssetSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(_TYPES)
    name = serializers.CharField()
    qualified_name = serializers.CharField()


class LineageRelationshipSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(_EDGE_TYPES)
    source_asset_id = serializers.UUIDField()
    target_asset_id = serializers.UUIDField()
    metadata = serializers.DictField()


class LineageEdgeSerializer(serializers.Serializer[Any]):
    asset = LineageAssetSerializer(help_text="Where the edge leads to.")
    relationship = LineageRelationshipSerializer()
    depth = serializers.IntegerField(help_text="Steps from the start, from 1.")
    columns = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With `column`: the columns it goes through here, those that are made by those they are made from.",
    )


class LineageSerializer(serializers.Serializer[Any]):
    asset = LineageAssetSerializer()
    upstream = LineageEdgeSerializer(many=True)
    downstream = LineageEdgeSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There is more than `limit` edges in a direction.")


class RelationshipBody(serializers.Serializer[Any]):
    source_asset_id = serializers.UUIDField()
    target_asset_id = serializers.UUIDField()
    type = serializers.ChoiceField(_EDGE_TYPES)
    metadata = serializers.DictField(
        required=False, help_text="`column_mapping`: of each column that is made, the columns it is made from."
    )


class RelationshipSerializer(RelationshipBody):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class SearchResultSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="What was found: `asset`, or another kind that was asked for.")
    asset = LineageAssetSerializer(help_text="What was found, under the name of its kind.")
    score = serializers.FloatField(help_text="From 0 to 1.")
    highlights = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Safe HTML by field, `<em>` around words."
    )


class SearchSerializer(serializers.Serializer[Any]):
    results = SearchResultSerializer(many=True)
    total = serializers.IntegerField()
    total_is_exact = serializers.BooleanField(help_text="False: there are more; only so many were ranked.")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()


@extend_schema_field(serializers.DictField(child=serializers.DictField(child=serializers.IntegerField())))
class CountsField(serializers.DictField):
    """Counts by facet and value."""


class FacetsSerializer(serializers.Serializer[Any]):
    facets = CountsField(help_text="By `type`, `tags`, `source`, `owner` and `domain`: how many of what was found.")
    total = serializers.IntegerField()
    total_is_exact = serializers.BooleanField()


class TagBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=TAG_LENGTH)
    category = serializers.CharField(max_length=TAG_LENGTH, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    colour = serializers.CharField(required=False, allow_blank=True, help_text="As #1f77b4.")


class TagPatch(TagBody):
    name = serializers.CharField(max_length=TAG_LENGTH, required=False)


class TagSerializer(TagBody):
    id = serializers.UUIDField()
    asset_count = serializers.IntegerField(help_text="Assets that carry it.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
