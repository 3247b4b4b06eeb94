"""The ASGI application: `uvicorn config.asgi:application`, or inside `manage.py up`."""

from __future__ import annotations

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    django.setup()
except ImproperlyConfigured as error:
    sys.exit(f"Cartulary cannot start: {error}")

# Models may only be imported once Django is set up.
from channels.routing import ProtocolTypeRouter

from config.handler import ThreadedHandler
from config.routing import websockets

application = ProtocolTypeRouter({"http": ThreadedHandler(), "websocket": websockets})
