"""Class lists and downloads of Canvas, Moodle and nbgrader, with the habits of their files."""

import errno
import io
import re
import subprocess
import sys
import unicodedata
import zipfile
from functools import partial
from types import SimpleNamespace

import pytest
import sqlalchemy

from grading import cli, lms, roster
from grading.export import export
from tests.grading.fake_lab import LAB
from tests.links import linked

CANVAS_LIST = """Student,ID,SIS User ID,SIS Login ID,Section
    Points Possible,,,,
"Lovelace, Ada",501,u1,ada,One
"Díaz, José",502,u2,jose,One
"Li, Wei",503,u3,wei1,One
"Li, Wei",504,u4,wei2,Two
"""


def enrol(course, text, encoding="utf-8"):
    path = course.root / "list.csv"
    path.write_bytes(text.encode(encoding))
    return roster.enrol(path, course.root)


def zipped(course, files, name="download.zip"):
    path = course.root / name
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return path


def handed_in(course, student):
    return (course.root / "submitted" / student / LAB / f"{LAB}.ipynb").read_text()


@pytest.mark.parametrize(("text", "expected"), [
    ("id,first_name,last_name,email,lms_user_id\nada,Ada,Lovelace,a@b,7\n", roster.Person("ada", "Ada", "Lovelace", "a@b", "7")),
    (CANVAS_LIST, roster.Person("ada", "Ada", "Lovelace", "", "501")),
    ("Student,ID,Section\n    Points Possible,,\n\"Lovelace, Ada\",501,One\n\"Student, Test\",9,One\n",        # seen without the right to SIS data
     roster.Person("501", "Ada", "Lovelace", "", "501")),
    ("First name;Last name;ID number;Email address\nAda;Lovelace;ada;a@b\n", roster.Person("ada", "Ada", "Lovelace", "a@b", "")),
    ("\ufeffstudent,last name,first name,email,01_lab\nada,Lovelace,Ada,a@b,3\n", roster.Person("ada", "Ada", "Lovelace", "a@b", "")),
])
def test_a_class_list_is_read_in_each_systems_columns(tmp_path, text, expected):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert roster.read(tmp_path / "a.csv")[0] == expected


@pytest.mark.parametrize("ident", ["con", "Nul", "com1.x", "ada."])
def test_on_windows_an_id_that_makes_no_folder_is_refused(tmp_path, monkeypatch, ident):
    (tmp_path / "list.csv").write_text(f"id\n{ident}\nconny\n")
    monkeypatch.setattr(roster, "os", SimpleNamespace(name="posix"))
    assert [person.id for person in roster.read(tmp_path / "list.csv")] == [ident, "conny"]
    monkeypatch.setattr(roster, "os", SimpleNamespace(name="nt"))
    with pytest.raises(ValueError, match=f"line 2: the id '{re.escape(ident)}' cannot be a folder's name"):
        roster.read(tmp_path / "list.csv")


@pytest.mark.parametrize(("text", "message"), [
    ("", "is empty; a class list has a line of column names"),
    ("name,mail\nAda,a@b\n", "has the columns name, mail, but none of them is an id"),
    ("id\nada\n../ada\n", r"line 3: the id '\.\./ada' cannot be a folder's name"),
    ("id,email\n,a@b\n", "no line has anything in the column 'id'"),
    ("id,email\n", "no line has anything in the column 'id', .* fill it in, or add a column id"),
    ("id,last_name\nada,Lovelace\nbob,Bit, Jr.\n", "line 3: 3 columns, but 2 have a name"),
    ("id\nada\nADA\n", "line 3: the id ADA stands in line 2 already"),
    ("id,lms_user_id\nada,9\nbob,9\n", "line 3: the number 9 of bob stands in line 2 already"),
    ("id\n1.23457E+11\n", r"line 2: a spreadsheet has rounded the id to 1.23457E\+11; give the list as it was exported"),
    ('id,first_name\nada,Ada\nbob,"Bob\ncyd,Cyd\ndan,Dan\n', "line 5: unexpected end of data; is a quotation mark not closed"),
    ('id,first_name\nada,"Ada "the" A"\n', "line 2: ',' expected after '\"'; is a quotation mark not closed, or one within a name not doubled"),
    ('id,first_name\nada,"Ada\n' + "bob,Bob\n" * 20_000, "field larger than field limit"),
])
def test_a_class_list_that_cannot_be_right_is_refused_with_its_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        roster.read(tmp_path / "a.csv")


