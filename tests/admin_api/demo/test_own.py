"""What an installation for a while takes along from the shell that asks for it."""

from admin_api.demo.own import forget_others


class TestForgetOthers:
    def test_what_names_another_installation_or_its_accounts_is_left_behind(self) -> None:
        environment = {
            "PATH": "/usr/bin",
            "LANG": "pt_BR.UTF-8",
            "TMPDIR": "/tmp",  # noqa: S108 - only a value
            "DATABASE_URL": "postgresql://app:x@db.exemplo.com/app",
            "REDIS_URL": "redis://cache.exemplo.com",
            "MASTERIA_HOME": "/srv/masteria",
            "MASTERIA_SECRET_KEYS": "k1:x",
            "TELEGRAM_API_URL": "https://api.telegram.org",
            "WHATSAPP_TOKEN": "x",
        }
        forget_others(environment)
        assert environment.keys() == {"PATH", "LANG", "TMPDIR"}
