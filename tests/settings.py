"""The application's own settings, with what a test run needs in the environment before they are read."""

import os
import tempfile

# Workers inherit the environment of the run that starts them: each has a directory of its own below a common one.
_BASE = os.environ.setdefault("TEST_DATA_DIR", os.path.join(tempfile.gettempdir(), f"cartulary-tests-{os.getuid()}"))
os.environ["DATA_DIR"] = os.path.join(_BASE, os.environ.get("PYTEST_XDIST_WORKER", "main"))
os.environ.setdefault("SECRET_KEY", "a key for tests only, long enough for HMAC with SHA-256")
os.environ.setdefault("ALLOWED_HOSTS", "*")
os.makedirs(os.path.join(os.environ["DATA_DIR"], "static"), exist_ok=True)

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # In a file, as in production: the database in memory knows no waiting, so threads meet "table is locked".
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")}  # noqa: F405
DOWNLOAD_FLUSH_SECONDS = 0  # no thread writes the counts; tests call `flush` where they look at them
