"""The real openai packages through the drop-in clients: each line in a folder of its own, checked by `dropin_checks.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake import ROOT, target_dir

LINES = {
    "openai1": ("openai==1.109.1", "httpx"),
    "openai2": ("openai==2.54.0", "httpx"),
    "openai3": ("openai==3.54.0", "httpx2"),
}


def folder(name: str) -> Path:
    """Where this line of openai is installed; installs it when it is not there."""
    place = target_dir() / "python" / name
    if not (place / "openai").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), LINES[name][0]]
        subprocess.run(pip, check=True)
    return place


@pytest.mark.parametrize("name", LINES)
def test_openai_through_the_door(name: str) -> None:
    requirement, library = LINES[name]
    env = {
        **os.environ,
        "PYTHONPATH": str(folder(name)),
        "EXPECTED_OPENAI": requirement.split("==")[1],
        "EXPECTED_LIBRARY": library,
    }
    checks = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python/dropin_checks.py"]
    done = subprocess.run(checks, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
