"""Settings: a wrong one stops the start with one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditapp import config
from auditapp.domain.errors import ConfigError


def load(folder: Path, **environ: str) -> config.Settings:
    return config.load({"AUDITAPP_DATA": str(folder), **environ})


@pytest.mark.parametrize(
    "environ",
    [
        {"PUBLISH_DELAY_HOURS": "soon"},
        {"PUBLISH_DELAY_HOURS": "-1"},
        {"PUBLIC_URL": "visits.example.org"},
        {"PUBLIC_URL": "https://visits.example.org/path"},
        {"AUDITAPP_DEMO": "maybe"},
        {"AUDITAPP_DEMO": "1", "PUBLIC_URL": "https://visits.example.org"},
        {"TRUSTED_PROXIES": "all"},
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, **environ)
    assert next(iter(environ)) in str(caught.value) or "AUDITAPP_DEMO" in str(caught.value)


def test_a_demo_folder_is_never_served_as_a_real_install(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(ConfigError, match="demo chain"):
        load(tmp_path)
    assert load(tmp_path, AUDITAPP_DEMO="1").demo


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = load(tmp_path)
    assert load(tmp_path).secret_key == first.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_damaged_secret_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigError, match="damaged"):
        load(tmp_path)


def test_a_real_install_waits_two_days_before_a_store_sees_a_visit_and_a_demo_does_not(tmp_path: Path) -> None:
    assert load(tmp_path).publish_delay_hours == 48
    assert load(tmp_path, AUDITAPP_DEMO="1").publish_delay_hours == 0
