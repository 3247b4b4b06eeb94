"""What a tag, a term or a domain is said of is counted as it is written: showing the count reads no assets.

A link is written after its asset. Whether an asset lives is looked up row by row: PostgreSQL keeps a function's plans,
and one that was made for a small table must not read all of a large one.
"""
# ruff: noqa: S608

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MANY = 100
"""Rows of one tag, term or domain that are folded into one."""

_PRESENT = """
    INSERT INTO catalog_usecount (entity_id, amount)
    SELECT t.tag_id, count(*) FROM catalog_assettag t JOIN catalog_asset a ON a.id = t.asset_id
    WHERE a.deleted_at IS NULL GROUP BY t.tag_id
    UNION ALL
    SELECT t.term_id, count(DISTINCT t.asset_id) FROM catalog_assetterm t JOIN catalog_asset a ON a.id = t.asset_id
    WHERE a.deleted_at IS NULL GROUP BY t.term_id
    UNION ALL
    SELECT domain_id, count(*) FROM catalog_asset WHERE deleted_at IS NULL AND domain_id IS NOT NULL GROUP BY domain_id
"""

_FOLD = """
    CREATE FUNCTION catalog_fold_uses(entities uuid[], many integer) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan TO off AS $$
    DECLARE entity uuid;
    BEGIN
        FOREACH entity IN ARRAY coalesce(entities, '{}') LOOP
            IF (SELECT count(*) FROM (
                SELECT 1 FROM catalog_usecount WHERE entity_id = entity LIMIT many + 1
            ) AS few) > many THEN
                WITH folded AS (
                    DELETE FROM catalog_usecount WHERE id IN (
                        SELECT id FROM catalog_usecount WHERE entity_id = entity FOR UPDATE SKIP LOCKED
                    ) RETURNING amount
                )
                INSERT INTO catalog_usecount (entity_id, amount)
                SELECT entity, sum(amount) FROM folded HAVING sum(amount) <> 0;
            END IF;
        END LOOP;
    END $$
"""


def _note(steps: str) -> str:
    """Statements of PL/pgSQL that add up `steps`, rows of an entity and by how many it is said of more or less."""
    return f"""
        WITH noted AS (
            INSERT INTO catalog_usecount (entity_id, amount)
            SELECT entity, sum(step) FROM ({steps}) AS steps GROUP BY entity HAVING sum(step) <> 0 RETURNING entity_id
        )
        SELECT array_agg(entity_id) INTO written FROM noted;
        PERFORM catalog_fold_uses(written, {MANY});
    """


def _written(columns: str, condition: str = "true") -> dict[str, str]:
    """The rows that each kind of statement wrote, with a step of 1 for those added and of -1 for those removed."""
    added, removed = (
        f"SELECT {columns}, {step} AS step FROM {rows} WHERE {condition}"
        for rows, step in (("added", 1), ("removed", -1))
    )
    return {"INSERT": added, "UPDATE": f"{added} UNION ALL {removed}", "DELETE": removed}


def _function(name: str, bodies: dict[str, str]) -> str:
    branches = "".join(f"IF TG_OP = '{kind}' THEN {body} END IF;" for kind, body in bodies.items())
    return f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan TO off AS $$
        DECLARE written uuid[];
        BEGIN {branches} RETURN NULL; END $$
    """


_LIVES = "(SELECT deleted_at IS NULL FROM catalog_asset WHERE id = asset_id)"


def _tag_steps(links: str) -> str:
    return f"SELECT tag_id AS entity, step FROM ({links}) AS links WHERE {_LIVES}"


def _term_steps(links: str) -> str:
    """A term counts once for an asset, of however many columns it is said."""
    return f"""
        SELECT term_id AS entity, (present > 0)::int - (present > step)::int AS step FROM (
            SELECT asset_id, term_id, sum(step) AS step, (
                SELECT count(*) FROM catalog_assetterm AS said
                WHERE said.asset_id = links.asset_id AND said.term_id = links.term_id
            ) AS present
            FROM ({links}) AS links GROUP BY asset_id, term_id
        ) AS pairs WHERE {_LIVES}
    """


def _link_steps(assets: str) -> str:
    """What the tags and terms of assets gain or lose with them. `OFFSET 0` keeps it a look-up for each asset."""
    return f"""
        SELECT entity, step FROM (
            SELECT id, sum(step) AS step FROM ({assets}) AS each GROUP BY id HAVING sum(step) <> 0
        ) AS turned, LATERAL (
            SELECT tag_id AS entity FROM catalog_assettag WHERE asset_id = turned.id
            UNION ALL SELECT DISTINCT term_id FROM catalog_assetterm WHERE asset_id = turned.id OFFSET 0
        ) AS linked
    """


_PLACED = {
    kind: _note(f"SELECT domain_id AS entity, step FROM ({steps}) AS placed")
    for kind, steps in _written("domain_id", "deleted_at IS NULL AND domain_id IS NOT NULL").items()
}
_LIVING = _written("id", "deleted_at IS NULL")
_TURNED = f"""
    IF EXISTS (SELECT FROM added WHERE deleted_at IS NOT NULL)
        OR EXISTS (SELECT FROM removed WHERE deleted_at IS NOT NULL) THEN {_note(_link_steps(_LIVING["UPDATE"]))}
    END IF;
