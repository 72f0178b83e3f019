"""Codes with check digits, against examples of those who made the rules."""

from datetime import date
from typing import Final

from admin_api.chatting.check_digits import Payee, boleto, parcel, pix

BANK_MANUAL: Final = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


def crc(text: str) -> str:
    """Bit by bit, as ISO/IEC 13239 has it."""
    register = 0xFFFF
    for byte in text.encode():
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
        register &= 0xFFFF
    return f"{register:04X}"


class TestPix:
    def test_its_checksum_is_over_all_that_stands_before_it(self) -> None:
        assert crc(BANK_MANUAL[:-4]) == BANK_MANUAL[-4:]
        code = pix(Payee(key="a@b.invalid", name="FULANO", city="SAO PAULO"), cents=1905, reference="X1")
        assert code[-4:] == crc(code[:-4])

    def test_every_field_says_how_long_it_is(self) -> None:
        code = pix(Payee(key="a@b.invalid", name="FULANO", city="SAO PAULO"), cents=1905, reference="X1")
        found: dict[str, str] = {}
        while code:
            number, length, code = code[:2], int(code[2:4]), code[4:]
            found[number], code = code[:length], code[length:]
        assert (found["54"], found["58"], found["59"]) == ("19.05", "BR", "FULANO")
        assert found["26"] == "0014br.gov.bcb.pix0111a@b.invalid"


class TestBoleto:
    def test_a_line_that_a_bank_has_printed_comes_out_as_it_is(self) -> None:
        due = date(2032, 8, 21)  # the day of factor 3737, since the count began anew
        line = boleto("001", "0500940144816060680935031", cents=100, due_on=due)
        assert line == "00190.50095 40144.816069 06809.350314 3 37370000000100"


class TestParcel:
    def test_the_postal_unions_own_example_comes_out_as_it_is(self) -> None:
        assert parcel("RA", 47312482) == "RA473124829BR"
