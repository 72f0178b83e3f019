"""What a kind of connection must be told: each wrong value is named, and none is repeated."""

from typing import Any, Final

import pytest

from channels.connection_forms import FORMS, form_of, refuse_bad_name
from core.errors import Malformed
from core.models.people import ConnectionKind

FORM: Final = form_of(ConnectionKind.WHATSAPP)
SETTINGS: Final = {"phone_number_id": "1001"}
SECRETS: Final = {"access_token": "EAAzebra", "app_secret": "zebra-app-secret", "verify_token": "zebra-verify"}


class TestFormOf:
    @pytest.mark.parametrize("kind", sorted(set(ConnectionKind) - FORMS.keys()))
    def test_a_channel_that_is_not_there_yet_says_so_and_which_are(self, kind: ConnectionKind) -> None:
        with pytest.raises(Malformed, match=f"{kind} do not exist here yet; for now: whatsapp"):
            form_of(kind)

    def test_what_names_a_number_is_fixed_and_what_is_shared_is_not(self) -> None:
        assert FORM.fixed == {"phone_number_id"}
        assert {address.kind: address.is_own for address in FORM.addresses} == {
            "whatsapp.phone": True,
            "whatsapp.account": False,
        }


class TestRefuseWrong:
    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"waba_id": "2" * 32, "display_phone_number": "+55 (11) 99999-0000"},
            {"per_second": 80, "answer_hours": 24, "is_coexistence": True, "is_sandbox": False},
        ],
    )
    def test_what_is_right_passes(self, told: dict[str, Any]) -> None:
        FORM.refuse_wrong(SETTINGS | told, SECRETS, is_new=True)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("phone_number_id", "12a"),
            ("phone_number_id", 1001),
            ("phone_number_id", "１２"),
            ("phone_number_id", "1001\n"),
            ("phone_number_id", "1" * 33),
            ("waba_id", ""),
            ("waba_id", None),
            ("per_second", 0),
            ("per_second", 1001),
            ("per_second", True),
            ("per_second", "80"),
            ("answer_hours", 169),
            ("is_sandbox", "yes"),
            ("is_coexistence", 1),
            ("display_phone_number", "loja"),
            ("display_phone_number", "+55"),
            ("colour", "red"),
        ],
    )
    def test_a_wrong_setting_is_named(self, name: str, value: object) -> None:
        with pytest.raises(Malformed) as refused:
            FORM.refuse_wrong({**SETTINGS, name: value}, SECRETS, is_new=True)

        assert [error.field for error in refused.value.errors] == [f"body.{name}"]
        assert all(f"{name}: " in words for words in refused.value.detail)

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize("value", ["", "two zebras", "zebra\n", "zébra", "z" * 4097, "zebra\x00", 7])
    def test_a_wrong_secret_is_named_and_not_repeated(self, name: str, value: object) -> None:
        with pytest.raises(Malformed) as refused:
            FORM.refuse_wrong(SETTINGS, {**SECRETS, name: value}, is_new=True)

        assert [error.field for error in refused.value.errors] == [f"body.{name}"]
        assert "bra" not in str(refused.value.detail)

    @pytest.mark.parametrize(("name", "least"), [("app_secret", 16), ("verify_token", 6), ("access_token", 1)])
    def test_a_secret_that_could_be_guessed_is_none(self, name: str, least: int) -> None:
        FORM.refuse_wrong(SETTINGS, {**SECRETS, name: "z" * least}, is_new=True)
        with pytest.raises(Malformed, match=f"{name}: {least} to 4096"):
            FORM.refuse_wrong(SETTINGS, {**SECRETS, name: "z" * (least - 1)}, is_new=True)

    def test_all_that_is_missing_is_named_at_once(self) -> None:
        with pytest.raises(Malformed) as refused:
            FORM.refuse_wrong({}, {}, is_new=True)

        missing = {f"body.{name}" for name in (*SETTINGS, *SECRETS)}
        assert {error.field for error in refused.value.errors} == missing

    def test_of_a_change_nothing_is_missing(self) -> None:
        FORM.refuse_wrong({}, {"access_token": "new"}, is_new=False)


class TestRefuseBadName:
    @pytest.mark.parametrize("name", ["Loja", "x" * 120, "100% ação 🛒"])
    def test_a_name_that_people_can_read_passes(self, name: str) -> None:
        refuse_bad_name(name)

    @pytest.mark.parametrize("name", ["", " ", " Loja", "Loja ", "a\nb", "a\x00b", "x" * 121, "a\u202eb", "\ud800"])
    def test_any_other_is_refused_by_its_field(self, name: str) -> None:
        with pytest.raises(Malformed) as refused:
            refuse_bad_name(name, "persona")
        assert [error.field for error in refused.value.errors] == ["body.persona"]
