"""Names that students choose themselves: in a download, where nobody may hand in as somebody else, and in a table that people open."""

import zipfile

import pytest

from grading import lms
from grading.export import disarmed
from tests.grading.fake_lab import LAB

PEOPLE = [lms.Person("ada", "Ada", "Lovelace", lms_user_id="7"), lms.Person("bob", "Bob", "Bit")]


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
    roster = fake_course.root / "class.csv"
    roster.write_text("id,first_name,last_name\nbob,Bob,Bit\nada,Ada,Lovelace\n")
    lms.enrol(roster, fake_course.root)
    download = fake_course.root / "download.zip"
    with zipfile.ZipFile(download, "w") as archive:
        for name in ("bobbit_1_10_01_fake.ipynb", "bobbit_2_99_01_fake.ipynb", "adalovelace_7_11_01_fake.ipynb"):
            archive.writestr(name, "{}")
    done = lms.collect(LAB, [download], fake_course.root)
    assert set(done.taken) == {"ada"} and len(done.refused) == 2
    assert all("2 accounts have the name of bob" in why for _, why in done.refused)


@pytest.mark.parametrize("text", ["=1", "\n=1", " =1", "a;=1", "a\t=1", "a;\"=1", "a|@x", "\uff1d1", "a\r\n+1", "'=1"])
def test_no_cell_becomes_a_formula(text):
    assert disarmed(text) != text
    for piece in disarmed(text).replace("\t", ";").replace("|", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not piece.strip(" \"").startswith(("=", "+", "-", "@", "\uff1d"))


@pytest.mark.parametrize("text", ["Lovelace-King", "O'Neill", "a+b@example.org", "Jos\u00e9; Mar\u00eda", "\u5f20"])
def test_names_stay_as_they_are(text):
    assert disarmed(text) == text
