"""The queue: a job is claimed once, outlives its worker, and ends with a result or a reason."""

import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from celery import Celery, current_app
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from ingestion import tasks
from ingestion.models import Job, JobStatus, JobType
from ingestion.services import broker as broker_service
from ingestion.services import jobs, running, worker
from ingestion.services.processes import is_gone, worker_name
from ingestion.services.running import LeaseLost, Run
from tests.config.running import until


@pytest.fixture
def enqueue(bob_actor):
    def make(priority=5, **payload):
        return jobs.enqueue(actor=bob_actor, type=JobType.BULK_INGESTION, payload=payload, priority=priority)

    return make


def claimed() -> Job:
    job = jobs.claim()
    assert job is not None
    return job


@pytest.fixture
def runner(monkeypatch):
    """Let jobs run this function instead of what their type says."""

    def use(function):
        monkeypatch.setitem(worker.RUNNERS, JobType.BULK_INGESTION, function)

    return use


@pytest.fixture
def events(monkeypatch):
    """What the sockets hear."""
    heard = []
    for module in (jobs, running):
        monkeypatch.setattr(module, "publish", lambda organization, topic, event: heard.append((topic, event)))
    return heard


@pytest.fixture
def broker(monkeypatch):
    """What is sent to the broker; in the place of a broker, which the rows must not depend on."""
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: sent.append((name, options["args"])))
    return sent


def test_viewer_may_not_enqueue(vera_actor):
    with pytest.raises(Forbidden):
        jobs.enqueue(actor=vera_actor, type=JobType.BULK_INGESTION, payload={})


def test_worker_is_woken_only_once_the_row_is_committed(enqueue, broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = enqueue()
        assert broker == []
    assert broker == [("ingestion.run_job", [str(job.pk)])]


@pytest.fixture(params=[BrokerDown("down"), ConnectionRefusedError(), TimeoutError()])
def dead_broker(request, monkeypatch):
    def refuse(name, **options):
        raise request.param

    monkeypatch.setattr(current_app, "send_task", refuse)


def test_job_outlives_a_broker_that_is_down(
    enqueue, dead_broker, caplog, django_capture_on_commit_callbacks, monkeypatch
):
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        job = enqueue()
    assert f"job {job.pk} waits" in caplog.text
    assert Job.objects.get(pk=job.pk).status == JobStatus.PENDING
    woken = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: woken.append(options["args"]))
    assert jobs.dispatch() == 1
    assert woken == [[str(job.pk)]]


@pytest.mark.rabbitmq
def test_broker_that_refuses_us_is_only_logged(rabbitmq_url, monkeypatch):
    refused = urlsplit(rabbitmq_url)._replace(netloc=f"nobody:wrong@{urlsplit(rabbitmq_url).netloc.rpartition('@')[2]}")
    monkeypatch.setattr(broker_service, "current_app", Celery(broker=refused.geturl(), set_as_current=False))
    assert jobs.wake(uuid4()) is False


def test_most_urgent_job_is_taken_first_then_the_oldest(enqueue, runner):
    late, urgent, early = enqueue(1), enqueue(9), enqueue(1)
    order = []
    runner(lambda run: {"order": order.append(run.job.pk)})  # type: ignore[func-returns-value]
    while worker.work_next():
        pass
    assert order == [urgent.pk, late.pk, early.pk]


def test_woken_worker_takes_the_most_urgent_and_wakes_for_the_rest(enqueue, runner, broker):
    named, urgent = enqueue(1), enqueue(9)
    runner(lambda run: {})
    assert tasks.run_job(str(named.pk)) == str(urgent.pk)
    assert broker[-1] == ("ingestion.run_job", [str(named.pk)])


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_job(enqueue):
    enqueue()
    taken = []
    barrier = threading.Barrier(4)

    def take():
        barrier.wait(60)
        job = jobs.claim()
        if job is not None:
            taken.append(job)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == 1
    assert taken[0].attempts == 1


def test_job_ends_with_its_result(enqueue, runner, events):
    job = enqueue()
    runner(lambda run: {"answer": 42})
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.progress, job.result, job.error) == (JobStatus.COMPLETED, 100, {"answer": 42}, None)
    assert job.started_at <= job.finished_at
    topic, event = events[-1]
    assert topic == f"task.progress:{job.pk}"
    assert (event["status"], event["progress"], event["result"]) == ("COMPLETED", 100, {"answer": 42})


