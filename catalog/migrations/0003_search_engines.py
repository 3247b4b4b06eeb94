"""What each database searches with: inverted indexes on PostgreSQL, FTS5 tables on SQLite.

A later migration that makes Django build the table anew on SQLite must run `_create` once more: the triggers
go with the old table.
"""

from django.apps.registry import Apps
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    "CREATE INDEX catalog_search_words ON catalog_searchdocument USING gin (vector)",
    "CREATE INDEX catalog_search_parts ON catalog_searchdocument USING gin (folded gin_trgm_ops)",
]

SQLITE = [
    """CREATE VIRTUAL TABLE catalog_search_words USING fts5(
        scope, exact, name, path, columns, description,
        tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    )""",
    """CREATE VIRTUAL TABLE catalog_search_parts USING fts5(
        folded, content = 'catalog_searchdocument', content_rowid = 'id', tokenize = "trigram case_sensitive 1"
    )""",
    """CREATE TRIGGER catalog_searchdocument_added AFTER INSERT ON catalog_searchdocument BEGIN
        INSERT INTO catalog_search_parts (rowid, folded) VALUES (new.id, new.folded);
    END""",
    """CREATE TRIGGER catalog_searchdocument_removed AFTER DELETE ON catalog_searchdocument BEGIN
        INSERT INTO catalog_search_parts (catalog_search_parts, rowid, folded) VALUES ('delete', old.id, old.folded);
        DELETE FROM catalog_search_words WHERE rowid = old.id;
    END""",
]

NEEDS_EXTENSION = (
    "The search needs PostgreSQL's extension pg_trgm, and this role may not create it. Run"
    " 'CREATE EXTENSION pg_trgm' in the database as its owner or as a superuser (it comes with the server; on"
    " Debian in postgresql-contrib), or give the role the CREATE privilege on the database; then migrate again."
)


def _create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        _create_extension(connection)
    for statement in POSTGRESQL if connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def _create_extension(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone():
            return
        try:
            with transaction.atomic(using=connection.alias):
                cursor.execute("CREATE EXTENSION pg_trgm")
        except ProgrammingError as error:
            raise ImproperlyConfigured(f"{NEEDS_EXTENSION} PostgreSQL said: {str(error).strip()}") from error


def _drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        statements = ["DROP INDEX catalog_search_words", "DROP INDEX catalog_search_parts"]
    else:
        statements = [
            "DROP TRIGGER catalog_searchdocument_added",
            "DROP TRIGGER catalog_searchdocument_removed",
            "DROP TABLE catalog_search_words",
            "DROP TABLE catalog_search_parts",
        ]
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_derived_edges_and_words")]

    operations = [migrations.RunPython(_create, _drop)]
