"""The real openai packages through the drop-in clients: a folder for each line, checked by `dropin_checks.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fake import ROOT, target_dir

LIBRARIES = {"openai1": "httpx", "openai2": "httpx", "openai3": "httpx2"}


def version(name: str) -> str:
    """The version that pyproject.toml pins for this line."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pin = re.search(rf'^{name} = \["openai==([0-9.]+)"\]', text, re.MULTILINE)
    assert pin is not None
    return pin.group(1)


def folder(pin: str) -> Path:
    """Where this version of openai is installed; installs it when it is not there."""
    place = target_dir() / "python" / f"openai-{pin}"
    if not (place / "openai").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), f"openai=={pin}"]
        subprocess.run(pip, check=True)
    return place


@pytest.mark.parametrize("name", LIBRARIES)
def test_openai_through_the_door(name: str) -> None:
    pin = version(name)
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder(pin)), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "EXPECTED_OPENAI": pin,
        "EXPECTED_LIBRARY": LIBRARIES[name],
    }
    checks = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python/dropin_checks.py"]
    done = subprocess.run(checks, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
