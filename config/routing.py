"""Which WebSocket path is answered by which consumer."""

from __future__ import annotations

from channels.routing import URLRouter
from django.urls import path

from config.consumers import LiveConsumer
from config.graphql.socket import GraphQLSocket

websockets = URLRouter([path("v1/ws", LiveConsumer.as_asgi()), path("graphql", GraphQLSocket.as_asgi())])
