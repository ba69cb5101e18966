"""A file is there whole, as it was, or not at all."""

import errno
import os
import re
import stat

import pytest

from grading import report_page
from grading.put import put

WINDOWS = 0o666 if os.name == "nt" else None        # there every file that may be written says this


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_with_its_folder_and_its_rights(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    for content, mode in ((b"one\r\n", 0o644), (b"", 0o755), (b"three", 0o600)):
        put(path, content, mode)
        assert path.read_bytes() == content and rights(path) in (mode, WINDOWS)
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("broken", ["chmod", "replace"])
def test_where_writing_fails_the_old_file_stays_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "file"
    put(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")       # which file it was for, a full disk does not say

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match=re.escape(f"no space left: {str(path)!r}")):
        put(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_report_is_its_owners_alone(tmp_path):
    report_page.write(tmp_path / "page.html", "Zoë")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "Zoë" and rights(tmp_path / "page.html") in (0o600, WINDOWS)
