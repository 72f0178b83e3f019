"""Which models stand behind an alias, and the keys that open their providers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.errors import Misconfigured
from core.settings import Settings

REHEARSAL: Final = "rehearsal"
OPENAI: Final = "openai"
HEARING: Final = "hearing"  # the alias of those that write recordings down
SEEING: Final = "seeing"  # of those that describe pictures
_HEARS: Final[Mapping[str, str]] = {REHEARSAL: REHEARSAL, OPENAI: "openai/whisper-1"}  # where nothing else is set
_OPENAI_VERSION: Final = "/v1"
_NO_KEY: Final = "none"  # a server of one's own that asks for none is still sent a header


@dataclass(frozen=True, kw_only=True, slots=True)
class Models:
    """Names such as `openai/gpt-4o` or `rehearsal`; an alias that is not listed means the default ones."""

    default: tuple[str, ...] = (REHEARSAL,)
    by_alias: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Models":
        default = _names(settings.masteria_model)
        hearing = tuple(dict.fromkeys(_HEARS[kind] for name in default if (kind := provider_of(name)) in _HEARS))
        told = {HEARING: settings.masteria_hearing_model, SEEING: settings.masteria_seeing_model}
        own = {alias: _names(names) for alias, names in told.items() if names is not None}
        return cls(default=default, by_alias={HEARING: hearing, **own})

    def chain(self, aliases: Sequence[str]) -> tuple[str, ...]:
        """In the order in which they are asked, each once. An alias may stand for none: not every model hears."""
        names = [name for alias in aliases or ("",) for name in self.by_alias.get(alias, self.default)]
        return tuple(dict.fromkeys(names))

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.default, *(name for names in self.by_alias.values() for name in names)]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """By provider. litellm reads those of others from the environment by itself."""

    by_provider: Mapping[str, str] = field(default_factory=dict, repr=False)
    openai_base: str | None = None  # None: OpenAI itself

    @classmethod
    def of(cls, settings: Settings) -> "Keys":
        secrets = {provider: getattr(settings, name.lower()) for provider, name in KEY_NAMES.items()}
        known = {provider: secret.get_secret_value() for provider, secret in secrets.items() if secret is not None}
        base = settings.openai_base_url
        if base is not None:
            known.setdefault(OPENAI, _NO_KEY)
        return cls(by_provider=known, openai_base=base if base is None else _with_version(base))

    def check(self, models: Models) -> None:
        """At the start of a process, so that no customer is the first to find out."""
        for name in models.every:
            self.check_one(name, variable="MASTERIA_MODEL")

    def check_one(self, name: str, *, variable: str) -> None:
        wanted = KEY_NAMES.get(provider_of(name))
        if wanted is not None and provider_of(name) not in self.by_provider:
            raise Misconfigured(
                f"O modelo {name} precisa da variável {wanted}: defina-a, ou mude {variable}.",
                f"The model {name} needs {wanted}: set it, or change {variable}.",
            )


KEY_NAMES: Final = {
    OPENAI: "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "xai": "XAI_API_KEY",
}


def provider_of(model: str) -> str:
    return model.partition("/")[0].partition("?")[0]


def _names(told: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told.split(",")))


def _with_version(base: str) -> str:
    """A bare host gets the version; who names a path has named it."""
    has_path = base.count("/") > 2  # noqa: PLR2004 - the two of https://
    return base if has_path else base + _OPENAI_VERSION
