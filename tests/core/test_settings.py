"""Tests of reading the environment: what is understood, and what is refused in one line that shows no secret."""

import os
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from core import settings as settings_module
from core.errors import Misconfigured
from core.settings import Settings, bare_asyncpg, default_home

SECRET: Final = "s3nha-do-banco"
NAMES: Final = tuple(name.upper() for name in Settings.model_fields)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine, and no folder of secrets."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings_module, "SECRET_FILES", tmp_path / "none")


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as refused:
        load(monkeypatch, **{name: value})
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    return (*refused.value.detail, str(refused.value))


def outcome(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    """Whatever is shown of the value: the settings, or the refusal."""
    try:
        return repr(load(monkeypatch, **{name: value}))
    except Misconfigured as error:
        return repr((error.detail, str(error)))


# What `urlsplit` says of these repeats the password.
ECHOED: Final = ("℀", "／", "[{}]")


class TestLoad:
    def test_nothing_set_is_fine(self) -> None:
        settings = Settings.load()
        assert settings.masteria_home == default_home()
        assert settings.database_url is None
        assert settings.debug is False
        assert settings.storage_url == (default_home() / "storage").as_uri()

    def test_an_empty_variable_counts_as_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = load(monkeypatch, **dict.fromkeys(NAMES, ""))
        assert settings == Settings.load()
        assert settings.redis_url is None

    def test_foreign_variables_do_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not hasattr(load(monkeypatch, MASTERIA_UNKNOWN="x"), "masteria_unknown")

    def test_what_is_handed_in_is_read_and_passed_to_children(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASTERIA_HOME", "/before")
        assert Settings.load({"MASTERIA_HOME": "/after"}).masteria_home == Path("/after")
        assert os.environ["MASTERIA_HOME"] == "/after"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DATABASE_URL", f"mysql://app:{SECRET}@host/db"),
            ("DATABASE_URL", f"app:{SECRET}@host/db"),
            ("DATABASE_URL", f"postgresql:///{SECRET}"),
            ("DATABASE_URL", f"postgresql://app:{SECRET}@[::1/db"),
            ("DATABASE_URL", f"postgresql+psycopg://app:{SECRET}@host/db"),
            ("DATABASE_MIGRATE_URL", SECRET),
            ("DATABASE_LISTEN_URL", f"http://{SECRET}"),
            ("REDIS_URL", f"http://:{SECRET}@host/0"),
            ("REDIS_URL", SECRET),
            ("MASTERIA_PUBLIC_URL", "host.example"),
            ("MASTERIA_PUBLIC_URL", "https://"),
            ("MASTERIA_PUBLIC_URL", "javascript:alert(1)"),
            ("MASTERIA_STORAGE_URL", "/folder"),
            ("MASTERIA_STORAGE_URL", "http://bucket"),
            ("MASTERIA_METRICS_PORT", "eighty"),
            ("MASTERIA_METRICS_PORT", "-1"),
            ("MASTERIA_METRICS_PORT", "65536"),
            ("MASTERIA_DRAIN_SECONDS", "0"),
            ("MASTERIA_DRAIN_SECONDS", "601"),
            ("MASTERIA_DRAIN_SECONDS", "nan"),
            ("MASTERIA_LOG_FORMAT", "xml"),
            ("MASTERIA_LIFELINE", "x"),
            ("DEBUG", "maybe"),
        ],
    )
    def test_a_wrong_value_is_one_line_that_names_its_variable(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        for words in refusal(monkeypatch, name, value):
            assert name in words
            assert "\n" not in words
            assert SECRET not in words

    @pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_MIGRATE_URL", "DATABASE_LISTEN_URL", "REDIS_URL"])
    @pytest.mark.parametrize("odd", ["[", "]", "[v1.{}]", "％", "\t", " ", *ECHOED])
    def test_a_password_with_an_odd_character_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch, name: str, odd: str
    ) -> None:
        password = odd.format(SECRET) if "{}" in odd else SECRET + odd
        scheme = "redis" if name == "REDIS_URL" else "postgresql"
        assert SECRET not in outcome(monkeypatch, name, f"{scheme}://app:{password}@host/0")

    def test_a_wrong_secret_beside_a_right_one_shows_neither(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASTERIA_SECRET_KEYS", SECRET)
        assert not any(SECRET in words for words in refusal(monkeypatch, "REDIS_URL", f"x{SECRET}"))

    def test_its_repr_shows_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        urls = {name: f"postgresql://app:{SECRET}@host/db" for name in NAMES if name.startswith("DATABASE")}
        redis = f"redis://:{SECRET}@host/0"
        settings = load(
            monkeypatch, **urls, REDIS_URL=redis, CELERY_BROKER_URL=redis, MASTERIA_SECRET_KEYS=f"k1:{SECRET}"
        )
        assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


class TestDatabaseUrl:
    @pytest.mark.parametrize(
        ("given", "read"),
        [
            ("postgresql://u:p@h:5/d", "postgresql+asyncpg://u:p@h:5/d"),
            ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
            ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
            ("postgresql://u:p@h/d?sslmode=require", "postgresql+asyncpg://u:p@h/d?ssl=require"),
            ("postgresql://u:p@h/d?sslmode=verify-full", "postgresql+asyncpg://u:p@h/d?ssl=verify-full"),
            ("postgresql://u:p@h/d?ssl=prefer", "postgresql+asyncpg://u:p@h/d?ssl=prefer"),
            ("postgresql://u:a%40b%2Fc@h/d", "postgresql+asyncpg://u:a%40b%2Fc@h/d"),
            ("postgresql://u:p@[::1]:5/d", "postgresql+asyncpg://u:p@[::1]:5/d"),
        ],
    )
    def test_it_is_read_as_asyncpg(self, monkeypatch: pytest.MonkeyPatch, given: str, read: str) -> None:
        assert load(monkeypatch, DATABASE_URL=given).require("DATABASE_URL") == read
        assert load(monkeypatch, DATABASE_MIGRATE_URL=given).require("DATABASE_MIGRATE_URL") == read

    @pytest.mark.parametrize("option", ["application_name=x", "sslrootcert=/c", "channel_binding=require"])
    def test_an_option_that_asyncpg_does_not_know_is_named(self, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
        with pytest.raises(Misconfigured, match=f"DATABASE_URL.*{option.partition('=')[0]}"):
            load(monkeypatch, DATABASE_URL=f"postgresql://u:p@h/d?sslmode=require&{option}")

    def test_asyncpg_by_itself_is_given_the_name_it_knows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read = load(monkeypatch, DATABASE_URL="postgresql://u:p@h/d?sslmode=require").require("DATABASE_URL")
        assert bare_asyncpg(read) == "postgresql://u:p@h/d?sslmode=require"
        assert bare_asyncpg("postgresql+asyncpg://u:p@h/d") == "postgresql://u:p@h/d"

    def test_reading_what_was_read_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        once = load(monkeypatch, DATABASE_URL="postgres://u:p@h/d?sslmode=require").require("DATABASE_URL")
        assert load(monkeypatch, DATABASE_URL=once).require("DATABASE_URL") == once


class TestOtherValues:
    @pytest.mark.parametrize("value", ["redis://:p@h:1/0", "rediss://h", "unix:///run/valkey.sock"])
    def test_redis_urls_stay_as_they_are(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        assert load(monkeypatch, REDIS_URL=value).require("REDIS_URL") == value

    @pytest.mark.parametrize("value", ["file:///x", "s3://bucket/prefix", "gs://bucket"])
    def test_storage_urls_stay_as_they_are(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        assert load(monkeypatch, MASTERIA_STORAGE_URL=value).storage_url == value

    def test_the_public_address_loses_its_last_slash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load(monkeypatch, MASTERIA_PUBLIC_URL="https://x.example/").masteria_public_url == "https://x.example"

    @pytest.mark.parametrize(("value", "read"), [("1", True), ("true", True), ("0", False), ("False", False)])
    def test_debug_is_a_switch(self, monkeypatch: pytest.MonkeyPatch, value: str, *, read: bool) -> None:
        assert load(monkeypatch, DEBUG=value).debug is read


class TestSecretFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "secrets"
        folder.mkdir()
        monkeypatch.setattr(settings_module, "SECRET_FILES", folder)
        return folder

    @pytest.mark.parametrize("name", ["redis_url", "REDIS_URL"])
    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_a_file_serves_as_the_variable(self, folder: Path, name: str, end: str) -> None:
        (folder / name).write_text(f"redis://:{SECRET}@h/0{end}")
        assert Settings.load().require("REDIS_URL") == f"redis://:{SECRET}@h/0"

    def test_the_variable_wins_over_the_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "redis_url").write_text("redis://file")
        assert load(monkeypatch, REDIS_URL="redis://variable").require("REDIS_URL") == "redis://variable"

    def test_keys_on_several_lines_are_kept_whole(self, folder: Path) -> None:
        (folder / "masteria_secret_keys").write_text("a:1,\nb:2\n")
        assert Settings.load().masteria_secret_keys == SecretStr("a:1,\nb:2")

    def test_a_wrong_file_is_one_line_that_names_the_variable(self, folder: Path) -> None:
        (folder / "database_url").write_text(f"mysql://{SECRET}")
        with pytest.raises(Misconfigured, match="DATABASE_URL") as refused:
            Settings.load()
        assert SECRET not in str(refused.value)

    def test_other_files_do_not_matter(self, folder: Path) -> None:
        (folder / "unknown").write_text("x")
        (folder / "..data").mkdir()
        assert Settings.load().redis_url is None


class TestRequire:
    @pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "MASTERIA_PUBLIC_URL"])
    def test_a_missing_value_is_one_line_that_names_it_and_the_remedy(self, name: str) -> None:
        with pytest.raises(Misconfigured) as refused:
            Settings.load().require(name)
        assert all(name in words and "masteria up" in words for words in refused.value.detail)

    def test_the_broker_is_valkey_unless_it_has_an_address_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load(monkeypatch, REDIS_URL="redis://one").broker_url == "redis://one"
        assert load(monkeypatch, CELERY_BROKER_URL="redis://two").broker_url == "redis://two"

    def test_without_both_the_broker_names_redis(self) -> None:
        with pytest.raises(Misconfigured, match="REDIS_URL"):
            _ = Settings.load().broker_url


class TestModels:
    @pytest.mark.parametrize(
        ("told", "read"),
        [
            ("rehearsal", "rehearsal"),
            ("rehearsal/chaotic?seed=3", "rehearsal/chaotic?seed=3"),
            ("openai/gpt-4o, gemini/gemini-2.5-flash", "openai/gpt-4o,gemini/gemini-2.5-flash"),
            ("openrouter/meta-llama/llama-3.3-70b:free", "openrouter/meta-llama/llama-3.3-70b:free"),
        ],
    )
    def test_their_names_are_read_in_order(self, monkeypatch: pytest.MonkeyPatch, told: str, read: str) -> None:
        assert load(monkeypatch, MASTERIA_MODEL=told).masteria_model == read

    @pytest.mark.parametrize("told", ["gpt-4o", "openai/", "openai/gpt 4o;", ",", "rehearsal/Loud!", "openai/a,,b/c"])
    def test_a_name_without_a_provider_is_refused(self, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
        assert "openai/gpt-4o" in refusal(monkeypatch, "MASTERIA_MODEL", told)[0]

    def test_their_keys_are_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = [name for name in NAMES if name.endswith("_API_KEY")]
        settings = load(monkeypatch, **dict.fromkeys(names, SECRET))
        assert len(names) == 8
        assert SECRET not in repr(settings)