def test_lines_without_an_id_are_left_out_and_named(fake_course):
    left_out = []
    path = fake_course.root / "list.csv"
    path.write_text(CANVAS_LIST + '"Student, Test",505,,,One\n"Null, Nick",506,u6,,One\n', encoding="utf-8")
    assert roster.enrol(path, fake_course.root, left_out) == 4
    assert left_out == ["line 7: Student, Test, 505, One", "line 8: Null, Nick, 506, u6, One"]


def test_quotes_within_quotes_move_no_column(tmp_path):
    lines = ['"First name","Last name","ID number","Email address"', *(f'"A","B","s{i}","s{i}@x"' for i in range(400)),
             '"Ann ""Annie"" Q, x","Last","ann","9999"']
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    assert roster.read(tmp_path / "a.csv")[-1] == roster.Person("ann", 'Ann "Annie" Q, x', "Last", "9999", "")


def test_a_class_list_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("id\nJosé\n".encode("latin-1"))
    with pytest.raises(ValueError, match="save it as 'CSV UTF-8'"):
        roster.read(tmp_path / "a.csv")


def test_enrolling_twice_corrects_and_loses_nobody(fake_course):
    assert enrol(fake_course, CANVAS_LIST) == 4
    enrol(fake_course, "id,email\nada,ada@b\nmarie,m@b\n")
    people = {person.id: person for person in roster.people_of(fake_course.root)}
    assert set(people) == {"ada", "jose", "wei1", "wei2", "marie"}
    assert people["ada"] == roster.Person("ada", "Ada", "Lovelace", "ada@b", "501")
    canvas = export("canvas", fake_course.root)
    assert "501,ada" in canvas


def test_an_id_in_other_capitals_is_nobody_new(fake_course):
    assert enrol(fake_course, "id\nada\nbob\n") == 2
    with pytest.raises(ValueError, match="has the id Ada, and the gradebook ada, .*: write ada in the list; nobody was entered"):
        enrol(fake_course, "id\ncyd\nAda\n")
    assert {person.id for person in roster.people_of(fake_course.root)} == {"ada", "bob"}


@pytest.mark.parametrize(("text", "said"), [
    (CANVAS_LIST.replace("jose", "jose.diaz"), "has the id jose.diaz, and the gradebook jose, .*: write jose in the list; nobody was entered"),
    (f"{CANVAS_LIST}\"Null, Ann\",505,u5,12,One\n", "has the id 12, and the gradebook 0012, .*: write 0012 in the list; nobody was entered"),
])
def test_whoever_is_known_under_another_id_is_nobody_new(fake_course, text, said):
    """A login that changed, and one of which a spreadsheet took the zeros."""
    enrol(fake_course, f"{CANVAS_LIST}\"Null, Ann\",,u5,0012,One\n")
    with pytest.raises(ValueError, match=said):
        enrol(fake_course, text)
    assert {person.id for person in roster.people_of(fake_course.root)} == {"ada", "jose", "wei1", "wei2", "0012"}
    assert enrol(fake_course, CANVAS_LIST.replace("501", "x").replace("502", "501").replace("x", "502")) == 4       # numbers that were confused


