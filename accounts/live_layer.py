"""The channel layer of one process, for many sockets."""

from __future__ import annotations

import time

from channels.layers import InMemoryChannelLayer


class ProcessLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """Looks for what is over once a second, where its base looks through all sockets for each event of each socket."""

    _cleaned_at = 0.0

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at >= 1:
            self._cleaned_at = now
            super()._clean_expired()
