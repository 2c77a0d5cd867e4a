# SPDX-License-Identifier: MIT
"""What a bare system may lack, and the rule for tests that need it: skipped with the reason, but a failure in CI."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import unittest
from typing import Any

OTHER_USER = 65534  # nobody, who owns nothing
BECOME = f"""
import os, sys
os.setgroups([])
os.setgid({OTHER_USER})
os.setuid({OTHER_USER})
os.execv(sys.argv[1], sys.argv[1:])
"""


def needs(what: str, there: object) -> None:
    """End the test, or the subtest, if the system lacks what it needs. In CI nothing may be skipped."""
    if not there:
        if os.environ.get("CI"):
            raise AssertionError(f"CI has to have {what}: nothing may be skipped here")
        raise unittest.SkipTest(f"needs {what}")


def needs_module(name: str) -> Any:
    """A module of the standard library that some Pythons lack: ssl on small ones, tracemalloc and symtable on PyPy."""
    try:
        return importlib.import_module(name)
    except ImportError:
        needs(f"Python's {name} module", False)


def has_terminals() -> bool:
    """Whether programs can be started in a terminal of their own."""
    try:
        import pty

        for end in pty.openpty():
            os.close(end)
    except (ImportError, OSError):
        return False
    return True


def is_root() -> bool:
    """No folder is read-only for root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def as_another_user(program: str, *arguments: str) -> int:
    """The exit code of a command that another user gives, which root alone can arrange."""
    command = [sys.executable, "-c", BECOME, str(shutil.which(program)), *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode


def has_other_users() -> bool:
    """Whether this process can act as another user."""
    return is_root() and as_another_user("true") == 0