def test_domain_error_fails_the_job_with_its_words(enqueue, runner):
    job = enqueue()

    def fail(run):
        run.result = {"created": 3}
        raise Invalid("The file is empty", code="BAD_FILE")

    runner(fail)
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.FAILED, {"code": "BAD_FILE", "message": "The file is empty"})
    assert job.result == {"created": 3}


def test_bug_fails_the_job_and_is_logged_but_tells_no_insides(enqueue, runner, caplog):
    job = enqueue()

    def crash(run):
        raise KeyError("password=hunter2")

    runner(crash)
    worker.work_next()
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert job.error["code"] == "INTERNAL_ERROR"
    assert "hunter2" not in job.error["message"]
    assert "KeyError" in caplog.text


def test_unreachable_source_is_tried_again_later_as_often_as_the_task_says(enqueue, runner):
    job = enqueue(retries=1)

    def fail(run):
        raise Unavailable("It is down")

    runner(fail)
    began = timezone.now()
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.attempts, job.error["message"]) == (JobStatus.PENDING, 1, "It is down")
    assert began + timedelta(seconds=10) <= job.run_after <= timezone.now() + timedelta(seconds=10)
    Job.objects.update(run_after=timezone.now() + timedelta(hours=1))
    assert worker.work_next() is None
    Job.objects.update(run_after=timezone.now())
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.FAILED, 2)


def test_progress_is_written_and_told_at_most_every_so_often(enqueue, events):
    enqueue()
    run = Run(claimed(), every=60)
    run.progress(phase="Tables", total=100, until=50)
    for done in range(1, 100):
        run.progress(done=done)
    assert [event["phase"] for _, event in events] == ["Tables"]
    assert events[0][1]["type"] == "task.progress"
    run.progress(phase="Views", total=4, until=90)
    assert (events[-1][1]["progress"], events[-1][1]["total"]) == (50, 4)
    assert Job.objects.get().phase == "Views"


def test_progress_never_runs_backwards_nor_to_the_end_before_it(enqueue):
    enqueue()
    run, seen = Run(claimed(), every=0), []
    for phase, most in (("a", 30), ("b", 100)):
        run.progress(phase=phase, total=10, until=most)
        for done in range(1, 13):
            run.progress(done=done)
            seen.append(Job.objects.get().progress)
    assert seen == sorted(seen)
    assert seen[-1] == 99


def test_waiting_job_is_cancelled_at_once(enqueue, bob_actor):
    job = jobs.cancel(actor=bob_actor, job=enqueue())
    assert job.status == JobStatus.CANCELLED
    assert worker.work_next() is None


def test_running_job_is_cancelled_at_its_next_step(enqueue, bob_actor, runner):
    job = enqueue()

    def work(run):
        run.every = 0
        run.check()
        jobs.cancel(actor=bob_actor, job=Job.objects.get(pk=job.pk))
        run.check()
        raise AssertionError("the step after a cancel")

    runner(work)
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.CANCELLED, None)


def test_cancel_that_was_accepted_holds_even_when_the_work_was_done(enqueue, bob_actor, runner):
    job = enqueue()
    runner(lambda run: jobs.cancel(actor=bob_actor, job=Job.objects.get(pk=job.pk)) and {"done": 1})
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.result) == (JobStatus.CANCELLED, {"done": 1})


def test_ended_job_cannot_be_cancelled(enqueue, bob_actor, runner):
    job = enqueue()
    runner(lambda run: {})
    worker.work_next()
    with pytest.raises(Conflict, match="COMPLETED"):
        jobs.cancel(actor=bob_actor, job=job)


def test_outsider_and_viewer_cannot_cancel(enqueue, charlie_actor, vera_actor):
    job = enqueue()
    with pytest.raises(NotFound):
        jobs.cancel(actor=charlie_actor, job=job)
    with pytest.raises(Forbidden):
        jobs.cancel(actor=vera_actor, job=job)


def test_run_ends_when_it_takes_longer_than_allowed(enqueue, runner):
    job = enqueue()

    def work(run):
        run.limit(-1)
        run.check()

    runner(work)
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "TIMEOUT")


def lapse(job, **fields):
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1), **fields)


