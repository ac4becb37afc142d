"""Settings: one frozen dataclass read from the environment once, at the start.

A wrong setting stops the start with one clear line (`ConfigError`); nothing below this file reads the environment.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from auditapp.domain.errors import ConfigError

DEMO_MARK = "demo"
"""A file in the data folder that says: this is a demo."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LANGUAGES = {"en": "English", "ko": "한국어", "zh_Hant": "繁體中文"}


@dataclass(frozen=True)
class Settings:
    """Everything that an operator can set.

    ``data`` holds photos, PDFs, secrets and the embedded database. ``public_url`` is the origin under which phones
    reach this install. ``publish_delay_hours`` ≥ 0 is the time between approval and the moment a store sees a visit.
    ``trusted_proxies`` is the number of reverse proxies whose X-Forwarded headers are believed.
    """

    data: Path
    database_url: str
    public_url: str
    secret_key: str
    demo: bool = False
    publish_delay_hours: float = 48.0
    trusted_proxies: int = 0
    log_json: bool = False

    @property
    def secure(self) -> bool:
        """Whether phones reach this install over TLS."""
        return self.public_url.startswith("https://")

    @property
    def storage_root(self) -> Path:
        """The folder of stored files."""
        return self.data / "files"

    @property
    def upload_folder(self) -> Path:
        """Where uploads lie while they are checked; nothing in it outlives a request."""
        return self.data / "uploads"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; creates the data folder and its secret key on first use. Raises ConfigError."""
    env = os.environ if environ is None else environ
    data = Path(env.get("AUDITAPP_DATA", "var")).resolve()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            "AUDITAPP_DATA: the folder {path} can't be created ({reason}). Name a folder this user may write.",
            path=data,
            reason=error.strerror,
        ) from error
    demo = _flag(env, "AUDITAPP_DEMO")
    public_url = _origin(env.get("PUBLIC_URL") or f"http://127.0.0.1:{env.get('PORT', '8000')}")
    if demo and urlsplit(public_url).hostname not in LOOPBACK:
        raise ConfigError(
            "AUDITAPP_DEMO: demo accounts have known passwords, so demo mode serves loopback only, not {url}. "
            "Unset AUDITAPP_DEMO and run `flask setup`, or unset PUBLIC_URL.",
            url=public_url,
        )
    if not demo and (data / DEMO_MARK).exists():
        raise ConfigError(
            "{path} holds the demo chain, whose passwords are known. Set AUDITAPP_DEMO=1, or name another "
            "folder in AUDITAPP_DATA for a real install.",
            path=data,
        )
    return Settings(
        data=data,
        database_url=env.get("AUDITAPP_DATABASE_URL") or f"sqlite:///{data / 'auditapp.sqlite3'}",
        public_url=public_url,
        secret_key=env.get("AUDITAPP_SECRET_KEY") or _secret(data / "secret_key"),
        demo=demo,
        publish_delay_hours=_number(env, "PUBLISH_DELAY_HOURS", 0.0 if demo else 48.0),
        trusted_proxies=int(_number(env, "TRUSTED_PROXIES", 0)),
        log_json=_flag(env, "AUDITAPP_LOG_JSON"),
    )


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value not in {"", "0", "1", "true", "false"}:
        raise ConfigError("{name} is {value!r}; set it to 1 or 0.", name=name, value=value)
    return value in {"1", "true"}


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 <= value < 10_000:
        raise ConfigError("{name} is {value!r}; set it to a number from 0 up.", name=name, value=text)
    return value


def _origin(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigError("PUBLIC_URL is {url!r}; set it to an origin such as https://visits.example.org.", url=url)
    return f"{parts.scheme}://{parts.netloc}"


def _secret(path: Path) -> str:
    """The install's secret, made once; two processes starting together agree on the first one written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_text(encoding="ascii").strip()
        if len(secret) < 32:
            raise ConfigError(
                "{path} is damaged: it must hold at least 32 characters. Delete it to make a new one; "
                "everyone signs in again.",
                path=path,
            ) from None
        return secret
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret
