"""Which WebSocket path is answered by which consumer."""

from __future__ import annotations

from channels.routing import URLRouter
from django.urls import path

from config.consumers import LiveConsumer

websockets = URLRouter([path("v1/ws", LiveConsumer.as_asgi())])
