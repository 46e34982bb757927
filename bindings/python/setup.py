"""Puts the shared library, and its declarations out of bearer.h, beside the package's modules.

BEARER_LIBRARY names the directory of the shared library, BEARER_INCLUDE that of bearer.h; the defaults are those of the
repository that this file is in.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from cffi import FFI
from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LIBRARY = Path(os.environ.get("BEARER_LIBRARY", REPOSITORY / "target" / "release"))
INCLUDE = Path(os.environ.get("BEARER_INCLUDE", REPOSITORY / "include"))
SHARED = {"win32": "bearer.dll", "darwin": "libbearer.dylib"}.get(sys.platform, "libbearer.so")


def declarations(header: str) -> str:
    """What cffi reads: the header without comments and preprocessor, its numeric constants aside."""
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    constants = re.findall(r"^#define (BEARER_\w+ \d+)$", header, flags=re.M)
    header = re.sub(r'#ifdef __cplusplus.*?#endif[^\n]*', "", header, flags=re.S)
    header = re.sub(r"^#.*$", "", header, flags=re.M)
    header = header.replace("BEARER_MUST_USE", "")
    return header + "".join(f"\n#define {constant}" for constant in constants)


class Build(build_py):
    def run(self) -> None:
        super().run()
        package = Path(self.build_lib) / "bearer"
        package.mkdir(parents=True, exist_ok=True)
        shutil.copy2(LIBRARY / SHARED, package / SHARED)
        ffi = FFI()
        ffi.cdef(declarations((INCLUDE / "bearer.h").read_text(encoding="utf-8")))
        ffi.set_source("bearer._abi", None)
        generated = package / "_abi.py"
        ffi.emit_python_code(str(generated))
        # cffi itself comes without types.
        generated.write_text("# mypy: ignore-errors\n" + generated.read_text())


class Wheel(bdist_wheel):
    """No extension module is in it: the wheel is of a platform, but of no Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class Platform(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(distclass=Platform, cmdclass={"build_py": Build, "bdist_wheel": Wheel})
