# SPDX-License-Identifier: MIT
"""The file works wherever it is copied to, whatever is missing there: each test is a Python of its own.

What needs packages (frozen programs, gevent, Tk, Qt, Jupyter) is testing/elsewhere.py.
"""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

import gradio_lite_client as glc
from testing.standin import StandIn
from testing.support import DEADLINE, TestCase

FILE = Path(glc.__file__).resolve()

USE = """
from pathlib import Path

def check(found, wanted):
    if found != wanted:  # no assert: there are none under -O
        raise SystemExit(f"{found!r} is not {wanted!r}")

def use(lite, url, folder):
    with lite.Client(url, download_files=folder) as client:
        check(client.predict(1, 2, api_name="/add"), 3)
        check(client.predict("x", api_name="/quick"), "quick x")  # not queued
        check(len(list(client.submit(3, 0, "tag", api_name="/steps"))), 3)
        copied = client.predict(lite.handle_file(b"content", "a.txt"), api_name="/copy_file")
        check(Path(copied).read_text(), "content")
        try:
            client.predict(1, 2, 3, api_name="/add")
        except TypeError as error:
            check(str(error)[:18], "Too many arguments")
    print("works")
"""


class VendoringTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.folder()
        self.app: StandIn = self.enter(StandIn())
        self.files = self.place / "files"

    def python(self, *arguments: str, **variables: str) -> str:
        """What a Python that sees nothing but `self.place` prints; it must say nothing on stderr."""
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.place,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def use(self, get: str, *flags: str, **variables: str) -> None:
        """Run a program that gets the module as `lite` and makes calls of every kind."""
        program = f"{USE}\n{get}\nuse(lite, {self.app.url!r}, {str(self.files)!r})"
        self.assertEqual(self.python(*flags, "-c", program, **variables), "works")

    def copy(self, name: str) -> Path:
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FILE, target)  # without its mode: the checkout may be read-only
        return target

    def test_under_another_name(self) -> None:
        self.copy("net.py")
        self.use("import net as lite")

    def test_inside_a_package(self) -> None:
        self.copy("pkg/_vendor/gradio_lite_client.py")
        for folder in ("pkg", "pkg/_vendor"):
            (self.place / folder / "__init__.py").touch()
        (self.place / "pkg" / "user.py").write_text("from ._vendor import gradio_lite_client as lite")
        self.use("from pkg.user import lite")
        program = ("-m", "pkg._vendor.gradio_lite_client", "predict", self.app.url, "/add", "1", "2")
        self.assertEqual(self.python(*program), "3")

    def test_from_a_zip(self) -> None:
        with zipfile.ZipFile(self.place / "all.zip", "w") as archive:
            archive.write(FILE, "gradio_lite_client.py")
        self.use("import sys; sys.path.insert(0, 'all.zip'); import gradio_lite_client as lite")

    def test_compiled_without_its_source(self) -> None:
        py_compile.compile(str(FILE), str(self.place / "lite.pyc"), doraise=True)
        self.use("import lite")

    def test_isolated_and_without_site(self) -> None:
        self.copy("lite.py")
        self.use("import sys; sys.path.insert(0, '.'); import lite", "-I", "-S")

    def test_without_docstrings(self) -> None:
        self.copy("lite.py")
        self.use("import lite; check(lite.__doc__, None)", "-OO")
        self.assertIn("usage:", self.python("-OO", "lite.py", "--help"))

    def test_without_a_file(self) -> None:
        """As text that a host program runs, and as a program on standard input."""
        text = f"Path({str(FILE)!r}).read_text(encoding='utf-8')"
        self.use(f"import types; lite = types.ModuleType('lite'); exec({text}, lite.__dict__)")
        with FILE.open("rb") as program:
            done = subprocess.run(
                [sys.executable, "-", "predict", self.app.url, "/add", "1", "2"],
                stdin=program,
                capture_output=True,
                timeout=DEADLINE,
                check=True,
            )
        self.assertEqual(done.stdout.strip(), b"3")

    def test_two_versions_in_one_process(self) -> None:
        self.copy("old.py")
        new = self.copy("new.py")
        new.write_text(new.read_text(encoding="utf-8").replace(glc.__version__, "99.0.0"), encoding="utf-8")
        program = """
import old, new
use(old, URL, FILES)
use(new, URL, FILES)
check(issubclass(old.GradioError, new.GradioError), False)
with old.Client(URL) as one, new.Client(URL) as two:
    check((one.predict(1, 2, api_name="/add"), two.predict(3, 4, api_name="/add")), (3, 7))
"""
        program = program.replace("URL", repr(self.app.url)).replace("FILES", repr(str(self.files)))
        self.assertEqual(self.python("-c", USE + program), "works\nworks")
        agents = {request.headers.get("user-agent") for request in self.app.requests}
        self.assertEqual(agents, {f"gradio_lite_client/{glc.__version__}", "gradio_lite_client/99.0.0"})

    def test_without_modules_that_small_pythons_lack(self) -> None:
        self.copy("lite.py")
        for missing in ("ssl", "_ssl", "zlib", "bz2", "lzma", "ctypes", "sqlite3", "asyncio", "multiprocessing"):
            with self.subTest(missing):
                self.use(f"import sys; sys.modules[{missing!r}] = None; import lite")

    def test_https_without_ssl_is_an_error_that_says_so(self) -> None:
        self.copy("lite.py")
        program = """
import sys; sys.modules["ssl"] = None
import lite
try:
    lite.Client(sys.argv[1])
except lite.ConnectionFailed as error:
    print(error)
"""
        said = self.python("-c", program, self.app.url.replace("http:", "https:"))
        self.assertEqual(said, "https needs Python's ssl module, which this Python was built without.")

    def test_where_nothing_can_be_written_but_the_download_folder(self) -> None:
        """A home that is no folder cannot even be written to by root."""
        self.copy("lite.py")
        nowhere = {name: os.devnull for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "HF_HOME", "APPDATA")}
        self.use("import lite", **nowhere)
        self.assertEqual(sorted(path.name for path in self.place.iterdir()), ["files", "lite.py"])

    def test_without_environment_variables(self) -> None:
        self.copy("lite.py")
        self.use("import os; os.environ.clear(); import lite")

    def test_without_standard_streams(self) -> None:
        """As under pythonw: sys.stdout and sys.stderr are None."""
        self.copy("lite.py")
        self.use("import sys; keep = sys.stdout; sys.stdout = sys.stderr = None; import lite; sys.stdout = keep")


if __name__ == "__main__":
    unittest.main()
