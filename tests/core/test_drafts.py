"""Files that appear whole, durable and private, or not at all."""

from pathlib import Path

import pytest

from core.drafts import Draft, make_private_folder, sweep_drafts


class TestDraft:
    def test_nothing_has_the_name_before_commit_and_the_whole_file_after(self, tmp_path: Path) -> None:
        target = tmp_path / "kept" / "file"
        with Draft(tmp_path) as draft:
            draft.write(b"first ")
            draft.write(b"second")
            assert not target.exists()
            draft.commit(target)

        assert target.read_bytes() == b"first second"
        assert target.stat().st_mode & 0o777 == 0o600
        assert target.parent.stat().st_mode & 0o777 == 0o700

    def test_it_replaces_what_had_the_name(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"a longer one before")
        with Draft(tmp_path) as draft:
            draft.write(b"new")
            draft.commit(tmp_path / "file")

        assert (tmp_path / "file").read_bytes() == b"new"

    def test_one_without_a_commit_leaves_nothing(self, tmp_path: Path) -> None:
        with Draft(tmp_path) as draft:
            draft.write(b"half")

        assert list(tmp_path.iterdir()) == []


class TestSweepDrafts:
    def test_only_what_died_half_written_goes(self, tmp_path: Path) -> None:
        (tmp_path / "dead.draft").write_bytes(b"half")
        (tmp_path / "README").write_text("not ours")
        with Draft(tmp_path) as draft:
            sweep_drafts(tmp_path)
            draft.write(b"abc")
            draft.commit(tmp_path / "file")

        assert sorted(path.name for path in tmp_path.iterdir()) == ["README", "file"]


class TestMakePrivateFolder:
    def test_parents_are_made_for_their_owner_alone(self, tmp_path: Path) -> None:
        make_private_folder(tmp_path / "a" / "b")

        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")} == {0o700}

    def test_one_that_was_there_keeps_its_mode(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)

        make_private_folder(tmp_path)

        assert tmp_path.stat().st_mode & 0o777 == 0o755

    def test_a_file_in_its_place_is_not_overlooked(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("a file")

        with pytest.raises(FileExistsError):
            make_private_folder(tmp_path / "a")
