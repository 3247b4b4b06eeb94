"""Living assets are counted as they are written: a list's total need not look at a million rows."""
# ruff: noqa: S608

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MANY = 500
"""Rows of one organization that are folded into one for each type."""

_PRESENT = """
    INSERT INTO catalog_assetcount (organization_id, type, amount)
    SELECT organization_id, type, count(*) FROM catalog_asset WHERE deleted_at IS NULL GROUP BY organization_id, type
"""

POSTGRESQL = [
    _PRESENT,
    f"""
    CREATE FUNCTION catalog_fold_counts(organization uuid) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM (
            SELECT 1 FROM catalog_assetcount WHERE organization_id = organization LIMIT {MANY + 1}
        ) AS few) > {MANY} THEN
            WITH folded AS (
                DELETE FROM catalog_assetcount WHERE id IN (
                    SELECT id FROM catalog_assetcount WHERE organization_id = organization FOR UPDATE SKIP LOCKED
                ) RETURNING type, amount
            )
            INSERT INTO catalog_assetcount (organization_id, type, amount)
            SELECT organization, type, sum(amount) FROM folded GROUP BY type HAVING sum(amount) <> 0;
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION catalog_count_assets() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO catalog_assetcount (organization_id, type, amount)
            SELECT organization_id, type, count(*) FROM added WHERE deleted_at IS NULL GROUP BY organization_id, type;
            PERFORM catalog_fold_counts(organization_id) FROM (SELECT DISTINCT organization_id FROM added) AS written;
        ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO catalog_assetcount (organization_id, type, amount)
            SELECT organization_id, type, sum(step) FROM (
                SELECT organization_id, type, 1 AS step FROM added WHERE deleted_at IS NULL
                UNION ALL SELECT organization_id, type, -1 FROM removed WHERE deleted_at IS NULL
            ) AS steps GROUP BY organization_id, type HAVING sum(step) <> 0;
            IF FOUND THEN
                PERFORM catalog_fold_counts(organization_id) FROM (SELECT DISTINCT organization_id FROM added) AS written;
            END IF;
        ELSE
            INSERT INTO catalog_assetcount (organization_id, type, amount)
            SELECT organization_id, type, -count(*) FROM removed WHERE deleted_at IS NULL GROUP BY organization_id, type;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER catalog_asset_added AFTER INSERT ON catalog_asset
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_assets()
    """,
    """
    CREATE TRIGGER catalog_asset_changed AFTER UPDATE ON catalog_asset
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_assets()
    """,
    """
    CREATE TRIGGER catalog_asset_removed AFTER DELETE ON catalog_asset
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_assets()
    """,
]


def _step(row: str, sign: str) -> str:
    """One row more or less, on SQLite."""
    return f"""
        INSERT INTO catalog_assetcount (organization_id, type, amount)
        SELECT {row}.organization_id, {row}.type, 0 WHERE {row}.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_assetcount WHERE organization_id = {row}.organization_id AND type = {row}.type
        );
        UPDATE catalog_assetcount SET amount = amount {sign} 1 WHERE {row}.deleted_at IS NULL
            AND organization_id = {row}.organization_id AND type = {row}.type;
    """


SQLITE = [
    _PRESENT,
    f"CREATE TRIGGER catalog_asset_added AFTER INSERT ON catalog_asset BEGIN {_step('new', '+')} END",
    f"""CREATE TRIGGER catalog_asset_changed AFTER UPDATE OF organization_id, type, deleted_at ON catalog_asset
        BEGIN {_step("old", "-")} {_step("new", "+")} END""",
    f"CREATE TRIGGER catalog_asset_removed AFTER DELETE ON catalog_asset BEGIN {_step('old', '-')} END",
]

DROP = [
    "DROP TRIGGER catalog_asset_added {on}",
    "DROP TRIGGER catalog_asset_changed {on}",
    "DROP TRIGGER catalog_asset_removed {on}",
]


def _create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def _drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in DROP:
        schema_editor.execute(statement.format(on="ON catalog_asset" if is_postgresql else ""))
    if is_postgresql:
        schema_editor.execute("DROP FUNCTION catalog_count_assets(), catalog_fold_counts(uuid)")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_tags_of_assets_without_a_check")]

    operations = [
        migrations.CreateModel(
            name="AssetCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("organization_id", models.UUIDField()),
                ("type", models.CharField(max_length=20)),
                ("amount", models.IntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization_id", "type"], name="asset_count_by_organization"),
                ],
            },
        ),
        migrations.RunPython(_create, _drop),
    ]
