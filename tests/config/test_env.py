"""A wrong environment value is refused with a line that names the variable and what it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment


def env(**values: str) -> Environment:
    return Environment(values)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", " yes ", "on"])
def test_flag_that_is_set(value):
    assert env(X=value).flag("X") is True


@pytest.mark.parametrize("value", ["0", "false", "No", "off"])
def test_flag_that_is_not_set(value):
    assert env(X=value).flag("X", default=True) is False


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_is_the_default(value):
    assert env(X=value).flag("X", default=True) is True
    assert env(X=value).integer("X", 7) == 7
    assert env(X=value).names("X", ["a"]) == ["a"]
    assert env(X=value).choice("X", "text", {"text", "json"}) == "text"


@pytest.mark.parametrize("value", ["maybe", "2", "t rue", "真", "nan"])
def test_flag_that_is_neither(value):
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG must be true or false, not '"):
        env(DEBUG=value).flag("DEBUG")


@pytest.mark.parametrize("value", ["1", " 65535 ", "+8", "8_000"])
def test_integer_in_its_range(value):
    assert 1 <= env(PORT=value).integer("PORT", 1, low=1, high=65535) <= 65535


@pytest.mark.parametrize("value", ["0", "65536", "-1", "8080.0", "1e3", "0x50", "port", "٣٣٣٣٣٣٣", "9" * 5000])
def test_integer_out_of_its_range(value):
    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number from 1 to 65535"):
        env(PORT=value).integer("PORT", 1, low=1, high=65535)


def test_names_are_cut_at_commas():
    assert env(HOSTS=" a.example, ,b.example,").names("HOSTS", []) == ["a.example", "b.example"]


def test_choice_takes_any_case():
    assert env(LOG_LEVEL="debug").choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO"}) == "DEBUG"


@pytest.mark.parametrize("value", ["xml", "json,text", "j"])
def test_choice_outside_the_list(value):
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be one of json, text, not '"):
        env(LOG_FORMAT=value).choice("LOG_FORMAT", "text", {"text", "json"})


def test_path_is_absolute_and_knows_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/of/somebody")
    assert env(D="~/x").path("D", Path("/d")) == Path("/home/of/somebody/x")
    assert env(D="relative").path("D", Path("/d")).is_absolute()
    assert env().path("D", Path("/d")) == Path("/d")


def test_path_of_nobody():
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR: '~nobody-of-this-name/x' is not a path"):
        env(DATA_DIR="~nobody-of-this-name/x").path("DATA_DIR", Path("/d"))


def test_secret_from_a_file(tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    assert env(SECRET_KEY_FILE=str(tmp_path / "key")).text("SECRET_KEY") == "s3cret"


def test_value_before_file(tmp_path):
    (tmp_path / "key").write_text("from the file")
    assert env(SECRET_KEY="given", SECRET_KEY_FILE=str(tmp_path / "key")).text("SECRET_KEY") == "given"


def test_secret_from_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE: .*missing cannot be read"):
        env(SECRET_KEY_FILE=str(tmp_path / "missing")).text("SECRET_KEY")


def test_secret_from_a_file_that_is_not_text(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE"):
        env(SECRET_KEY_FILE=str(tmp_path / "key")).text("SECRET_KEY")


def test_postgresql_url():
    config = env(DATABASE_URL="postgresql://u:p%40ss@db.example:5433/cart").database("DATABASE_URL", "")
    assert (config["HOST"], config["PORT"], config["NAME"], config["PASSWORD"]) == ("db.example", 5433, "cart", "p@ss")
    assert config["ENGINE"].endswith("postgresql")


def test_sqlite_url():
    config = env(DATABASE_URL="sqlite:////data/it is here.sqlite3").database("DATABASE_URL", "")
    assert (config["NAME"], config["ENGINE"]) == ("/data/it is here.sqlite3", "django.db.backends.sqlite3")


@pytest.mark.parametrize("value", ["mysql://u@h/db", "db.sqlite3", "postgresql", "://", "http://x", "oracle://h/x"])
def test_database_url_of_another_kind(value):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must begin with postgresql:// or sqlite:///"):
        env(DATABASE_URL=value).database("DATABASE_URL", "")


@pytest.mark.parametrize(
    "value", ["postgresql://u:p@h:port/db", "postgresql://u:p@h:99999/db", "postgresql://[::1/db", "postgresql://u:p@h"]
)
def test_database_url_that_cannot_be_read(value):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL ") as caught:
        env(DATABASE_URL=value).database("DATABASE_URL", "")
    assert ":p@" not in str(caught.value), "the password is in the message"


@pytest.mark.parametrize("value", ["localhost:6379", "http://r", "redis:/x", "redis//x"])
def test_url_of_another_kind(value):
    with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL must begin with one of redis://, rediss://"):
        env(REDIS_URL=value).url("REDIS_URL", {"redis", "rediss"})


def test_url_may_be_absent():
    assert env().url("REDIS_URL", {"redis"}) == ""


@pytest.mark.parametrize("value", ["1/second", "100/minute", "5000/hour", "10/day"])
def test_rate(value):
    assert env(RATE=value).rate("RATE", "1/day") == value


@pytest.mark.parametrize(
    "value",
    ["100", "0/hour", "-1/hour", "1.5/hour", "100/fortnight", "/hour", "100/", "\uff11/hour", "9" * 5000 + "/hour"],
)
def test_rate_that_is_none(value):
    with pytest.raises(ImproperlyConfigured, match="RATE_X must look like 100/hour"):
        env(RATE_X=value).rate("RATE_X", "1/day")


@pytest.mark.parametrize(
    ("value", "read"), [("100GB/day", "100000000000/day"), ("1kb/second", "1000/second"), ("7/hour", "7/hour")]
)
def test_quota(value, read):
    assert env(Q=value).quota("Q", "1/day") == read


@pytest.mark.parametrize("value", ["GB/day", "0GB/day", "1XB/day", "1GB", "1.5GB/day", "1GBGB/day", "\uff11/day"])
def test_quota_that_is_none(value):
    with pytest.raises(ImproperlyConfigured, match="QUOTA_X must look like 100GB/day"):
        env(QUOTA_X=value).quota("QUOTA_X", "1/day")


def test_networks():
    assert env(N="10.0.0.0/8, ::1,192.168.1.7").networks("N") == ["10.0.0.0/8", "::1", "192.168.1.7"]
    assert env().networks("N") == []


@pytest.mark.parametrize("value", ["10.0.0.0/33", "proxy.example", "1.2.3", "10.0.0.1,,x"])
def test_network_that_is_none(value):
    with pytest.raises(ImproperlyConfigured, match=r"PROXIES: '.*' is no address and no network"):
        env(PROXIES=value).networks("PROXIES")


@pytest.mark.parametrize("reader", ["flag", "integer", "names", "path", "text", "choice"])
def test_a_space_is_no_value(reader):
    """`PORT= make run` and `PORT=' '` are the same as not setting it."""
    defaults = {"flag": True, "integer": 3, "names": ["d"], "path": Path("/d"), "text": "d", "choice": "a"}
    extra = ({"a", "b"},) if reader == "choice" else ()
    for value in ("", " "):
        assert getattr(env(X=value), reader)("X", defaults[reader], *extra) == defaults[reader]