def test_a_gradebook_that_somebody_else_holds_takes_nobody_and_says_so(fake_course, monkeypatch, capsys):
    (fake_course.root / "list.csv").write_text(CANVAS_LIST, encoding="utf-8")
    with roster.gradebook(fake_course.root) as held:
        held.add_student("ada")
        held.db.execute(sqlalchemy.text("update student set first_name = 'A'"))
        monkeypatch.setattr("nbgrader.api.create_engine", partial(sqlalchemy.create_engine, connect_args={"timeout": 0.1}))
        assert cli.main(["enrol", str(fake_course.root / "list.csv"), "--course", str(fake_course.root)]) == 1
    assert "the gradebook cannot be used (database is locked): another program writes to it, so wait" in capsys.readouterr().err
    assert [person.id for person in roster.people_of(fake_course.root)] == ["ada"]


def test_a_number_or_address_that_two_have_is_nobodys(fake_course):
    with roster.gradebook(fake_course.root) as book:
        for ident in ("jose", "jose.diaz"):
            book.add_student(ident, lms_user_id="502", email="j@b")
    sheet = fake_course.root / "sheet.csv"
    sheet.write_text("Identifier,Full name,Email address\nParticipant 77,J D,j@b\n")
    names = [f"diazjose_502_9001_{LAB}.ipynb", f"J D_77_assignsubmission_file_/{LAB}.ipynb"]
    done = lms.collect(LAB, [zipped(fake_course, dict.fromkeys(names, "x"))], fake_course.root, sheet)
    why = "it could be of jose or jose.diaz, who have one number or one e-mail address; rename it to ID.ipynb"
    assert done.refused == [(name, why) for name in names] and not done.taken


def test_letters_with_accents_are_the_same_in_whichever_way_they_are_written(fake_course):
    """macOS takes them apart in the names of files."""
    apart = unicodedata.normalize("NFD", "jos\u00e9")
    assert enrol(fake_course, f"id\n{apart}\n") == 1
    assert list(lms.collect(LAB, [zipped(fake_course, {f"{apart}_{LAB}.ipynb": "x"})], fake_course.root).taken) == ["jos\u00e9"]


def test_what_the_finder_packs_has_names_in_utf_8_without_saying_so(fake_course, monkeypatch):
    enrol(fake_course, "id\njos\u00e9\nj\u00f6rg\n")
    apart = unicodedata.normalize("NFD", f"jos\u00e9_{LAB}.ipynb")
    unmarked = lambda info: (info.filename.encode("utf-8"), info.flag_bits & ~0x800)        # noqa: E731
    monkeypatch.setattr(zipfile.ZipInfo, "_encodeFilenameFlags", unmarked)
    assert list(lms.collect(LAB, [zipped(fake_course, {apart: "x"})], fake_course.root).taken) == ["jos\u00e9"]
    ms_dos = lambda info: (info.filename.encode("cp437"), info.flag_bits & ~0x800)          # noqa: E731
    monkeypatch.setattr(zipfile.ZipInfo, "_encodeFilenameFlags", ms_dos)
    assert list(lms.collect(LAB, [zipped(fake_course, {"j\u00f6rg.ipynb": "x"})], fake_course.root).taken) == ["j\u00f6rg"]


def test_what_macos_keeps_beside_files_is_no_submission(fake_course):
    """Safari unpacks a download, on a disk of another system with a ._ file for each; the Finder packs it again."""
    enrol(fake_course, CANVAS_LIST)
    files = {f"download/lovelaceada_501_9001_{LAB}.ipynb": "ada", f"download/._lovelaceada_501_9002_{LAB}.ipynb": "beside",
             f"download/ada/._{LAB}.ipynb": "beside", f"download/__MACOSX/._diazjose_502_9002_{LAB}.ipynb": "beside"}
    for name, content in files.items():
        (fake_course.root / name).parent.mkdir(parents=True, exist_ok=True)
        (fake_course.root / name).write_text(content)
    for download in (fake_course.root / "download", zipped(fake_course, files)):
        done = lms.collect(LAB, [download], fake_course.root)
        assert set(done.taken) == {"ada"} and done.refused == done.passed == [] and handed_in(fake_course, "ada") == "ada"


