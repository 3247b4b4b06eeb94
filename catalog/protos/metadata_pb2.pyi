from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Asset(_message.Message):
    __slots__ = ("id", "type", "name", "qualified_name", "description", "metadata", "tags", "created_at", "updated_at", "schema", "version", "owner", "source", "created_by", "last_seen_at", "stale_since", "domain", "terms")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    STALE_SINCE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    qualified_name: str
    description: str
    metadata: _struct_pb2.Struct
    tags: _containers.RepeatedCompositeFieldContainer[Tag]
    created_at: int
    updated_at: int
    schema: _containers.RepeatedCompositeFieldContainer[SchemaElement]
    version: int
    owner: Named
    source: Named
    created_by: Named
    last_seen_at: int
    stale_since: int
    domain: Named
    terms: _containers.RepeatedCompositeFieldContainer[TermLink]
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., qualified_name: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tags: _Optional[_Iterable[_Union[Tag, _Mapping]]] = ..., created_at: _Optional[int] = ..., updated_at: _Optional[int] = ..., schema: _Optional[_Iterable[_Union[SchemaElement, _Mapping]]] = ..., version: _Optional[int] = ..., owner: _Optional[_Union[Named, _Mapping]] = ..., source: _Optional[_Union[Named, _Mapping]] = ..., created_by: _Optional[_Union[Named, _Mapping]] = ..., last_seen_at: _Optional[int] = ..., stale_since: _Optional[int] = ..., domain: _Optional[_Union[Named, _Mapping]] = ..., terms: _Optional[_Iterable[_Union[TermLink, _Mapping]]] = ...) -> None: ...

class Named(_message.Message):
    __slots__ = ("id", "name", "type")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    type: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class TermLink(_message.Message):
    __slots__ = ("id", "name", "status", "column")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    status: str
    column: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[str] = ..., column: _Optional[str] = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ("id", "name", "category", "description")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    category: str
    description: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., category: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class SchemaElement(_message.Message):
    __slots__ = ("name", "type", "nullable", "position", "description", "tags", "children", "primary_key", "default")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NULLABLE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_KEY_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    nullable: bool
    position: int
    description: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    children: _containers.RepeatedCompositeFieldContainer[SchemaElement]
    primary_key: bool
    default: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., nullable: _Optional[bool] = ..., position: _Optional[int] = ..., description: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., children: _Optional[_Iterable[_Union[SchemaElement, _Mapping]]] = ..., primary_key: _Optional[bool] = ..., default: _Optional[str] = ...) -> None: ...

class GetAssetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListAssetsRequest(_message.Message):
    __slots__ = ("type", "tag_ids", "limit", "offset", "search", "sort", "owner", "domain", "term")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TAG_IDS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    type: str
    tag_ids: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    offset: int
    search: str
    sort: str
    owner: str
    domain: str
    term: str
    def __init__(self, type: _Optional[str] = ..., tag_ids: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ..., search: _Optional[str] = ..., sort: _Optional[str] = ..., owner: _Optional[str] = ..., domain: _Optional[str] = ..., term: _Optional[str] = ...) -> None: ...

class ListAssetsResponse(_message.Message):
    __slots__ = ("assets", "total", "has_more")
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedCompositeFieldContainer[Asset]
    total: int
    has_more: bool
    def __init__(self, assets: _Optional[_Iterable[_Union[Asset, _Mapping]]] = ..., total: _Optional[int] = ..., has_more: _Optional[bool] = ...) -> None: ...

class CreateAssetRequest(_message.Message):
    __slots__ = ("type", "name", "qualified_name", "description", "metadata", "tags", "schema", "owner", "domain", "terms")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    type: str
    name: str
    qualified_name: str
    description: str
    metadata: _struct_pb2.Struct
    tags: _containers.RepeatedScalarFieldContainer[str]
    schema: _containers.RepeatedCompositeFieldContainer[SchemaElement]
    owner: str
    domain: str
    terms: _containers.RepeatedCompositeFieldContainer[TermLink]
    def __init__(self, type: _Optional[str] = ..., name: _Optional[str] = ..., qualified_name: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tags: _Optional[_Iterable[str]] = ..., schema: _Optional[_Iterable[_Union[SchemaElement, _Mapping]]] = ..., owner: _Optional[str] = ..., domain: _Optional[str] = ..., terms: _Optional[_Iterable[_Union[TermLink, _Mapping]]] = ...) -> None: ...

class UpdateAssetRequest(_message.Message):
    __slots__ = ("id", "type", "name", "qualified_name", "description", "metadata", "tags", "schema", "owner", "version", "update_mask", "domain", "terms")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    qualified_name: str
    description: str
    metadata: _struct_pb2.Struct
    tags: _containers.RepeatedScalarFieldContainer[str]
    schema: _containers.RepeatedCompositeFieldContainer[SchemaElement]
    owner: str
    version: int
    update_mask: _field_mask_pb2.FieldMask
    domain: str
    terms: _containers.RepeatedCompositeFieldContainer[TermLink]
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., qualified_name: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tags: _Optional[_Iterable[str]] = ..., schema: _Optional[_Iterable[_Union[SchemaElement, _Mapping]]] = ..., owner: _Optional[str] = ..., version: _Optional[int] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., domain: _Optional[str] = ..., terms: _Optional[_Iterable[_Union[TermLink, _Mapping]]] = ...) -> None: ...

