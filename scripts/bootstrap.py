"""Make `.venv` from the hashed lock, or find that it is made already: `make bootstrap`.

Runs on the machine's own Python. Uses uv where it is or can be had by pip, else pip; nothing is installed that does not
match the hashes in requirements.txt and requirements-dev.txt.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "made-from"
LOCKS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
NEEDS = (3, 11)


def main() -> int:
    """Make the environment if anything that it is made from has changed."""
    if sys.version_info < NEEDS:
        print(
            f"Python {NEEDS[0]}.{NEEDS[1]} or newer is needed; this is {sys.version.split()[0]}. Use PYTHON=python3.12"
        )
        return 1
    wanted = _fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted and PYTHON.exists():
        return 0
    STAMP.unlink(missing_ok=True)
    print("Making .venv ...", flush=True)
    with tempfile.TemporaryDirectory() as private:
        uv = _uv(Path(private))
        if not (uv and _with_uv(uv)) and not _with_pip():
            return 1
    STAMP.write_text(wanted, encoding="ascii")
    return 0


def _fingerprint() -> str:
    """What the environment is made from. Its place is part of that: scripts in it name their interpreter."""
    parts = [str(VENV).encode(), sys.version.encode()]
    parts += [path.read_bytes() for path in (*LOCKS, ROOT / "pyproject.toml", Path(__file__))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _uv(private: Path) -> str | None:
    """uv from the path, else from pip into a folder of ours; None where neither works."""
    found = shutil.which("uv")
    if found and _runs([found, "--version"], quiet=True):
        return found
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    lock = ROOT / "scripts" / "uv.txt"
    if _runs([*command, "--target", str(private), "-r", str(lock)], quiet=True):
        return str(private / "bin" / "uv")
    return None


def _with_uv(uv: str) -> bool:
    pip = [uv, "pip"]
    quiet = ["--quiet", "--python", str(PYTHON)]
    return (
        (_works() or _runs([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)]))
        and _runs([*pip, "sync", *quiet, "--require-hashes", *map(str, LOCKS)])
        and _runs([*pip, "install", *quiet, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    )


def _with_pip() -> bool:
    print("uv can't be used here; pip takes a little longer.", flush=True)
    if not _runs([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        print("Python can't make virtual environments. Install what is missing: apt install python3-venv")
        return False
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    files = [word for lock in LOCKS for word in ("-r", str(lock))]
    return _runs([*pip, "--require-hashes", *files]) and _runs(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    )


def _works() -> bool:
    return PYTHON.exists() and _runs(
        [str(PYTHON), "-c", f"import sys; sys.exit(sys.version_info < {NEEDS})"], quiet=True
    )


def _runs(command: Sequence[str], quiet: bool = False) -> bool:
    """Run a command; whether it worked."""
    hidden = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(command, check=False, cwd=ROOT, stdout=hidden, stderr=hidden).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
