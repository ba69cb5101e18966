"""Names that students choose themselves: in a download, where nobody may hand in as somebody else, and in a table that people open."""

import zipfile

import pytest

from grading import cli, lms, roster
from grading.export import disarmed
from tests.grading.fake_lab import LAB

PEOPLE = [roster.Person("ada", "Ada", "Lovelace", lms_user_id="7"), roster.Person("bob", "Bob", "Bit")]


@pytest.mark.parametrize("name", [
    "Nick Name_55_assignsubmission_file_/ada/01_fake.ipynb",        # whoever is called so in the LMS, and what they called a folder
    "Nick Name_55_assignsubmission_file_/ada.ipynb",
    "nick_8_9_ada_01_fake.ipynb",
    "adalovelace_8_9_01_fake.ipynb",        # her name, but not her number
    "ada_x_8_9_01_fake.ipynb",              # somebody called "ada x_"
])
def test_nobody_hands_in_as_somebody_else(name):
    with pytest.raises(LookupError):
        lms.Directory(PEOPLE).owner(name)


def test_two_accounts_of_one_name_are_for_a_person(fake_course):
    listed = fake_course.root / "class.csv"
    listed.write_text("id,first_name,last_name\nbob,Bob,Bit\nada,Ada,Lovelace\n")
    roster.enrol(listed, fake_course.root)
    download = fake_course.root / "download.zip"
    with zipfile.ZipFile(download, "w") as archive:
        for name in ("bobbit_1_10_01_fake.ipynb", "bobbit_2_99_01_fake.ipynb", "adalovelace_7_11_01_fake.ipynb"):
            archive.writestr(name, "{}")
    done = lms.collect(LAB, [download], fake_course.root)
    assert set(done.taken) == {"ada"} and len(done.refused) == 2
    assert all("2 accounts have the name of bob" in why for _, why in done.refused)


def test_a_file_s_name_tells_the_terminal_nothing(fake_course, capsys, caplog):
    listed, download = fake_course.root / "class.csv", fake_course.root / "download" / LAB / "archive" / "download.zip"
    listed.write_text("id\nada\n")
    download.parent.mkdir(parents=True)
    names = ("ada_1\x1b[2J.ipynb", "ada_2\r.ipynb", "eve\x1b]0;all is well\x07\n9 submissions.ipynb", "\x9b31m.txt", "\u202e.txt")
    with zipfile.ZipFile(download, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    cli.main(["enrol", str(listed), "--course", str(fake_course.root)])
    cli.main(["collect", LAB, str(download), "--course", str(fake_course.root)])
    lms.Extractor().extract(str(download.parent), str(download.parents[1] / "extracted"))
    said = [*capsys.readouterr().out.splitlines(), *caplog.messages]
    assert len(said) == 9 and all(line.isprintable() for line in said)


@pytest.mark.parametrize("text", ["=1", "\n=1", " =1", "a;=1", "a\t=1", "a;\"=1", "a|@x", "\uff1d1", "a\r\n+1", "'=1"])
def test_no_cell_becomes_a_formula(text):
    assert disarmed(text) != text
    for piece in disarmed(text).replace("\t", ";").replace("|", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not piece.strip(" \"").startswith(("=", "+", "-", "@", "\uff1d"))


@pytest.mark.parametrize("text", ["Lovelace-King", "O'Neill", "a+b@example.org", "Jos\u00e9; Mar\u00eda", "\u5f20"])
def test_names_stay_as_they_are(text):
    assert disarmed(text) == text
