"""docker-compose.yml: a valid file, in which every service has as little as it needs."""

import json
import re
from typing import Any, Final

import pytest
from jsonschema import Draft201909Validator, ValidationError

from admin_api.commands import health
from core.settings import Settings
from tests.deploy.files import ROOT, Service, compose, last_stage, ours, services

SCHEMA: Final = json.loads((ROOT / "tests" / "fixtures" / "compose_spec.json").read_text())
VALIDATOR: Final = Draft201909Validator(SCHEMA)
SERVERS: Final = ("postgres", "valkey")
PROCESSES: Final = tuple(name for name in health.PROCESSES if name != "sandbox")  # which plays providers, at home
SECONDS: Final = re.compile(r"(\d+)s")


def each(found: dict[str, Service]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "service"), found.items(), ids=list(found))


class TestSchema:
    def test_the_file_is_a_compose_file(self) -> None:
        VALIDATOR.validate(compose())

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("restrat", "always"),
            ("cap_drop", "ALL"),
            ("ports", 8000),
            ("depends_on", {"migrate": {"condition": "service_perfect"}}),
            ("healthcheck", {"test": ["CMD", "true"], "interva": "5s"}),
            ("read_only", "sometimes"),
        ],
    )
    def test_a_broken_file_is_refused(self, key: str, value: Any) -> None:
        broken = compose()
        broken["services"]["api"][key] = value
        with pytest.raises(ValidationError):
            VALIDATOR.validate(broken)

    def test_an_unknown_section_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            VALIDATOR.validate(compose() | {"serivces": {}})


class TestServices:
    def test_every_process_is_a_service(self) -> None:
        assert set(services()) == {*SERVERS, "migrate", *PROCESSES}

    def test_all_of_ours_run_the_same_image(self) -> None:
        assert len({(service["build"], service["image"]) for service in ours().values()}) == 1
        assert set(ours()) == {"migrate", *PROCESSES}

    @each({name: service for name, service in services().items() if name != "migrate"})
    def test_a_service_comes_back_after_a_crash_and_shows_its_health(self, name: str, service: Service) -> None:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        if name in PROCESSES:
            assert service["healthcheck"]["test"] == ["CMD", "masteria", "health", name]

    @each(services())
    def test_a_service_has_a_bound_on_memory_and_logs(self, name: str, service: Service) -> None:
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}

    def test_migrations_end_before_anything_of_ours_begins(self) -> None:
        assert services()["migrate"]["restart"] == "no"
        assert services()["migrate"]["command"] == ["db", "upgrade"]
        for name in PROCESSES:
            assert services()[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}

    @each({name: services()[name] for name in PROCESSES})
    def test_a_process_has_time_to_drain(self, name: str, service: Service) -> None:
        grace = SECONDS.fullmatch(service["stop_grace_period"])
        assert grace, name
        assert int(grace[1]) > float(service["environment"]["MASTERIA_DRAIN_SECONDS"])

    @each({name: services()[name] for name in PROCESSES})
    def test_a_process_counts_in_a_folder_of_its_container(self, name: str, service: Service) -> None:
        folder = service["environment"]["PROMETHEUS_MULTIPROC_DIR"]
        assert any(mount.split(":")[0] == folder for mount in service["tmpfs"]), name
        assert not any(mount.split(":")[1].startswith(folder) for mount in service.get("volumes", []))

    @each({name: services()[name] for name in PROCESSES})
    def test_the_settings_of_a_process_parse(self, name: str, service: Service) -> None:
        given = {key.lower(): value for key, value in service["environment"].items() if not value.startswith("${")}
        settings = Settings(**given)
        assert settings.masteria_metrics_port == int(service["environment"]["MASTERIA_METRICS_PORT"]) > 0, name
        assert settings.masteria_drain_seconds == 30


class TestConfinement:
    @each(services())
    def test_nobody_is_root_or_may_become_it(self, name: str, service: Service) -> None:
        assert service["user"].startswith("${CONTAINER_USER:?"), name  # made by make-secrets.sh, without a default
        assert service["cap_drop"] == ["ALL"]
        assert "cap_add" not in service
        assert "privileged" not in service
        assert "no-new-privileges:true" in service["security_opt"]

    @each(services())
    def test_nobody_writes_to_its_image(self, name: str, service: Service) -> None:
        assert service["read_only"] is True, name

    def test_only_the_api_publishes_a_port_and_only_on_loopback(self) -> None:
        published = {name: service["ports"] for name, service in services().items() if "ports" in service}
        assert list(published) == ["api"]
        assert all(port.startswith("127.0.0.1:") for port in published["api"])

    def test_the_data_network_has_no_way_out(self) -> None:
        assert compose()["networks"]["data"] == {"internal": True}
        for name in (*SERVERS, "migrate", "beat"):
            assert services()[name]["networks"] == ["data"]

    @each(services())
    def test_nothing_stands_in_the_way_of_copies(self, name: str, service: Service) -> None:
        assert "container_name" not in service, name
        assert "network_mode" not in service
        assert "hostname" not in service

    @each(services())
    def test_a_volume_is_named_or_read_only(self, name: str, service: Service) -> None:
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose()["volumes"] or volume.endswith(":ro"), name


class TestSecrets:
    def test_every_secret_is_declared_and_used(self) -> None:
        used = {secret for service in services().values() for secret in service.get("secrets", [])}
        assert used == set(compose()["secrets"])
        assert all(value == {"file": f"./secrets/{name}"} for name, value in compose()["secrets"].items())

    def test_no_secret_stands_in_the_environment(self) -> None:
        for name, service in services().items():
            secret = [key for key in service.get("environment", {}) if key.lower() in compose()["secrets"]]
            assert not secret, name

    def test_each_service_sees_only_what_it_needs(self) -> None:
        work = {"database_url", "redis_url", "masteria_secret_keys"}
        assert {name: set(service["secrets"]) for name, service in services().items()} == {
            "postgres": {"postgres_password", "migrator_password", "app_password"},
            "valkey": {"valkey.conf"},
            "migrate": {"database_migrate_url"},
            "api": work,
            "engine": work,
            "worker": work,
            "staff": work,
            "beat": {"redis_url"},
        }

    @each(ours())
    def test_a_secret_of_ours_is_a_setting(self, name: str, service: Service) -> None:
        assert set(service["secrets"]) <= set(Settings.model_fields), name


class TestPorts:
    def test_the_published_port_is_the_one_the_api_listens_on(self) -> None:
        words = services()["api"]["command"]
        listens = words[words.index("--port") + 1]
        assert services()["api"]["ports"] == [f"127.0.0.1:{listens}:{listens}"]
        assert [line.value for line in last_stage() if line.name == "EXPOSE"] == [listens]

    def test_the_api_listens_beyond_its_container_and_its_metrics_do_not_collide(self) -> None:
        words = services()["api"]["command"]
        assert words[words.index("--host") + 1] == "0.0.0.0"
        assert services()["api"]["environment"]["MASTERIA_METRICS_PORT"] not in words