def test_another_labs_download_is_told(fake_course, capsys):
    enrol(fake_course, "id\nada\nbob\n")
    path = zipped(fake_course, {"ada.ipynb": '{"grade_id": "check_double"}', "bob.ipynb": "of another lab"})
    command = ["collect", LAB, str(path), "--course", str(fake_course.root)]
    assert cli.main(command) == 0 and f"no cell of {LAB} is in what came from bob\n" in capsys.readouterr().out
    zipped(fake_course, {"ada.ipynb": "another", "bob.ipynb": "of another lab"})
    assert cli.main([*command, "--force"]) == 0 and "from ada, bob; is this the download of another lab?" in capsys.readouterr().out


def test_canvas_downloads_are_matched_by_its_number_late_or_renamed_or_handed_in_again(fake_course):
    enrol(fake_course, CANVAS_LIST)
    path = zipped(fake_course, {
        f"lovelaceada_501_9001_{LAB}.ipynb": "first", f"lovelaceada_501_9107_{LAB}-1.ipynb": "second",
        f"lovelaceada_501_9050_{LAB}-2.ipynb": "between", f"diazjose_LATE_502_9002_{LAB}.ipynb": "jose",
        "liwei_504_9003_Untitled_7_final.ipynb": "wei2", f"liwei_503_9004_{LAB}.ipynb": "wei1", f"nobody_777_9005_{LAB}.ipynb": "x",
        "lovelaceada_501_9200_notes.pdf": "x"})
    done = lms.collect(LAB, [path], fake_course.root)
    assert set(done.taken) == {"ada", "jose", "wei1", "wei2"}
    assert [handed_in(fake_course, s) for s in ("ada", "jose", "wei1", "wei2")] == ["second", "jose", "wei1", "wei2"]
    assert {name: why for name, why in done.refused} == {
        f"nobody_777_9005_{LAB}.ipynb": "nobody's id or name is in it; enrol Canvas' class list, which has its numbers",
        "lovelaceada_501_9200_notes.pdf": "no notebook"}


def test_of_several_notebooks_the_labs_own_is_taken_and_the_others_are_named(fake_course):
    enrol(fake_course, CANVAS_LIST)
    inside = '{"grade_id": "check_double"}'
    done = lms.collect(LAB, [zipped(fake_course, {
        f"lovelaceada_501_9001_{LAB}.ipynb": "the lab", "lovelaceada_501_9002_scratch.ipynb": "scratch",
        "diazjose_LATE_502_9001_mine.ipynb": inside, "diazjose_LATE_502_9002_scratch.ipynb": "scratch"})], fake_course.root)
    assert [handed_in(fake_course, s) for s in ("ada", "jose")] == ["the lab", inside] and done.late == ["jose"]
    assert done.passed == [("ada", "lovelaceada_501_9002_scratch.ipynb"), ("jose", "diazjose_LATE_502_9002_scratch.ipynb")]


def test_blackboards_names_and_what_browsers_make_of_a_notebooks_name(fake_course):
    enrol(fake_course, "id\nada\nx_ada\njose\nkim\nwei\n")
    done = lms.collect(LAB, [zipped(fake_course, {
        "Lab 1_jose_attempt_2026-11-01-10-00-00_mine.ipynb": "first", "Lab 1_jose_attempt_2026-11-02-10-00-00_mine.ipynb": "second",
        "Lab 1_jose_attempt_2026-11-02-10-00-00.txt": "a receipt",
        "Lab_x_ada_attempt_2026-11-01-10-00-00_jose.ipynb": "whose", "kim.ipynb.json": "kim", f"wei_{LAB}.ipynb.txt": "wei"})], fake_course.root)
    assert [handed_in(fake_course, s) for s in ("jose", "kim", "wei")] == ["second", "kim", "wei"]
    assert done.refused == [("Lab_x_ada_attempt_2026-11-01-10-00-00_jose.ipynb", "it could be of ada or x_ada; rename it to ID.ipynb")]


