"""Our settings, with nothing on the way to the bare view."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.bare"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
