"""Make sure of the system's libraries and fonts: `make system`; with `--tests` also of what the tests use.

What is missing is installed by apt where that needs no password; elsewhere one line says what to install.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def main() -> int:
    """Install or name what is missing."""
    needed = {**LIBRARIES, **FONTS, **(FOR_TESTS if "--tests" in sys.argv[1:] else {})}
    missing = [package for package, there in needed.items() if not there()]
    if not missing:
        return 0
    if (prefix := _root()) is not None and shutil.which("apt-get"):
        print(f"Installing {' '.join(missing)} ...", flush=True)
        _apt(prefix, missing)
        _fonts.cache_clear()
        missing = [package for package in missing if not needed[package]()]
    if missing:
        print(
            f"Missing on this machine. Install it and try again: sudo apt install {' '.join(missing)}", file=sys.stderr
        )
        return 1
    return 0


def _root() -> list[str] | None:
    """How to run a command as root without a password; None where there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    able = sudo and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0
    return ["sudo", "-n"] if able else None


def _apt(prefix: list[str], packages: list[str]) -> None:
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o=Dpkg::Use-Pty=0"]
    subprocess.run([*apt, "update"], check=False, stdout=subprocess.DEVNULL)
    command = [*apt, "install", "--no-install-recommends", "-y", *packages]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


def _library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


@cache
def _fonts() -> frozenset[str]:
    """The names of all font files, without their folders."""
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    return frozenset(path.name for folder in folders if folder.is_dir() for path in folder.rglob("*.[ot]t[fc]"))


def _font(prefix: str) -> bool:
    return any(name.startswith(prefix) for name in _fonts())


def _program(*names: str) -> bool:
    return any(shutil.which(name) for name in names)


def _postgres() -> bool:
    return _program("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _file(pattern: str) -> bool:
    return any(Path("/usr/lib").glob(pattern))


Checks = dict[str, Callable[[], bool]]

LIBRARIES: Checks = {
    "libpango-1.0-0": partial(_library, "libpango-1.0.so.0"),
    "libpangoft2-1.0-0": partial(_library, "libpangoft2-1.0.so.0"),
    "libharfbuzz-subset0": partial(_library, "libharfbuzz-subset.so.0"),
}
FONTS: Checks = {
    "fonts-noto-cjk": partial(_font, "NotoSansCJK"),
    "fonts-noto-core": partial(_font, "NotoSans-"),
    "fonts-inter": partial(_font, "Inter"),
}
FOR_TESTS: Checks = {
    "chromium": partial(_program, "chromium", "/usr/bin/chromium"),
    "postgresql": _postgres,
    "poppler-utils": partial(_program, "pdftoppm"),
    "webkit2gtk-driver": partial(_program, "WebKitWebDriver"),
    "xvfb": partial(_program, "Xvfb"),
    "python3-gi": partial(_file, "python3/dist-packages/gi"),
    "gir1.2-webkit2-4.1": partial(_file, "*/girepository-1.0/WebKit2-4.1.typelib"),
}

if __name__ == "__main__":
    sys.exit(main())
