"""Public clients that have an environment of their own, since what they need and what we need do not fit together.

`TEST_OPENMETADATA_PYTHON` names the Python that `openmetadata-ingestion[postgres]` 2.0 is installed for (with
`dbt-core<1.12`); without it these tests are not collected, in CI neither.
"""

from __future__ import annotations

import os

from tests.ingestion.conftest import new_database  # noqa: F401  a fixture

PYTHON = os.environ.get("TEST_OPENMETADATA_PYTHON", "")
collect_ignore = [] if PYTHON else ["test_openmetadata.py"]
