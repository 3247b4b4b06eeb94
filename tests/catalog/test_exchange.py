"""Assets out to files and back in: what is read is what was written, and nothing is done before it was seen."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actor import Actor
from accounts.services import create_team
from audit.models import AuditEvent
from catalog import files
from catalog.files import BadRow, rows_of_text, text_of
from catalog.json_stream import VALUE_LIMIT
from catalog.models import Asset, Domain, Glossary, GlossaryTerm, SearchDocument, Tag
from catalog.services import create_concept
from catalog.services.exchange import export_rows, plan_import, read_file
from contracts.errors import Forbidden, Invalid, TooLarge
from tests.adminkit import messages_of, page, session_of
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db

ROWS: list[dict[str, Any]] = [
    {"type": "TABLE", "name": "a", "qualified_name": "p.a", "tags": ["x;y", "[z]"], "metadata": {"rows": 1}},
    {"type": "TABLE", "name": "b", "qualified_name": "p.b", "description": 'Ü, "q"\nline', "tags": ["x"]},
]


def sent(name: str, content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode())


def post(browser: Client, content: str, name: str = "assets.csv") -> Any:
    return browser.post(page("catalog_asset_import"), {"file": sent(name, content)})


@pytest.mark.parametrize("kind", ["csv", "json", "ndjson"])
@pytest.mark.parametrize("rows", [[], ROWS])
def test_what_is_written_is_read(kind: str, rows: list[dict[str, Any]]) -> None:
    assert list(rows_of_text(io.StringIO("".join(text_of(rows, kind)), newline=""), kind)) == rows


def test_a_wide_table_comes_back_from_csv() -> None:
    rows = [{"name": "wide", "schema": [{"name": f"column_{number}", "type": "TEXT"} for number in range(5000)]}]
    assert list(rows_of_text(io.StringIO("".join(text_of(rows, "csv")), newline=""), "csv")) == rows


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''", "'")  # noqa: RUF001


@pytest.mark.parametrize("text", [*FORMULAS, "'quoted'", "a=1", "'a", "it's", "one\rtwo\r\nthree\n"])
def test_a_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    row = {"name": text, "description": text, "tags": [text.strip().split()[0], "x"], "owner": text}
    (header, *cells) = csv.reader(io.StringIO("".join(text_of([row], "csv")), newline=""))
    assert all(cell[:1] not in "=+-@\t\r\n＝" for cell in cells[0] if cell)  # noqa: RUF001
    written = "".join(text_of([row], "csv"))
    assert list(rows_of_text(io.StringIO(written, newline=""), "csv")) == [row]
    assert header[0] == "type"


def test_only_what_was_written_so_is_taken_off() -> None:
    rows = rows_of_text(io.StringIO("name,description\n'quoted','=1\n'',\"'-x\"\n"), "csv")
    assert list(rows) == [{"name": "'quoted'", "description": "=1"}, {"name": "'", "description": "-x"}]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_export_is_imported_elsewhere_as_it_was(kind: str, alice_actor: Actor, bob_actor: Actor) -> None:
    create_team(actor=alice_actor, data={"name": "stewards"})
    create_concept(actor=bob_actor, model=Domain, data={"name": "Finance"})
    create_concept(actor=bob_actor, model=Glossary, data={"name": "Business"})
    create_concept(actor=bob_actor, model=GlossaryTerm, data={"name": "Customer", "glossary": "Business"})
    said = {"domain": "Finance", "description": "People", "tags": ["b", "a"], "metadata": {"rows": 1}}
    terms = ["Customer", {"name": "Customer", "column": "id"}]
    schema = [{"name": "id", "type": "int"}]
    make_asset(bob_actor, "users", owner="stewards", terms=terms, schema=schema, **said)
    make_asset(bob_actor, "orders", owner="bob")
    keys = list(Asset.objects.values_list("pk", flat=True))
    text = "".join(text_of(export_rows(keys), kind))
    plan = plan_import(actor=bob_actor, rows=read_file(text.encode(), kind))
    assert (plan.result.unchanged, plan.result.errors) == (2, [])
    changed = read_file(text.replace("People", "Persons").encode(), kind)
    (change,) = plan_import(actor=bob_actor, rows=changed).changes
    assert change.before is not None
    assert change.after is not None
    assert (change.before["description"], change.after["description"]) == ("People", "Persons")


def test_a_plan_leaves_nothing_behind(bob_actor: Actor, vera_actor: Actor) -> None:
    before = [model.objects.count() for model in (Asset, Tag, AuditEvent, SearchDocument)]
    plan = plan_import(actor=bob_actor, rows=[*ROWS, {"name": "c"}, 5])
    assert (plan.result.created, [error.index for error in plan.result.errors]) == (2, [2, 3])
    assert [change.name for change in plan.changes] == ["p.a", "p.b"]
    assert [model.objects.count() for model in (Asset, Tag, AuditEvent, SearchDocument)] == before
    with pytest.raises(Forbidden):
        plan_import(actor=vera_actor, rows=ROWS)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff", "csv"),
        (b"{", "json"),
        (b"a,b\n1,2,3", "csv"),
        (b"metadata\n{", "csv"),
        (b"", "xlsx"),
        (b"{", "ndjson"),
    ],
)
def test_files_that_cannot_be_read_are_refused(content: bytes, kind: str) -> None:
    with pytest.raises(Invalid):
        read_file(content, kind)
    with pytest.raises(TooLarge):
        read_file(b"{}\n" * 10_001, "ndjson")


def test_a_csv_is_told_what_is_wrong_with_it() -> None:
    with pytest.raises(Invalid, match="not text in UTF-8"):
        read_file("name,type,qualified_name\nKöln,TABLE,k\n".encode("latin-1"), "csv")
    with pytest.raises(Invalid, match="more than"):
        read_file(b"name\n" + b"x" * (VALUE_LIMIT + 1), "csv")


BAD_ROWS: list[tuple[str, str, int, str]] = [
    ("csv", 'name,type\n1,"2\n2"\n1,2,3\n7,8', 4, "Line 4 of the CSV has more fields than its first line"),
    ("csv", "name,metadata\na,{}\nb,{\n7,{}", 3, "`metadata` in line 3 of the CSV is not JSON"),
    ("csv", "name,schema\na,[]\nb,[" + "[" * 100_000 + "\n7,[]", 3, "`schema` in line 3 of the CSV is not JSON"),
    ("csv", 'name,tags\na,x\nb,"[""x"\n7,x', 3, "`tags` in line 3 of the CSV is not JSON"),
    ("csv", 'name,type\na,b\n"b"c,d\n7,8', 3, "Line 3 of the CSV cannot be read: ',' expected after '\"'"),
    ("csv", 'name,type\n7,8\n"b,c\nd,e\n', 3, "Lines 3 to 4 of the CSV cannot be read: unexpected end of data"),
    ("csv", 'name,type\n7,8\n"b', 3, "Line 3 of the CSV cannot be read: unexpected end of data"),
    ("ndjson", '{"name": "a"}\n\n{"name": "b"\n{"name": "7"}', 3, "Line 3 is not JSON"),
    ("ndjson", '{"name": "a"}\n' + "[" * 100_000 + '\n{"name": "7"}\n', 2, "Line 2 is not JSON"),
    ("ndjson", "x\n" * 9 + '{"name": "7"}\n', 1, "Line 1 is not JSON"),
]


@pytest.mark.parametrize(("kind", "content", "line", "message"), BAD_ROWS)
def test_a_row_that_cannot_be_read_says_where_and_the_rest_is_read(
    kind: str, content: str, line: int, message: str
) -> None:
    rows = read_file(content.encode(), kind)
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert (bad[0].line, bad[0].message) == (line, message)
    assert [row["name"] for row in rows if isinstance(row, dict)][-1] == "7"


def test_a_line_without_an_end_is_one_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "VALUE_LIMIT", 20)
    content = '{"name": "a"}\n{"name": "' + "x" * 50 + '"}\n{"name": "123456"}\n{"name": "1234567"}'
    rows = list(rows_of_text(io.StringIO(content, newline=""), "ndjson"))
    assert rows == [
        {"name": "a"},
        BadRow(2, "Line 2 has more than 20 characters"),
        {"name": "123456"},
        {"name": "1234567"},
    ]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ("name,metadata\n" + "a,{\n" * 10 + "b,{}\n", "csv", "`metadata` in line 2 of the CSV is not JSON"),
        ("name\na,b\n", "csv", "Line 2 of the CSV has more fields"),
        ('name,"type\n', "csv", "The CSV cannot be read"),
        ("\n" + "x\n" * 10 + "{}\n", "ndjson", "Line 2 is not JSON"),
        ("<html>\n", "ndjson", "Line 1 is not JSON"),
    ],
)
def test_a_file_that_begins_with_nothing_to_read_is_refused(content: str, kind: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_file(content.encode(), kind)


def test_what_follows_the_assets_of_a_json_file_is_not_lost_in_silence() -> None:
    row = b'{"type": "TABLE", "name": "a", "qualified_name": "p.a"}'
    for tail in (b"}", b', "made_at": [1, {}], "relationships": []}'):
        assert [one["name"] for one in read_file(b'{"assets": [' + row + b"]" + tail, "json")] == ["a"]
    with pytest.raises(Invalid, match="/v1/ingestion/batch"):
        read_file(b'{"assets": [' + row + b'], "options": {}, "relationships": [{"source": "p.a"}]}', "json")
    with pytest.raises(Invalid, match="cut off"):
        read_file(b'{"assets": [' + row + b"]", "json")


# By hand --------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_and_then_imported(bob_member, bob_actor: Actor, charlie_member) -> None:
    browser = session_of(bob_member)
    make_asset(bob_actor, description="old")
    content = (
        "type,name,qualified_name,description,owner,tags\n"
        "TABLE,users,prod.public.users,new,bob,a;b\nVIEW,v,prod.v,,nobody,\nVIEW,w,prod.w,,,\nSHOE,x,prod.x,,,\n"
        "VIEW,again,prod.w,,,\n"
    )
    answer = post(browser, content)
    text = answer.content.decode()
    assert "description, owner, tags" in text
    refused = (
        (2, "There is no such member or team"),
        (4, "This must be one of TABLE"),
        (5, "same qualified name (row 3)"),
    )
    for row, words in refused:
        assert any(error[0] == row and words in error[2] for error in answer.context["errors"])
        assert words in text
    assert Asset.objects.get().description == "old"
    key = {"key": answer.context["key"]}
    stranger = session_of(charlie_member).post(page("catalog_asset_import"), key, follow=True)
    assert "no longer kept" in messages_of(stranger)[0]
    done = browser.post(page("catalog_asset_import"), key, follow=True)
    assert messages_of(done) == ["Imported: 1 made, 1 changed, 0 as they were.", "3 rows were left out."]
    asset = Asset.objects.get(name="users")
    assert (asset.description, asset.owner, asset.tags.count()) == ("new", bob_member.user, 2)
    assert "no longer kept" in messages_of(browser.post(page("catalog_asset_import"), key, follow=True))[0]


def test_a_bad_file_is_told_and_a_viewer_imports_nothing(bob_member, vera_member) -> None:
    browser = session_of(bob_member)
    assert "A file is one of" in messages_of(post(browser, "x", "assets.xlsx"))[0]
    assert "cut off or damaged" in messages_of(post(browser, "[{", "assets.json"))[0]
    assert browser.get(page("catalog_asset_import")).status_code == 200
    assert post(session_of(vera_member), "type\n").status_code == 403


@pytest.mark.parametrize(("action", "kind"), [("export_csv", "csv"), ("export_json", "json")])
def test_a_selection_is_exported(action: str, kind: str, vera_member, bob_actor: Actor, charlie_actor: Actor) -> None:
    mine, theirs = make_asset(bob_actor, tags=["a"]), make_asset(charlie_actor, "secret")
    body = {"action": action, "_selected_action": [str(mine.pk), str(theirs.pk)]}
    answer: Any = session_of(vera_member).post(page("catalog_asset_changelist"), body)
    assert answer["Content-Disposition"] == f'attachment; filename="assets.{kind}"'
    rows = read_file(b"".join(answer.streaming_content), kind)
    assert [(row["qualified_name"], row["tags"]) for row in rows] == [("prod.public.users", ["a"])]