def test_job_of_a_worker_that_stopped_is_taken_back_and_retried(enqueue, runner):
    job = enqueue()
    lapse(claimed(), worker="elsewhere:1:1")
    assert jobs.recover_jobs() == 1
    job.refresh_from_db()
    assert (job.status, job.worker) == (JobStatus.PENDING, "")
    runner(lambda run: {"ok": True})
    worker.work_next()
    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 2)


def test_job_whose_workers_keep_dying_fails_with_a_reason(enqueue):
    job = enqueue()
    for _ in range(jobs.MAX_ATTEMPTS):
        lapse(claimed(), worker="elsewhere:1:1")
        jobs.recover_jobs()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "WORKER_LOST")
    assert jobs.claim() is None


def test_cancelled_job_of_a_dead_worker_is_cancelled_not_retried(enqueue, bob_actor):
    job = enqueue()
    jobs.cancel(actor=bob_actor, job=claimed())
    lapse(job)
    jobs.recover_jobs()
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


def test_job_whose_lease_is_renewed_while_it_is_looked_at_is_not_taken_back(enqueue, monkeypatch):
    enqueue()
    job = claimed()
    lapse(job, worker="elsewhere:1:1")
    held = jobs.held

    def renewed(lapsed):
        """The worker, which was only slow, comes between the reading and the writing."""
        Job.objects.update(lease_until=timezone.now() + jobs.LEASE)
        return held(lapsed)

    monkeypatch.setattr(jobs, "held", renewed)
    assert jobs.recover_jobs() == 0
    job.refresh_from_db()
    assert (job.status, job.worker) == (JobStatus.RUNNING, "elsewhere:1:1")


def test_job_that_waited_for_its_next_try_waits_no_more_once_it_has_begun(enqueue):
    enqueue()
    Job.objects.update(run_after=timezone.now() - timedelta(seconds=1))
    job = claimed()
    assert job.run_after is None


def test_live_worker_keeps_its_job(enqueue):
    enqueue()
    jobs.claim()
    assert jobs.recover_jobs() == 0


def test_job_of_a_dead_process_of_this_machine_is_taken_back_before_its_lease_lapses(enqueue):
    program = "from ingestion.services.processes import worker_name; print(worker_name())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    job = enqueue()
    jobs.claim()
    Job.objects.update(worker=dead)
    assert jobs.recover_jobs() == 1
    job.refresh_from_db()
    assert job.status == JobStatus.PENDING


def test_process_id_that_was_given_to_another_process_is_told_apart():
    host, pid, start = worker_name().rsplit(":", 2)
    assert int(pid) == os.getpid()
    assert not is_gone(worker_name())
    assert is_gone(f"{host}:{pid}:{int(start or 0) + 1}")
    assert not is_gone(f"another-machine:{pid}:1")


def test_worker_that_lost_its_job_changes_nothing_more(enqueue):
    job = enqueue()
    first = claimed()
    lapse(first)
    jobs.recover_jobs()
    second = claimed()
    run = Run(first, every=0)
    with pytest.raises(LeaseLost):
        run.check()
    run.progress(phase="Too late")
    assert not jobs.complete(first, {"from": "first"})
    assert not jobs.renew(first)
    assert jobs.renew(second)
    job.refresh_from_db()
    assert (job.status, job.phase, job.result) == (JobStatus.RUNNING, "", None)


@pytest.mark.django_db(transaction=True)
def test_lease_is_renewed_while_one_step_takes_long(enqueue):
    enqueue()
    job = claimed()
    lapse(job)
    run = Run(job)
    with running.heartbeat(run, every=0.02):
        until(lambda: Job.objects.filter(lease_until__gt=timezone.now()).exists())
    assert not run.lost.is_set()


@pytest.mark.django_db(transaction=True)
def test_heartbeat_tells_a_run_that_its_job_was_taken(enqueue):
    enqueue()
    run = Run(claimed())
    Job.objects.update(worker="another")
    with running.heartbeat(run, every=0.02):
        assert run.lost.wait(60)
    with pytest.raises(LeaseLost):
        run.check()


def test_foreground_job_is_running_from_the_start_and_never_in_the_queue(bob_actor, broker):
    job = jobs.begin(actor=bob_actor, type=JobType.BULK_INGESTION, payload={})
    assert (job.status, job.worker) == (JobStatus.RUNNING, worker_name())
    assert jobs.claim() is None
    assert broker == []
