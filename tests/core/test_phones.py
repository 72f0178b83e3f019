"""Numbers as people and WhatsApp write them, judged by the library's own examples where those know the answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone

from core.phones import DDDS, canonical, from_wa_id, masked, match_key, ways, zone_of

MOBILE = "+5531987654321"
LANDLINE = "+553133334444"
ZONES = available_timezones()
SUMMER = datetime(2026, 1, 15, tzinfo=UTC)
STALE = {"93", "94"}  # the library has Pará an hour late, as it was before 2008

ddds = st.sampled_from(sorted(DDDS))
lines = st.integers(0, 99_999_999).map("{:08}".format)
old_lines = st.integers(60_000_000, 99_999_999).map(str)
landlines = st.integers(20_000_000, 59_999_999).map(str)
foreign = [
    number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS - {"BR"})
    if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE))
]
anything = st.text() | st.text("0123456789+()-. xX/r\u200b٣", max_size=24) | st.from_regex(r"\+?[0-9]{5,16}")


def e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


class TestCanonical:
    @pytest.mark.parametrize(
        "raw",
        [
            "+5531987654321",
            "+55 (31) 98765-4321",
            "+55 (0)31 98765-4321",
            "+55 0 15 31 98765 4321",
            "(+55) 31 98765-4321",
            "55 31 98765-4321",
            "55 031 98765-4321",
            "5531987654321",
            "553187654321",
            "005531987654321",
            "0055 31 8765-4321",
            "+0055 31 98765-4321",
            "31987654321",
            "3187654321",
            "(31) 9 8765-4321",
            "(31) 8765-4321",
            "31.98765.4321",
            "31 9.8765.4321",
            "[31] 98765 43 21",
            "031 98765-4321",
            "015 31 98765-4321",
            "0153187654321",
            "0 21 31 98765 4321",
            "0xx31 98765-4321",
            "(0XX31) 98765-4321",
            "0 xx 31 98765-4321",
            "(0**31) 98765-4321",
            "90 31 98765-4321",
            "tel:+55-31-98765-4321",
            "whatsapp:+5531987654321",
            "https://wa.me/5531987654321?text=oi",
            "5531987654321@s.whatsapp.net",
            "31987654321.0",
            "'31987654321",
            "Ana: 31 98765-4321 (recado)",
            "31 98765-4321 ramal 12",
            "+55 31 98765-4321 r. 12",
            "(31) 98765-4321;ext=12",
            "(31) 98765-4321 x12",
            "\u202a+55\u202c 31\u200b 98765‑4321\u00a0",
            "31 98765–4321",
            "３１９８７６５４３２１",
            "٣١٩٨٧٦٥٤٣٢١",
        ],
    )
    def test_one_mobile_has_one_form_however_it_is_written(self, raw: str) -> None:
        assert canonical(raw) == MOBILE

    @pytest.mark.parametrize(
        "raw", ["(31) 3333-4444", "55 31 3333 4444", "0 31 3333-4444", "041 31 3333-4444", "00553133334444"]
    )
    def test_a_landline_never_gets_a_ninth_digit(self, raw: str) -> None:
        assert canonical(raw) == LANDLINE

    @pytest.mark.parametrize(
        ("raw", "number"),
        [
            ("55999998888", "+5555999998888"),
            ("5599998888", "+5555999998888"),
            ("(55) 3333-4444", "+555533334444"),
            ("0 55 99999-8888", "+5555999998888"),
            ("055 55 99999-8888", "+5555999998888"),
            ("555599998888", "+5555999998888"),
            ("5555999998888", "+5555999998888"),
            ("055 31 98765-4321", MOBILE),
        ],
    )
    def test_55_may_be_the_country_an_area_or_a_carrier(self, raw: str, number: str) -> None:
        assert canonical(raw) == number

    @pytest.mark.parametrize("first", "6789")
    def test_every_old_mobile_gets_its_ninth_digit(self, first: str) -> None:
        assert canonical(f"(11) {first}123-4567") == f"+55119{first}1234567"

    @pytest.mark.parametrize(
        ("raw", "number"),
        [
            ("+1 415 555 2671", "+14155552671"),
            ("001 415 555 2671", "+14155552671"),
            ("0015 1 415 555 2671", "+14155552671"),  # dialled from Brazil, by carrier 15
            ("00351 912 345 678", "+351912345678"),
            ("+54 11 15 2345-6789", "+5491123456789"),
            ("+52 1 55 1234 5678", "+525512345678"),
            ("+39 06 1234567", "+39061234567"),
            ("+800 1234 5678", "+80012345678"),
            ("0800 123 4567", "+558001234567"),
        ],
    )
    def test_other_countries_and_free_numbers_are_known(self, raw: str, number: str) -> None:
        assert canonical(raw) == number

    @pytest.mark.parametrize(
        "written",
        [
            lambda number: canonical(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)),
            lambda number: canonical(
                phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
                phonenumbers.region_code_for_number(number) or "",
            ),
            lambda number: canonical(f"00{e164(number)[1:]}"),
        ],
        ids=["abroad", "at home", "after 00"],
    )
    def test_the_library_s_example_of_every_country_is_read(
        self, written: Callable[[phonenumbers.PhoneNumber], str | None]
    ) -> None:
        assert [e164(number) for number in foreign if written(number) != e164(number)] == []

    @pytest.mark.parametrize(
        "raw",
        [
            *("", "+", "()", "abc", "Ana", "190", "4004-1234", "1-800-FLOWERS", "x" * 101),
            *("98765-4321", "3333-4444", "987654321", "+55 98765-4321"),  # no area code: never guessed
            *("20 98765-4321", "+55 20 98765-4321", "0055 20 98765 4321", "+5500987654321"),  # no such area
            *("31 6876-54321", "31 18765-4321", "31 1876-5432", "+55 31 60000-0000"),
            *("31987654321000", "+55 319876543210", "319876", "+5555319876543210"),
            *("31 98765-432I", "31 98765-4321 ou 31 98888-7777", "31 98765-4321 / 31 98888-7777"),
            *("319.876.543-21", "2026-11-21", "21/12/2026 20:30", "30130-010"),  # a CPF, dates, a CEP
            *("5.53199E+12", "5,53199E+12", "351912345678", "5215512345678"),
            *("9090 31 98765 4321", "+31 98765-4321", "0031 98765-4321", "+1 555 123 4567"),
        ],
    )
    def test_what_is_no_whole_number_is_none(self, raw: str) -> None:
        assert canonical(raw) is None

    def test_an_unknown_region_reads_only_what_names_its_country(self) -> None:
        assert canonical("31987654321", "ZZ") is None
        assert canonical("+55 31 98765-4321", "ZZ") == MOBILE
        assert canonical("912 345 678", "pt") == "+351912345678"

    @given(ddd=ddds, line=lines)
    @settings(deadline=None)
    def test_every_written_form_of_any_mobile_is_the_same(self, ddd: str, line: str) -> None:
        forms = ("{} 9{}", "({}) 9{}", "0{}9{}", "015{}9{}", "+55{}9{}", "55 {} 9{}", "0055{}9{}", "+55 (0){} 9{}")

        assert {canonical(form.format(ddd, line)) for form in forms} == {f"+55{ddd}9{line}"}

    @given(anything, st.sampled_from(["BR", "US", "PT", "MX", "AR", "br", "", "ZZ"]))
    @settings(deadline=None)
    def test_any_text_is_read_and_what_is_found_is_found_again(self, raw: str, region: str) -> None:
        number = canonical(raw, region)

        assert number is None or canonical(number) == canonical(number, region) == number
        assert number is None or phonenumbers.is_possible_number(phonenumbers.parse(number))


class TestFromWaId:
    @pytest.mark.parametrize(
        ("wa_id", "number"),
        [
            ("5511987654321", "+5511987654321"),
            ("551187654321", "+5511987654321"),
            ("553187654321", MOBILE),
            ("553133334444", LANDLINE),  # a shop on its landline
            ("558001234567", "+558001234567"),
            ("5215512345678", "+525512345678"),
            ("525512345678", "+525512345678"),
            ("5491123456789", "+5491123456789"),
            ("14155552671", "+14155552671"),
            ("15551234567", "+15551234567"),  # a test number of Meta, which is in no plan
            ("2250712345", "+2250712345"),
            ("6834000", "+6834000"),
        ],
    )
    def test_it_is_a_number_with_what_the_country_s_own_rules_add(self, wa_id: str, number: str) -> None:
        assert from_wa_id(wa_id) == number

    @pytest.mark.parametrize(
        "wa_id", ["", "abc", "0551187654321", "123456", "1234567890123456", "55 31", "BR.15", "٣" * 9]
    )
    def test_what_is_no_id_of_a_phone_is_none(self, wa_id: str) -> None:
        assert from_wa_id(wa_id) is None

    @given(ddds, old_lines | landlines)
    def test_it_agrees_with_what_a_person_writes(self, ddd: str, line: str) -> None:
        assert from_wa_id(f"55{ddd}{line}") == canonical(f"({ddd}) {line[:4]}-{line[4:]}")

    @given(anything)
    def test_any_text_is_read_and_its_own_answer_is_final(self, text: str) -> None:
        number = from_wa_id(text)

        assert number is None or from_wa_id(number) == number


class TestMatchKey:
    def test_a_mobile_is_known_by_its_area_and_last_eight_digits(self) -> None:
        assert match_key(MOBILE) == match_key("+553187654321") == "553187654321"

    def test_every_other_number_is_its_own_key(self) -> None:
        assert match_key(LANDLINE) == LANDLINE
        assert match_key("+5215512345678") == match_key("+525512345678") == "+525512345678"

    @given(ddds, landlines)
    def test_no_landline_is_taken_for_a_mobile(self, ddd: str, line: str) -> None:
        assert match_key(f"+55{ddd}{line}") != match_key(f"+55{ddd}9{line}")

    @given(anything)
    def test_any_text_has_a_key_and_a_key_is_its_own(self, text: str) -> None:
        assert match_key(match_key(text)) == match_key(text)


class TestWays:
    @pytest.mark.parametrize("digits", ["5511988887777", "551188887777"])
    def test_a_mobile_has_two_with_the_ninth_digit_and_without_it(self, digits: str) -> None:
        assert ways(digits) == ("5511988887777", "551188887777")

    @pytest.mark.parametrize("digits", ["5215512345678", "525512345678"])
    def test_so_has_a_mexican_one(self, digits: str) -> None:
        assert ways(digits) == ("525512345678", "5215512345678")

    @pytest.mark.parametrize(
        "digits", ["551133334444", "5511933334444", "14155550123", "491701234567", "BR.12345678", ""]
    )
    def test_what_never_had_another_digit_has_one(self, digits: str) -> None:
        """The mobile with a landline's digits behind its 9 is somebody else's."""
        assert ways(digits) == (digits,)

    @given(st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True))
    def test_all_of_them_are_one_line(self, digits: str) -> None:
        assert {match_key(way) for way in ways(digits)} == {match_key(digits)}
        assert digits in ways(digits)


class TestMasked:
    @pytest.mark.parametrize(
        ("number", "shown"),
        [
            (MOBILE, "+55 31 •••••-4321"),
            (LANDLINE, "+55 31 ••••-4444"),
            ("+553187654321", "+55 31 ••••-4321"),
            ("+14155552671", "+1 ••••••2671"),
            ("+558001234567", "+55 ••••••4567"),
            ("+6834000", "+683 ••00"),
            ("+999123456789", "••••••••6789"),
            ("Ana", ""),
        ],
    )
    def test_country_area_and_the_last_digits_are_shown(self, number: str, shown: str) -> None:
        assert masked(number) == shown

    @given(st.sampled_from([e164(number) for number in foreign]) | st.builds("+55{}9{}".format, ddds, lines))
    @settings(deadline=None)
    def test_nobody_can_dial_what_is_shown(self, number: str) -> None:
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))

        assert national not in "".join(filter(str.isdecimal, masked(number)))
        assert masked(number).count("•") * 2 >= len(national) - 2  # less a Brazilian area code

    @given(anything)
    @settings(deadline=None)
    def test_any_text_can_be_masked(self, text: str) -> None:
        assert sum(character.isdecimal() for character in masked(text)) <= 9


class TestDdds:
    def test_they_are_those_of_the_numbering_plan(self) -> None:
        known = {str(ddd) for ddd in range(10, 100) if canonical(f"+55 {ddd} 98765-4321")}
        planned = {
            str(ddd) for ddd in range(10, 100) if phonenumbers.is_valid_number(phonenumbers.parse(f"+55{ddd}987654321"))
        }

        assert known == planned == DDDS
        assert len(DDDS) == 67


class TestZoneOf:
    @pytest.mark.parametrize("ddd", sorted(DDDS))
    def test_every_area_has_a_zone_with_the_hour_that_the_library_knows(self, ddd: str) -> None:
        zone = zone_of(f"+55{ddd}987654321")
        theirs = timezone.time_zones_for_number(phonenumbers.parse(f"+55{ddd}32123456"))

        assert zone is not None
        assert zone == zone_of(f"+55{ddd}32123456") == zone_of(f"+55{ddd}87654321")
        offsets = {SUMMER.astimezone(ZoneInfo(name)).utcoffset() for name in theirs}
        assert ddd in STALE or offsets == {SUMMER.astimezone(ZoneInfo(zone)).utcoffset()}

    @pytest.mark.parametrize(
        ("ddds", "zone", "hours"),
        [
            ("11 21 31 41 51 61 62 64", "America/Sao_Paulo", -3),
            ("71 77", "America/Bahia", -3),
            ("79 82", "America/Maceio", -3),
            ("81 87", "America/Recife", -3),
            ("83 85 86 98 99", "America/Fortaleza", -3),
            ("63", "America/Araguaina", -3),
            ("91 94 96", "America/Belem", -3),
            ("93", "America/Santarem", -3),
            ("65 66", "America/Cuiaba", -4),
            ("67", "America/Campo_Grande", -4),
            ("69", "America/Porto_Velho", -4),
            ("92 97", "America/Manaus", -4),
            ("95", "America/Boa_Vista", -4),
            ("68", "America/Rio_Branco", -5),
        ],
    )
    def test_each_state_keeps_its_own_hour(self, ddds: str, zone: str, hours: int) -> None:
        assert {zone_of(f"+55{ddd}987654321") for ddd in ddds.split()} == {zone}
        offset = SUMMER.astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None
        assert offset.total_seconds() == hours * 3600

    @pytest.mark.parametrize(
        ("number", "zone"),
        [
            ("+14155552671", "America/Los_Angeles"),
            ("+5491123456789", "America/Buenos_Aires"),
            ("+81312345678", "Asia/Tokyo"),
            ("+525512345678", "America/Mexico_City"),
            ("+5215512345678", "America/Mexico_City"),
        ],
    )
    def test_abroad_the_library_knows_it(self, number: str, zone: str) -> None:
        assert zone_of(number) == zone

    @pytest.mark.parametrize(
        "number",
        ["+351912345678", "+18005550199", "+80012345678", "+558001234567", "+5520987654321", "+15551234567", "31", ""],
    )
    def test_several_zones_or_none_are_no_answer(self, number: str) -> None:
        assert zone_of(number) is None

    def test_every_zone_it_names_is_one_that_python_has(self) -> None:
        zones = {zone for number in foreign if (zone := zone_of(e164(number)))}

        assert len(zones) > 100
        assert zones <= ZONES

    @given(anything)
    @settings(deadline=None)
    def test_any_text_may_be_asked(self, text: str) -> None:
        assert zone_of(text) in {None, *ZONES}
