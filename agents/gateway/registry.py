"""From a model's name to its adapter, loaded on first use: the libraries behind them cost seconds and much memory."""

import asyncio
import importlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

from agents.gateway.adapter import Adapter
from agents.gateway.models import OPENAI, REHEARSAL, Keys, provider_of
from agents.gateway.rehearsal_adapter import RehearsalAdapter
from core.errors import Misconfigured

_BRAIN: Final = "agents.rehearsal.brain"
_MODULES: Final = {REHEARSAL: _BRAIN, OPENAI: "agents.gateway.openai_adapter"}
_EVERYTHING_ELSE: Final = "agents.gateway.litellm_adapter"
# Read once, while the libraries are imported: none of them is to call home, or to fetch a table from the network.
_ENVIRONMENT: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
}


class Registry:
    """The adapters of a process; each is made once, with the keys of the installation."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._adapters: dict[str, Adapter] = {}
        self._loading = asyncio.Lock()

    async def adapter(self, model: str) -> Adapter:
        module = _MODULES.get(provider_of(model), _EVERYTHING_ELSE)
        if (known := self._adapters.get(module)) is not None:
            return known
        async with self._loading:
            if module not in self._adapters:
                # In a thread: importing takes seconds, and other conversations go on meanwhile.
                self._adapters[module] = await asyncio.to_thread(_load, module, self._keys)
        return self._adapters[module]

    async def close(self) -> None:
        adapters, self._adapters = list(self._adapters.values()), {}
        for adapter in adapters:
            await adapter.close()


def _load(module: str, keys: Keys) -> Adapter:
    os.environ.update(_ENVIRONMENT)
    if (tokenizers := _tokenizers()) is not None:
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tokenizers))
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"Falta o pacote {error.name}: instale o grupo `model` neste processo.",
            f"The package {error.name} is missing: install the group `model` for this process.",
        ) from error
    if module == _BRAIN:
        return RehearsalAdapter(loaded.reply, loaded.told_by)
    return cast("Adapter", loaded.make_adapter(keys))


def _tokenizers() -> Path | None:
    """Those that come with litellm: tiktoken by itself would download them."""
    spec = find_spec("litellm")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) / "litellm_core_utils" / "tokenizers" if folders else None
