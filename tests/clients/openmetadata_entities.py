"""What the public client's `OpenMetadata` class does with a server: run by its own Python, against a server's URL.

    python openmetadata_entities.py http://127.0.0.1:8000/api KEY

Makes a service with a database, a schema and tables, reads, lists, describes, tags, relates and deletes them.
Prints each step; ends with status 1 at the first thing that is not as the client expects.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from metadata.generated.schema.api.data.createDatabase import CreateDatabaseRequest
from metadata.generated.schema.api.data.createDatabaseSchema import CreateDatabaseSchemaRequest
from metadata.generated.schema.api.data.createTable import CreateTableRequest
from metadata.generated.schema.api.lineage.addLineage import AddLineageRequest
from metadata.generated.schema.api.services.createDatabaseService import CreateDatabaseServiceRequest
from metadata.generated.schema.entity.data.database import Database
from metadata.generated.schema.entity.data.databaseSchema import DatabaseSchema
from metadata.generated.schema.entity.data.table import Column, DataType, Table
from metadata.generated.schema.entity.services.connections.database.common.basicAuth import BasicAuth
from metadata.generated.schema.entity.services.connections.database.postgresConnection import PostgresConnection
from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import (
    OpenMetadataConnection,
)
from metadata.generated.schema.entity.services.databaseService import (
    DatabaseConnection,
    DatabaseService,
    DatabaseServiceType,
)
from metadata.generated.schema.security.client.openMetadataJWTClientConfig import OpenMetadataJWTClientConfig
from metadata.generated.schema.type.entityLineage import ColumnLineage, EntitiesEdge, LineageDetails, Source
from metadata.generated.schema.type.entityReference import EntityReference
from metadata.generated.schema.type.tagLabel import LabelType, State, TagLabel, TagSource
from metadata.ingestion.ometa.ometa_api import OpenMetadata

TABLES = 12
FIELDS = ["tags", "owners", "tableConstraints"]


class Session:
    """One walk through the client; `name` is new each time, so that a server can be used again."""

    def __init__(self, url: str, key: str) -> None:
        connection = OpenMetadataConnection(
            hostPort=url, authProvider="openmetadata", securityConfig=OpenMetadataJWTClientConfig(jwtToken=key)
        )
        self.client: Any = OpenMetadata(connection)
        self.name = f"client_{uuid4().hex[:8]}"
        self.tables: list[Any] = []

    def connects(self) -> None:
        assert self.client.health_check()
        assert self.client.get_server_version()

    def creates(self) -> None:
        config = PostgresConnection(
            username="reader", authType=BasicAuth(password="secret"), hostPort="db.internal:5432", database="shop"
        )
        self.service = self.client.create_or_update(
            CreateDatabaseServiceRequest(
                name=self.name, serviceType=DatabaseServiceType.Postgres, connection=DatabaseConnection(config=config)
            )
        )
        self.database = self.client.create_or_update(
            CreateDatabaseRequest(name="shop", service=self.service.fullyQualifiedName, description="The shop")
        )
        self.schema = self.client.create_or_update(
            CreateDatabaseSchemaRequest(name="public", database=self.database.fullyQualifiedName)
        )
        for number in range(TABLES):
            self.tables.append(self.client.create_or_update(self.table_request(f"t.{number}")))
        assert self.tables[0].fullyQualifiedName.root == f'{self.name}.shop.public."t.0"'
        again = self.client.create_or_update(self.table_request("t.0"))
        assert again.id == self.tables[0].id

    def table_request(self, name: str) -> Any:
        columns = [
            Column(name="id", dataType=DataType.BIGINT),
            Column(name="note", dataType=DataType.VARCHAR, dataLength=200, description="What was said"),
            Column(name="parts", dataType=DataType.ARRAY, arrayDataType=DataType.INT),
            Column(name="address", dataType=DataType.STRUCT, children=[Column(name="city", dataType=DataType.STRING)]),
        ]
        return CreateTableRequest(name=name, columns=columns, databaseSchema=self.schema.fullyQualifiedName)

    def gets(self) -> None:
        table = self.tables[0]
        by_id = self.client.get_by_id(Table, table.id, fields=FIELDS, nullable=False)
        by_name = self.client.get_by_name(Table, table.fullyQualifiedName, fields=FIELDS, nullable=False)
        assert by_id == by_name
        assert [column.name.root for column in by_id.columns] == ["id", "note", "parts", "address"]
        assert by_id.columns[1].dataLength == 200
        assert by_id.columns[2].arrayDataType == DataType.INT
        assert by_id.columns[3].children[0].name.root == "city"
        assert by_id.databaseSchema.name == "public"
        assert by_id.service.name == self.name
        every = self.client.get_by_name(Table, table.fullyQualifiedName, fields=["*"], nullable=False)
        assert every.id == table.id
        assert self.client.get_by_name(Table, f"{self.name}.shop.public.nothing") is None
        assert self.client.get_by_name(DatabaseService, self.name).id == self.service.id

    def lists(self) -> None:
        within = {"database": self.database.fullyQualifiedName.root}
        found = list(self.client.list_all_entities(Table, params=within, limit=5))
        assert sorted(table.name.root for table in found) == sorted(f"t.{number}" for number in range(TABLES))
        assert {one.name.root for one in self.client.list_all_entities(Database, params={"service": self.name})} == {
            "shop"
        }

    def describes(self) -> None:
        table = self.client.get_by_name(Table, self.tables[1].fullyQualifiedName, fields=FIELDS)
        said = self.client.patch_description(Table, source=table, description="Told by a client")
        assert said.description.root == "Told by a client"
        label = TagLabel(
            tagFQN="PII.Sensitive", source=TagSource.Classification, labelType=LabelType.Manual, state=State.Confirmed
        )
        self.client.patch_tags(entity=Table, source=said, tag_labels=[label])
        tagged = self.client.get_by_id(Table, table.id, fields=FIELDS)
        assert [tag.tagFQN.root for tag in tagged.tags] == ["PII.Sensitive"]
        assert tagged.version.root > table.version.root
        columns = self.client.patch_column_description(
            table=tagged, column_fqn=f"{tagged.fullyQualifiedName.root}.id", description="Its number"
        )
        assert columns.columns[0].description.root == "Its number"

    def relates(self) -> None:
        source, target = self.tables[0], self.tables[1]
        columns = ColumnLineage(
            fromColumns=[f"{source.fullyQualifiedName.root}.id"], toColumn=f"{target.fullyQualifiedName.root}.id"
        )
        details = LineageDetails(
            sqlQuery="INSERT INTO t1 SELECT id FROM t0",
            columnsLineage=[columns],
            source=Source.QueryLineage,
            description="Every night",
        )
        edge = EntitiesEdge(
            fromEntity=EntityReference(id=source.id, type="table"),
            toEntity=EntityReference(id=target.id, type="table"),
            lineageDetails=details,
        )
        added = self.client.add_lineage(AddLineageRequest(edge=edge))
        assert "error" not in added, added
        for found in (
            self.client.get_lineage_by_id("table", str(source.id.root)),
            self.client.get_lineage_by_name("table", source.fullyQualifiedName.root, up_depth=1, down_depth=2),
        ):
            assert found["entity"]["id"] == str(source.id.root)
            assert [node["id"] for node in found["nodes"]] == [str(target.id.root)]
            [down] = found["downstreamEdges"]
            assert (down["fromEntity"], down["toEntity"]) == (str(source.id.root), str(target.id.root))
            assert down["lineageDetails"]["sqlQuery"] == details.sqlQuery.root
            assert down["lineageDetails"]["columnsLineage"][0]["toColumn"] == columns.toColumn.root
        more = edge.model_copy(deep=True)
        more.lineageDetails.columnsLineage = [
            ColumnLineage(
                fromColumns=[f"{source.fullyQualifiedName.root}.note"],
                toColumn=f"{target.fullyQualifiedName.root}.note",
            )
        ]
        added = self.client.add_lineage(AddLineageRequest(edge=more), check_patch=True)
        [down] = added["downstreamEdges"]
        assert len(down["lineageDetails"]["columnsLineage"]) == 2, down
        self.client.delete_lineage_edge(edge)
        assert not self.client.get_lineage_by_id("table", str(source.id.root))["downstreamEdges"]

    def deletes(self) -> None:
        self.client.delete(Table, self.tables[2].id)
        assert self.client.get_by_id(Table, self.tables[2].id) is None
        self.client.delete(DatabaseService, self.service.id, recursive=True, hard_delete=True)
        assert self.client.get_by_name(DatabaseService, self.name) is None
        assert self.client.get_by_name(DatabaseSchema, self.schema.fullyQualifiedName) is None


def main(url: str, key: str) -> None:
    session = Session(url, key)
    steps: list[Callable[[], None]] = [
        session.connects,
        session.creates,
        session.gets,
        session.lists,
        session.describes,
        session.relates,
        session.deletes,
    ]
    for step in steps:
        step()
        print(step.__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
