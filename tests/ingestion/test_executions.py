"""A run told in full: its lines, its error, and what it changed."""

import pytest

from ingestion import differences
from ingestion.connectors.base import SourceError
from ingestion.models import JobLog, JobStatus
from ingestion.services.logs import HEAD, TAIL, RunLog, told_in_full
from tests.ingestion.conftest import only_job, run_sql
from tests.ingestion.test_runs import shelf, source  # noqa: F401  fixtures

URL = "/api/v1/tasks"


def path_of(job) -> str:
    return f"{URL}/{job.task_id}/executions/{job.pk}"


@pytest.fixture
def second_run(shop, shop_source, collect):
    """A run after a table was added, one changed and a view dropped."""
    collect(shop_source)
    run_sql(
        shop,
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY); ALTER TABLE customers ADD COLUMN phone TEXT;"
        "DROP VIEW spending;",
    )
    return collect(shop_source, {"max_loss": 1})


def test_run_tells_what_appeared_changed_and_vanished(bob, second_run):
    body = bob.get(path_of(second_run)).json()
    assert body["changes"] == {"appeared": 1, "changed": 1, "renamed": 0, "vanished": 1}
    page = bob.get(f"{path_of(second_run)}/changes").json()
    assert page["total"] == 3
    told = {row["kind"]: (row["qualified_name"], row["fields_changed"]) for row in page["data"]}
    assert told["appeared"] == ("shop.shop.invoices", [])
    assert told["changed"] == ("shop.shop.customers", ["schema"])
    assert told["vanished"] == ("shop.shop.spending", ["stale_since"])


def test_changes_can_be_filtered_and_paged(bob, second_run):
    path = f"{path_of(second_run)}/changes"
    assert [row["kind"] for row in bob.get(path, {"kind": "vanished"}).json()["data"]] == ["vanished"]
    second = bob.get(path, {"page": 2, "page_size": 2}).json()
    assert (len(second["data"]), second["total"]) == (1, 3)
    assert bob.get(path, {"kind": "gone"}).status_code == 400


def test_what_comes_back_has_appeared(shop, shop_source, collect, bob_actor, second_run):
    run_sql(shop, "CREATE VIEW spending AS SELECT 1 AS one;")
    job = collect(shop_source)
    assert differences.count_changes(bob_actor, job) == {"appeared": 1, "changed": 0, "renamed": 0, "vanished": 0}


def test_run_before_it_has_other_changes(bob, shop_source, second_run, collect):
    first = second_run.task.jobs.exclude(pk=second_run.pk).get()
    assert bob.get(path_of(first)).json()["changes"]["appeared"] == 4
    again = collect(shop_source)
    assert set(bob.get(path_of(again)).json()["changes"].values()) == {0}


def test_run_keeps_its_lines(bob, shelf, source, collect):  # noqa: F811
    shelf.steps = [lambda observer: observer.warn("It has no cover", "lib.b1")]
    body = bob.get(path_of(collect(source))).json()
    lines = [(line["level"], line["message"], line["object"]) for line in body["lines"]]
    assert ("info", "Books: 10 to do", "") in lines
    assert ("warning", "It has no cover", "lib.b1") in lines
    assert lines[-1] == ("info", "Done", "")
    assert body["lines_left_out"] == 0
    assert body["error_detail"] == ""


def test_failed_run_keeps_its_error_in_full_without_secrets(bob, shelf, source, collect):  # noqa: F811
    def fail(observer):
        try:
            raise OSError("refused the token t0ken at line 7")
        except OSError:
            raise SourceError("The shelf is locked", code="PERMISSION_DENIED") from None

    shelf.steps = [fail]
    job = collect(source)
    body = bob.get(path_of(job)).json()
    assert (job.status, body["error"]["message"]) == (JobStatus.FAILED, "The shelf is locked")
    assert "PERMISSION_DENIED" in body["error_detail"]
    assert "OSError: refused the token ****** at line 7" in body["error_detail"]
    assert body["lines"][-1]["level"] == "error"


def test_bug_keeps_the_lines_of_code_it_came_through():
    with pytest.raises(KeyError) as bug:
        dict[str, int]()["missing"]
    assert "test_executions.py" in told_in_full(bug.value)


def test_lines_of_a_long_run_are_bounded_and_its_ends_are_kept(shelf, source, collect):  # noqa: F811
    shelf.steps = [lambda observer: [observer.warn(f"line {number}") for number in range(1000)]]
    log = JobLog.objects.get(job=collect(source))
    assert len(log.lines) == HEAD + TAIL
    assert log.left_out > 400
    assert log.lines[-2]["message"] != log.lines[0]["message"]
    assert "line 999" in [line["message"] for line in log.lines]


def test_next_attempt_goes_on_with_the_lines(shop_source, collect):
    collect(shop_source)
    job = only_job()
    before = len(JobLog.objects.get(job=job).lines)
    job.attempts = 2
    log = RunLog(job)
    log.line("Once more")
    log.write()
    assert [line["message"] for line in JobLog.objects.get(job=job).lines][before:] == ["Once more"]


def test_outsider_sees_no_run_nor_its_changes(charlie, charlie_actor, second_run):
    assert charlie.get(path_of(second_run)).status_code == 404
    assert charlie.get(f"{path_of(second_run)}/changes").status_code == 404
    assert not differences.changes_of(charlie_actor, second_run).exists()


def test_viewer_may_read_them(vera, second_run):
    assert vera.get(f"{path_of(second_run)}/changes").status_code == 200