class DeleteAssetRequest(_message.Message):
    __slots__ = ("id", "version")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: int
    def __init__(self, id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class GetLineageRequest(_message.Message):
    __slots__ = ("asset_id", "depth", "direction", "limit")
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    asset_id: str
    depth: int
    direction: str
    limit: int
    def __init__(self, asset_id: _Optional[str] = ..., depth: _Optional[int] = ..., direction: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class LineageGraph(_message.Message):
    __slots__ = ("asset", "upstream", "downstream", "truncated")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    DOWNSTREAM_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    asset: Asset
    upstream: _containers.RepeatedCompositeFieldContainer[LineageEdge]
    downstream: _containers.RepeatedCompositeFieldContainer[LineageEdge]
    truncated: bool
    def __init__(self, asset: _Optional[_Union[Asset, _Mapping]] = ..., upstream: _Optional[_Iterable[_Union[LineageEdge, _Mapping]]] = ..., downstream: _Optional[_Iterable[_Union[LineageEdge, _Mapping]]] = ..., truncated: _Optional[bool] = ...) -> None: ...

class LineageEdge(_message.Message):
    __slots__ = ("asset", "relationship", "depth")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    RELATIONSHIP_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    asset: Asset
    relationship: Relationship
    depth: int
    def __init__(self, asset: _Optional[_Union[Asset, _Mapping]] = ..., relationship: _Optional[_Union[Relationship, _Mapping]] = ..., depth: _Optional[int] = ...) -> None: ...

class Relationship(_message.Message):
    __slots__ = ("id", "source_asset_id", "target_asset_id", "type", "metadata", "created_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    source_asset_id: str
    target_asset_id: str
    type: str
    metadata: _struct_pb2.Struct
    created_at: int
    def __init__(self, id: _Optional[str] = ..., source_asset_id: _Optional[str] = ..., target_asset_id: _Optional[str] = ..., type: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[int] = ...) -> None: ...

class CreateRelationshipRequest(_message.Message):
    __slots__ = ("source_asset_id", "target_asset_id", "type", "metadata")
    SOURCE_ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    source_asset_id: str
    target_asset_id: str
    type: str
    metadata: _struct_pb2.Struct
    def __init__(self, source_asset_id: _Optional[str] = ..., target_asset_id: _Optional[str] = ..., type: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("query", "type", "tag_ids", "limit", "offset")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TAG_IDS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    query: str
    type: str
    tag_ids: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    offset: int
    def __init__(self, query: _Optional[str] = ..., type: _Optional[str] = ..., tag_ids: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("results", "total", "total_is_exact", "has_more")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TOTAL_IS_EXACT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SearchResult]
    total: int
    total_is_exact: bool
    has_more: bool
    def __init__(self, results: _Optional[_Iterable[_Union[SearchResult, _Mapping]]] = ..., total: _Optional[int] = ..., total_is_exact: _Optional[bool] = ..., has_more: _Optional[bool] = ...) -> None: ...

class SearchResult(_message.Message):
    __slots__ = ("asset", "score", "highlights")
    class HighlightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Highlights
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Highlights, _Mapping]] = ...) -> None: ...
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHTS_FIELD_NUMBER: _ClassVar[int]
    asset: Asset
    score: float
    highlights: _containers.MessageMap[str, Highlights]
    def __init__(self, asset: _Optional[_Union[Asset, _Mapping]] = ..., score: _Optional[float] = ..., highlights: _Optional[_Mapping[str, Highlights]] = ...) -> None: ...

class Highlights(_message.Message):
    __slots__ = ("fragments",)
    FRAGMENTS_FIELD_NUMBER: _ClassVar[int]
    fragments: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, fragments: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateTaskRequest(_message.Message):
    __slots__ = ("type", "priority", "payload")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    type: str
    priority: int
    payload: _struct_pb2.Struct
    def __init__(self, type: _Optional[str] = ..., priority: _Optional[int] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class BackgroundTask(_message.Message):
    __slots__ = ("id", "type", "status", "progress", "result", "error", "created_at", "started_at", "finished_at", "priority", "phase", "payload")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    status: str
    progress: int
    result: _struct_pb2.Struct
    error: TaskError
    created_at: int
    started_at: int
    finished_at: int
    priority: int
    phase: str
    payload: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., status: _Optional[str] = ..., progress: _Optional[int] = ..., result: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error: _Optional[_Union[TaskError, _Mapping]] = ..., created_at: _Optional[int] = ..., started_at: _Optional[int] = ..., finished_at: _Optional[int] = ..., priority: _Optional[int] = ..., phase: _Optional[str] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class TaskError(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