def test_moodle_downloads_are_matched_by_the_worksheet_and_else_by_a_name_that_is_one_students(fake_course):
    enrol(fake_course, "First name,Last name,ID number,Email address\nAda,Lovelace,ada,a@b\nJosé,Díaz,jose,j@b\nWei,Li,wei1,1@b\nWei,Li,wei2,2@b\n")
    files = {f"Ada Lovelace_11_assignsubmission_file_/{LAB}.ipynb": "ada", f"José Díaz_12_assignsubmission_file/{LAB}.ipynb": "jose",
             f"Wei Li_13_assignsubmission_file_/{LAB}.ipynb": "wei1", f"Wei Li_14_assignsubmission_file_{LAB}.ipynb": "wei2"}
    done = lms.collect(LAB, [zipped(fake_course, files)], fake_course.root)
    assert set(done.taken) == {"ada", "jose"}
    assert all("it could be of wei1 or wei2; give Moodle's grading worksheet" in why for _, why in done.refused) and len(done.refused) == 2
    sheet = fake_course.root / "sheet.csv"
    sheet.write_text("Identifier,Full name,ID number,Email address\nParticipant 13,Wei Li,wei1,1@b\nParticipant 14,Wei Li,,2@B\n")
    done = lms.collect(LAB, [zipped(fake_course, files)], fake_course.root, sheet)
    assert done.refused == [] and [handed_in(fake_course, s) for s in ("wei1", "wei2")] == ["wei1", "wei2"]
    sheet.write_text("Identifier;Full name;ID number;Email address\nParticipant 13;Wei Li;wei1;1@b\n")       # saved again in a spreadsheet
    assert lms.collect(LAB, [zipped(fake_course, files)], fake_course.root, sheet).taken.keys() >= {"wei1"}
    sheet.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column Identifier"):
        lms.collect(LAB, [], fake_course.root, sheet)


