"""How people are known: one form of each identity, and names that can be shown."""

import pytest

from channels.envelope import Identity, Person
from channels.identities import LONGEST_NAME, canonical_identity, clean_name, identities_of
from core.models.people import IdentityKind


def of(kind: IdentityKind, value: str) -> Identity:
    return Identity(kind=kind, value=value)


class TestCanonicalIdentity:
    @pytest.mark.parametrize(
        ("kind", "told", "kept"),
        [
            (IdentityKind.PHONE, "+5511987654321", "+5511987654321"),
            (IdentityKind.PHONE, "+551187654321", "+5511987654321"),
            (IdentityKind.PHONE, "(11) 98765-4321", "+5511987654321"),
            (IdentityKind.PHONE, " +55 11 8765-4321 ", "+5511987654321"),
            (IdentityKind.PHONE, "12", ""),
            (IdentityKind.WA_ID, "551187654321", "551187654321"),
            (IdentityKind.WA_ID, " +551187654321", "551187654321"),
            (IdentityKind.BSUID, " BR.15Ab ", "BR.15Ab"),
            (IdentityKind.LID, "123@lid ", "123@lid"),
            (IdentityKind.USERNAME, "@ana.paula", "ana.paula"),
            (IdentityKind.EMAIL, " Ana@Exemplo.COM ", "ana@exemplo.com"),
        ],
    )
    def test_each_kind_has_its_form(self, kind: IdentityKind, told: str, kept: str) -> None:
        assert canonical_identity(of(kind, told)) == of(kind, kept)


class TestIdentitiesOf:
    def test_an_id_of_whatsapp_tells_a_phone_number_with_its_ninth_digit(self) -> None:
        person = Person(identities=(of(IdentityKind.WA_ID, "551187654321"),))

        assert identities_of(person) == (
            of(IdentityKind.WA_ID, "551187654321"),
            of(IdentityKind.PHONE, "+5511987654321"),
        )

    def test_nothing_is_there_twice(self) -> None:
        told = (of(IdentityKind.WA_ID, "5511987654321"), of(IdentityKind.PHONE, "+5511987654321"))

        assert identities_of(Person(identities=told)) == told

    def test_what_names_nobody_is_left_out(self) -> None:
        told = (of(IdentityKind.PHONE, "ramal"), of(IdentityKind.BSUID, " "), of(IdentityKind.USERNAME, "@"))

        assert identities_of(Person(identities=told)) == ()


class TestCleanName:
    @pytest.mark.parametrize(
        ("told", "shown"),
        [
            ("Ana", "Ana"),
            ("  Ana \n Paula\t", "Ana Paula"),
            ("Ana\x00\x07\x9f", "Ana"),
            ("\u202eanA\u202c", "anA"),
            ("👨\u200d👩\u200d👧 Silva", "👨\u200d👩\u200d👧 Silva"),
            ("João d'Ávila", "João d'Ávila"),
            ("\ud800Ana", "Ana"),
            ("", None),
            (" \u200e \n", None),
            (None, None),
        ],
    )
    def test_it_is_one_line_that_can_be_shown(self, told: str | None, shown: str | None) -> None:
        assert clean_name(told) == shown

    def test_it_has_an_end(self) -> None:
        assert clean_name("a" * 5_000) == "a" * LONGEST_NAME
