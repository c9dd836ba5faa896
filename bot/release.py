"""Which release this is: pyproject.toml names it, and an installed package knows it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """Return the version of the installed package; "not installed" where there are only its files."""
    try:
        return version("regbrief")
    except PackageNotFoundError:
        return "not installed"
