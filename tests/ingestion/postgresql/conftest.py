"""Real databases, collected and thrown away."""

import pytest

from ingestion.services.sources import create_data_source


@pytest.fixture
def collect_database(new_database, bob_actor, collect):
    """Make a database, collect it as the source `prod`; gives (job, its name)."""

    def run(script: str, config=None, **changes):
        settings = {**new_database(script), **changes}
        source = create_data_source(actor=bob_actor, data={"name": "prod", "type": "postgresql", "config": settings})
        return collect(source, config), settings["database"]

    return run
