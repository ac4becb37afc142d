"""What holds after every test of the phone's API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditapp.services import photo_files
from auditapp.services.context import Context


@pytest.fixture(autouse=True)
def photos_and_files_agree(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every photo has its files, every file its photo."""
    context: Context | None = request.getfixturevalue("context") if "context" in request.fixturenames else None
    yield
    if context:
        assert photo_files.verify(context) == photo_files.Findings(missing=(), orphans=(), wrong=())
