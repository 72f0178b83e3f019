"""The personas that come with the product, as they were written."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_FOLDER: Final = files("agents.personas").joinpath("shipped")


def shipped() -> Mapping[str, str]:
    """The text of each, by its name."""
    found = (entry for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
    texts = {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8") for entry in found}
    return MappingProxyType(dict(sorted(texts.items())))
