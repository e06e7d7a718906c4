"""Every example runs offline."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fake import ROOT

EXAMPLES = sorted((ROOT / "examples" / "python").glob("[0-9]*.py"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_example(path: os.PathLike[str]) -> None:
    env = {**os.environ, "CLAWROUTERS_SANDBOX": "1"}
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""