def test_folders_and_files_named_by_id_are_taken_too(fake_course):
    enrol(fake_course, "id\nada\nada2\njose\nwei\nkim\n")
    place = fake_course.root / "got"
    for name in (f"ada/{LAB}.ipynb", f"ada2_{LAB}.ipynb", "jose.ipynb", f"kim_2024_01_{LAB}.ipynb"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    linked(place / "wei.ipynb", place / "jose.ipynb")
    done = lms.collect(LAB, [place], fake_course.root)
    assert set(done.taken) == {"ada", "ada2", "jose", "kim"}


def test_what_was_handed_in_before_is_kept_unless_forced(fake_course):
    enrol(fake_course, "id\nada\n")
    fake_course.submit("ada", b"old")
    path = zipped(fake_course, {"ada.ipynb": "new"})
    done = lms.collect(LAB, [path], fake_course.root)
    assert done.kept == [("ada", "ada.ipynb")] and handed_in(fake_course, "ada") == "old"
    stamp = fake_course.root / "submitted" / "ada" / LAB / "timestamp.txt"
    stamp.write_text("2026-01-01 00:00:00 UTC")
    with roster.gradebook(fake_course.root) as book:
        book.add_submission(LAB, "ada", timestamp="2026-01-01 00:00:00 UTC")
        lms.collect(LAB, [path], fake_course.root)
        assert book.find_submission(LAB, "ada").timestamp
    lms.collect(LAB, [path], fake_course.root, force=True)
    assert handed_in(fake_course, "ada") == "new" and not stamp.exists()
    with roster.gradebook(fake_course.root) as book:       # else lateness would stay with a submission that has no time
        assert book.find_submission(LAB, "ada").timestamp is None


def test_archives_are_hostile(fake_course, monkeypatch):
    enrol(fake_course, "id\nada\n")
    link = zipfile.ZipInfo("ada_link.ipynb")
    link.external_attr = 0o120777 << 16
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ada_bomb.ipynb", b"0" * (lms.LARGEST + 1))
        archive.writestr("../../ada/../x/ada.ipynb", "climbs")
        archive.writestr("__MACOSX/._ada.ipynb", "x")
    path = fake_course.root / "a.zip"
    path.write_bytes(bomb.getvalue())
    before = {p for p in fake_course.root.rglob("*")}
    done = lms.collect(LAB, [path], fake_course.root)
    new = {p.relative_to(fake_course.root).as_posix() for p in set(fake_course.root.rglob("*")) - before if p.is_file()}
    assert new <= {f"submitted/ada/{LAB}/{LAB}.ipynb"}
    damaged = bytearray(bomb.getvalue())
    at = damaged.index(b"ada_bomb.ipynb") + 14
    damaged[at:at + 8] = b"\xff" * 8
    path.write_bytes(damaged)
    assert ("ada_bomb.ipynb", "damaged") in lms.collect(LAB, [path], fake_course.root).refused
    path.write_bytes(bomb.getvalue())
    assert ("ada_link.ipynb", "a link") in done.refused and ("ada_bomb.ipynb", "larger than 32 MB") in done.refused
    monkeypatch.setattr(lms, "MOST", 2)
    with pytest.raises(ValueError, match="holds 4 files; at most 2"):
        lms.collect(LAB, [path], fake_course.root)
    path.write_text("not a zip")
    with pytest.raises(ValueError, match="is no zip file"):
        lms.collect(LAB, [path], fake_course.root)


def test_nbgraders_own_zip_collect_unpacks_notebooks_alone(fake_course):
    folder = fake_course.root / "downloaded" / LAB / "archive"
    folder.mkdir(parents=True)
    odd = {f"{'y' * 300}.ipynb": "{}", f"{'z' * 249}.ipynb": "{}", "w.ipynb": "{}", "w.ipynb/z.ipynb": "{}"}
    zipped(fake_course, {f"x/../../../../ada_{LAB}.ipynb": "{}", "jose_run.sh": "x", **odd}, folder / "a.zip")
    pattern = rf".*[\\/](?P<student_id>\w+?)_(?P<file_id>{LAB})"
    done = subprocess.run([sys.executable, "-m", "nbgrader", "zip_collect", LAB, f"--FileNameCollectorPlugin.named_regexp={pattern}"],
                          cwd=fake_course.root, capture_output=True, text=True)
    assert done.returncode == 0 and "Not taken: jose_run.sh: no notebook" in done.stderr, done.stderr
    assert done.stderr.count(": no file can have this name") == 2
    assert handed_in(fake_course, "ada") == "{}"
    assert not list(fake_course.root.rglob("jose_run.sh")) and not (fake_course.root / f"ada_{LAB}.ipynb").exists()


@pytest.mark.parametrize("name", ["D:/x.ipynb", "aux/x.ipynb", "a:b.ipynb", "what?.ipynb", "x./y.ipynb", "NUL.ipynb", f"{'y' * 300}.ipynb"])
def test_on_windows_what_would_be_another_drive_a_device_or_nothing_is_not_unpacked(tmp_path, monkeypatch, name):
    (tmp_path / "archive").mkdir()
    with zipfile.ZipFile(tmp_path / "archive" / "a.zip", "w") as archive:
        archive.writestr(name, "{}")
        archive.writestr("fine.ipynb", "{}")
    def put(path, content):
        if len(path.name) > 255:
            raise FileNotFoundError(errno.ENOENT, "as Windows says it")
        real(path, content)

    real = lms.put
    monkeypatch.setattr(lms, "put", put)
    monkeypatch.setattr(lms, "os", SimpleNamespace(name="nt"))
    lms.Extractor().extract(tmp_path / "archive", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["fine.ipynb"]


def test_a_course_without_students_is_said_instead_of_each_file(fake_course):
    for command in (lms.collect, lambda _, __, root: export("csv", root)):
        with pytest.raises(ValueError, match="students.*grading enrol"):
            command(LAB, [fake_course.root], fake_course.root)


def test_a_lab_that_is_not_there_is_said(fake_course):
    with pytest.raises(ValueError, match="the course has no lab 99_none"):
        lms.collect("99_none", [], fake_course.root)
