# SPDX-License-Identifier: MIT
"""The module that attacks are tried on: this checkout's, or the file that ATTACKED_MODULE names.

Whoever imports this before all other parts of `testing` has them use that file, too.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

VARIABLE = "ATTACKED_MODULE"
NAME = "gradio_lite_client"

if VARIABLE in os.environ and NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(NAME, os.environ[VARIABLE])
    assert _spec is not None and _spec.loader is not None
    sys.modules[NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[NAME])

glc: Any = importlib.import_module(NAME)  # Any, since older versions have other parameters
