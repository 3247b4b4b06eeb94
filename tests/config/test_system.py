"""`/api/v1/system/version`: what the public clients of the entities contract ask before anything else."""

from config.system import CONTRACT


def test_version_of_the_contract_is_told(vera, settings):
    assert vera.get("/api/v1/system/version").json() == {"version": CONTRACT, "revision": settings.VERSION}


def test_nobody_is_told_nothing(anonymous):
    assert anonymous.get("/api/v1/system/version").json()["code"] == 401
    assert anonymous.get("/api/v1/system/nothing").json()["code"] == 404