"""
_FORGET = "PERFORM catalog_fold_uses((SELECT array_agg(id) FROM removed), 0);"

_FUNCTIONS = {
    "catalog_count_tagged": {kind: _note(_tag_steps(links)) for kind, links in _written("asset_id, tag_id").items()},
    "catalog_count_termed": {kind: _note(_term_steps(links)) for kind, links in _written("asset_id, term_id").items()},
    "catalog_count_uses": {
        "INSERT": _PLACED["INSERT"],
        "UPDATE": _PLACED["UPDATE"] + _TURNED,
        "DELETE": _PLACED["DELETE"] + _note(_link_steps(_LIVING["DELETE"])),
    },
    "catalog_forget_uses": {"DELETE": _FORGET},
}
_WRITTEN = {
    "added": ("INSERT", "NEW TABLE AS added"),
    "changed": ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
    "removed": ("DELETE", "OLD TABLE AS removed"),
}
_TRIGGERS = [
    *(
        (table, name, kind)
        for table, name in (
            ("catalog_assettag", "catalog_count_tagged"),
            ("catalog_assetterm", "catalog_count_termed"),
            ("catalog_asset", "catalog_count_uses"),
        )
        for kind in _WRITTEN
    ),
    *((table, "catalog_forget_uses", "removed") for table in ("catalog_tag", "catalog_glossaryterm", "catalog_domain")),
]

POSTGRESQL = [
    _FOLD,
    *(_function(name, bodies) for name, bodies in _FUNCTIONS.items()),
    *(
        f"CREATE TRIGGER {table}_use_{kind} AFTER {_WRITTEN[kind][0]} ON {table} REFERENCING {_WRITTEN[kind][1]}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        for table, name, kind in _TRIGGERS
    ),
]


def _step(entities: str, sign: str) -> str:
    """These are said of one asset more or less, on SQLite."""
    return f"""
        INSERT INTO catalog_usecount (entity_id, amount) SELECT entity, 0 FROM ({entities}) AS said
        WHERE NOT EXISTS (SELECT 1 FROM catalog_usecount WHERE entity_id = entity);
        UPDATE catalog_usecount SET amount = amount {sign} 1 WHERE entity_id IN ({entities});
    """


def _lives(row: str) -> str:
    return f"EXISTS (SELECT 1 FROM catalog_asset WHERE id = {row}.asset_id AND deleted_at IS NULL)"


def _tagged(row: str) -> str:
    return f"SELECT {row}.tag_id AS entity WHERE {_lives(row)}"


def _termed(row: str, links: int) -> str:
    """The term, where so many links to it are left on the asset."""
    return f"""SELECT {row}.term_id AS entity WHERE {_lives(row)} AND {links} = (
        SELECT count(*) FROM catalog_assetterm WHERE asset_id = {row}.asset_id AND term_id = {row}.term_id
    )"""


def _said(row: str) -> str:
    return f"""
        SELECT {row}.domain_id AS entity WHERE {row}.domain_id IS NOT NULL AND {row}.deleted_at IS NULL
        UNION SELECT tag_id FROM catalog_assettag WHERE asset_id = {row}.id AND {row}.deleted_at IS NULL
        UNION SELECT term_id FROM catalog_assetterm WHERE asset_id = {row}.id AND {row}.deleted_at IS NULL
    """


def _steps_of_row(table: str, removed: str, added: str, otherwise: str) -> list[str]:
    """Triggers of a table on SQLite; a row that is changed counts where it is `otherwise`."""
    return [
        f"CREATE TRIGGER {table}_use_added AFTER INSERT ON {table} BEGIN {added} END",
        f"CREATE TRIGGER {table}_use_changed AFTER UPDATE ON {table} WHEN {otherwise} BEGIN {removed} {added} END",
        f"CREATE TRIGGER {table}_use_removed AFTER DELETE ON {table} BEGIN {removed} END",
    ]


SQLITE = [
    *_steps_of_row(
        "catalog_assettag",
        _step(_tagged("old"), "-"),
        _step(_tagged("new"), "+"),
        "(old.asset_id, old.tag_id) <> (new.asset_id, new.tag_id)",
    ),
    *_steps_of_row(
        "catalog_assetterm",
        _step(_termed("old", 0), "-"),
        _step(_termed("new", 1), "+"),
        "(old.asset_id, old.term_id) <> (new.asset_id, new.term_id)",
    ),
    *_steps_of_row(
        "catalog_asset",
        _step(_said("old"), "-"),
        _step(_said("new"), "+"),
        "old.domain_id IS NOT new.domain_id OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL)",
    ),
    *(
        f"CREATE TRIGGER {table}_use_removed AFTER DELETE ON {table}"
        " BEGIN DELETE FROM catalog_usecount WHERE entity_id = old.id AND amount = 0; END"
        for table in ("catalog_tag", "catalog_glossaryterm", "catalog_domain")
    ),
]


def _create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)
    schema_editor.execute(_PRESENT)  # nobody writes between: making the triggers has locked the tables


def _drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table, _, kind in _TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER {table}_use_{kind}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        for name in _FUNCTIONS:
            schema_editor.execute(f"DROP FUNCTION {name}()")
        schema_editor.execute("DROP FUNCTION catalog_fold_uses(uuid[], integer)")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_index_every_order")]

    operations = [
        migrations.CreateModel(
            name="UseCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_id", models.UUIDField()),
                ("amount", models.IntegerField()),
            ],
            options={"indexes": [models.Index(fields=["entity_id"], name="use_count_by_entity")]},
        ),
        migrations.RunPython(_create, _drop),
    ]
