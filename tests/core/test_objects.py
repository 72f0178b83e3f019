"""The keys and labels of objects."""

import pytest

from core.errors import Malformed
from core.objects import Label, ObjectKey
from tests.fixtures.objects import COMPANY, key


class TestObjectKey:
    def test_the_company_comes_first(self) -> None:
        assert key("photo.png").path == f"{COMPANY}/media/photo.png"

    def test_it_is_read_back_from_its_path(self) -> None:
        assert ObjectKey.parse(key("photo.png").path) == key("photo.png")

    @pytest.mark.parametrize(
        "name",
        ["..", ".", "../x", "a/../b", "a/b", "/etc", "a..b", ".hidden", "a\\b", "a%2e%2e", "a\n", "a\x00", "x#1", "ç"],
    )
    def test_a_name_that_could_climb_is_refused(self, name: str) -> None:
        with pytest.raises(Malformed):
            key(name)

    @pytest.mark.parametrize("kind", ["", "..", "a/b", "Media", "media\n", "-"])
    def test_a_kind_that_could_climb_is_refused(self, kind: str) -> None:
        with pytest.raises(Malformed):
            key(kind=kind)

    @pytest.mark.parametrize("path", ["", "a/b", f"{COMPANY}/media", f"{COMPANY}/media/x/y", f"../{COMPANY}/media/x"])
    def test_a_path_of_another_shape_is_refused(self, path: str) -> None:
        with pytest.raises(Malformed):
            ObjectKey.parse(path)


class TestLabel:
    @pytest.mark.parametrize("content_type", ["", "png", "text/plain\r\nx-amz-acl: public-read", "text/plain\n"])
    def test_a_content_type_that_could_add_a_header_is_refused(self, content_type: str) -> None:
        with pytest.raises(Malformed):
            Label(content_type=content_type)

    @pytest.mark.parametrize("name", ["", "Content-Type", "x y", "a\r\nb"])
    def test_an_attribute_that_could_be_a_header_is_refused(self, name: str) -> None:
        with pytest.raises(Malformed):
            Label(content_type="image/png", attributes={name: "x"})
