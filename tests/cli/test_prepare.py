import csv
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from mmseg_bone.cli import main, preparing
from mmseg_bone.errors import OutputError
from mmseg_bone.io.lock import alone
from mmseg_bone.io.store import Store, study_from_bytes
from tests.dicoms import ANTERIOR, POSTERIOR, body, detectors, identities_in, nm, save

FRONT, BACK = body(), body()[:, ::-1] // 2
SPOT = FRONT == 200
REPORT = (
    "姓名：张三丰 住院号：H0098765\n检查所见：左侧第5肋见浓聚，与2024-06-07北京协和医院片比较。\n"
    "检查意见：张三丰骨转移。报告医师：李四光"
)
HEADING = "study,patient,scan,drawing_anterior,drawing_posterior,normal"


def two_frames(path, front=FRONT, back=BACK, **tags):
    tags.setdefault("DetectorInformationSequence", detectors(ANTERIOR, POSTERIOR))
    return save(nm(front, back, **tags), path)


def draw(path, mask):
    Image.fromarray(mask.astype(np.uint8)).save(path)


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def prepare(tmp_path, capfd):
    """Run the command in a folder; returns exit code, and all that it said."""

    def run(*arguments, folds=1):
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main(["prepare", str(tmp_path / "manifest.csv"), "--store", str(tmp_path / "store"),
                  "--folds", str(folds), *map(str, arguments)])  # fmt: skip
        said = capfd.readouterr()
        return stop.value.code, said.out + said.err

    return run


@pytest.fixture
def hospital(tmp_path):
    """Four studies of three patients: drawn, read as normal, unread, and of one view."""
    two_frames(tmp_path / "ZHANGSAN_1.dcm")
    two_frames(tmp_path / "2.dcm", FRONT + 1, BACK + 1)
    two_frames(tmp_path / "3.dcm", FRONT + 2, BACK + 2)
    save(nm(BACK + 3, ImageID="POST"), tmp_path / "4.dcm")
    draw(tmp_path / "a.png", SPOT)
    draw(tmp_path / "p.png", SPOT[:, ::-1])
    write(
        tmp_path / "manifest.csv",
        HEADING,
        "A5512345,H0098765,ZHANGSAN_1.dcm,a.png,p.png,",
        "A5512346,H0098765,2.dcm,,,yes",
        "A5512347,H0098766,3.dcm,,,",
        "A5512348,H0098767,4.dcm,,none,",
    )
    write(
        tmp_path / "reports.csv",
        "检查号,报告",
        f'A5512345,"{REPORT}"',
        "A5512347,骨显像未见异常，片号H0098766。",
        "A9,无主",
    )
    return tmp_path


def by_key(folder, store="store"):
    """Studies of a store by hospital key."""
    with (folder / f"{store}.links.csv").open(encoding="utf-8") as file:
        key_of = {row["id"]: row["hospital_key"] for row in csv.DictReader(file)}
    whole = Store(folder / store)
    return {key_of[id]: whole[id] for id in whole.ids}, {
        key_of[id]: whole.fold[id] for id in whole.ids
    }


def test_scans_reports_and_drawings_are_joined(hospital, prepare):
    code, said = prepare("--reports", hospital / "reports.csv")
    studies, _ = by_key(hospital)

    assert code == 0, said
    assert list(studies) != []
    drawn = studies["A5512345"]
    np.testing.assert_array_equal(drawn.counts, [FRONT, BACK])
    np.testing.assert_array_equal(drawn.mask, [SPOT, SPOT[:, ::-1]])
    assert drawn.report.findings == "左侧第5肋见浓聚，与[日期][医院]片比较。"
    assert drawn.report.impression == "[隐去]骨转移。"
    assert drawn.patient == studies["A5512346"].patient != studies["A5512347"].patient
    assert studies["A5512346"].mask is not None
    assert not studies["A5512346"].mask.any()
    assert studies["A5512346"].report is None
    assert studies["A5512347"].mask is None
    assert studies["A5512347"].report.findings == "骨显像未见异常，片号[隐去]。"
    assert studies["A5512348"].views == ("posterior",)
    assert studies["A5512348"].mask.shape == (1, 256, 64)
    assert "1 reports belong to no study" in said


def test_no_identity_goes_into_the_store_or_onto_the_screen(hospital, prepare):
    (hospital / "broken_张三丰.dcm").write_bytes(b"H0098765" * 100)
    two_frames(
        hospital / "lung_H0098765.dcm", StudyDescription="LUNG", SeriesDescription="ZHANGSAN"
    )
    with (hospital / "manifest.csv").open("a", encoding="utf-8") as file:
        file.write("A5512349,H0098768,broken_张三丰.dcm,,,\nA5512340,P,lung_H0098765.dcm,,,\n")
    code, said = prepare("--reports", hospital / "reports.csv")
    secrets = ["A551234", "H00987", "李四光", "协和", ".dcm", ".png", str(hospital)]

    assert code == 1
    assert identities_in(said.encode()) == []
    for secret in secrets[:4]:
        assert secret not in said
    files = [path for path in (hospital / "store").rglob("*") if path.is_file()]
    assert len(files) == 2 + 4 + 1  # about the store, its studies, and an empty lock
    for path in files:
        content = str(path.relative_to(hospital)).encode() + path.read_bytes()
        assert identities_in(content) == []
        for secret in secrets:
            assert secret.encode() not in content
            assert secret.encode("unicode_escape") not in content


def test_what_links_to_the_hospital_lies_beside_the_store_for_its_owner_alone(hospital, prepare):
    prepare()
    for name in ("store.links.csv", "store.prepare.csv"):
        path = hospital / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "A5512345" in path.read_text("utf-8-sig")


def test_no_identity_of_a_real_scan_survives(tmp_path, prepare):
    real = get_testdata_file("JPGExtended.dcm", download=False)
    write(tmp_path / "manifest.csv", "study,patient,anterior", f"k1,8NM1,{real}")
    write(tmp_path / "reports.csv", "study,report", "k1,James Berra: 8NM1 骨转移，BERRA JAMES")
    code, said = prepare("--reports", tmp_path / "reports.csv", "--root", "/")

    assert code == 0, said
    (study,) = by_key(tmp_path)[0].values()
    assert study.counts.sum() == 3_770_427
    content = b"".join(p.read_bytes() for p in (tmp_path / "store").rglob("*") if p.is_file())
    for planted in (b"BERRA", b"Berra", b"JAMES", b"CompressedSamples", b"Memorial", b"1997"):
        assert planted not in content
        assert planted.decode() not in said


def test_names_in_the_tables_own_columns_are_taken_out_of_that_study_alone(hospital, prepare):
    """A cell such as 年龄 67, 左侧髂骨 or 740MBq tells nobody and would take a finding out."""
    write(
        hospital / "manifest.csv",
        f"{HEADING},_姓名,_年龄,_部位,_剂量",
        "A1,P1,2.dcm,,,,欧阳建国,67,左侧髂骨,740MBq",
        "A2,P2,3.dcm,,,,Wei Wang,12,可疑,L3-L5",
    )
    said = "诸葛小明与欧阳建国谈话，Wang Wei，左侧髂骨可疑，740MBq，L3-L5，第12胸椎67。单号ZY-55"
    write(hospital / "reports.csv", "检查号,姓名,住院号,年龄,报告",
          f"A1,诸葛小明,ZY-55,67,{said}", f"A2,,,12,{said}")  # fmt: skip
    assert prepare("--reports", hospital / "reports.csv")[0] == 0
    studies, _ = by_key(hospital)

    bones = "左侧髂骨可疑，740MBq，L3-L5，第12胸椎67。单号"
    assert studies["A1"].report.text == f"[隐去]与[隐去]谈话，Wang Wei，{bones}[隐去]"
    assert studies["A2"].report.text == f"诸葛小明与欧阳建国谈话，[隐去]，{bones}ZY-55"
    del studies
    write(hospital / "reports.csv", "检查号,姓名,报告", "A1,诸葛小明,欧阳建国诸葛小明")
    prepare("--reports", hospital / "reports.csv")
    for path in (hospital / "store").rglob("*.*"):
        for name in ("欧阳建国", "诸葛小明"):
            assert name.encode() not in path.read_bytes()
            assert name.encode("unicode_escape") not in path.read_bytes()


def test_a_name_put_into_a_table_makes_the_study_again(hospital, prepare):
    write(hospital / "reports.csv", "检查号,姓名,报告", "A5512347,,诸葛小明骨转移")
    prepare("--reports", hospital / "reports.csv")
    assert by_key(hospital)[0]["A5512347"].report.text == "诸葛小明骨转移"
    write(hospital / "reports.csv", "检查号,姓名,报告", "A5512347,诸葛小明,诸葛小明骨转移")
    prepare("--reports", hospital / "reports.csv")
    assert by_key(hospital)[0]["A5512347"].report.text == "[隐去]骨转移"


def test_raw_text_is_kept_only_by_name(hospital, prepare):
    prepare("--reports", hospital / "reports.csv", "--keep-raw-text")
    studies, _ = by_key(hospital)
    assert studies["A5512345"].report.impression == "张三丰骨转移。"

    code, said = prepare("--reports", hospital / "reports.csv")
    assert code == 2
    assert "another recipe (text differ)" in said


def test_drawings_take_the_turn_of_their_view(tmp_path, prepare):
    two_frames(tmp_path / "1.dcm", back=BACK[:, ::-1])
    draw(tmp_path / "a.png", SPOT)
    draw(tmp_path / "p.png", SPOT)  # drawn on the mirrored picture, as stored
    write(tmp_path / "manifest.csv", HEADING, "s,p,1.dcm,a.png,p.png,")
    prepare("--posterior", "mirrored")

    (study,) = by_key(tmp_path)[0].values()
    np.testing.assert_array_equal(study.counts[1], BACK)
    np.testing.assert_array_equal(study.mask, [SPOT, SPOT[:, ::-1]])


def test_everything_wrong_with_a_manifest_is_told_at_once(hospital, prepare):
    (hospital / "out").symlink_to("/etc")
    write(
        hospital / "manifest.csv",
        "study,patient,scan,anterior,drawing_anterior,normal,spacing_mm,posterior_stored,_ward",
        "A1,P1,ZHANGSAN_1.dcm,,,maybe,2.4.4,backwards,7",
        "A1,,2.dcm,3.dcm,,,,,",
        "A3,P3,,,,,,,",
        "A4,P4,../4.dcm,,/etc/passwd,,,,",
        "A5,P5,out/passwd,,,,,,",
        "A6,P6,nowhere.dcm,,a.png,yes,,,",
        "A7,P7,ZHANGSAN_1.dcm,,,,,,",
    )
    code, said = prepare()

    assert code == 2
    for cell in [
        "row 2, column normal: found text of 5 characters; expected yes or no",
        "row 2, column spacing_mm: found text of 5 characters; expected a pixel size in mm",
        "row 2, column posterior_stored: found text of 9 characters; expected as_seen or mirrored",
        "row 3, column study: found the study of row 2 again",
        "row 3, column patient: found nothing; expected a key",
        "row 3, column scan: found files here and in anterior; expected one or the other",
        "row 4, column scan: found nothing; expected a file",
        "row 5, column scan: found a path with ..",
        "row 5, column drawing_anterior: found an absolute path; expected one relative",
        "row 6, column scan: found a path leading out of the folder",
        "row 7, column scan: found no such file; expected a file that is there",
        "row 7, column normal: found yes, beside a drawing",
        "row 8, column scan: found the file of row 2 again",
    ]:
        assert cell in said
    assert "13 wrong cells" in said
    assert "ZHANGSAN" not in said
    assert not (hospital / "store").exists()
    assert not (hospital / "store.links.csv").exists()


def test_a_row_that_slipped_by_a_column_tells_no_name(hospital, prepare):
    heading = "study,scan,patient,normal,spacing_mm,posterior_stored"
    write(hospital / "manifest.csv", heading, "A1,1.dcm,P1,ZHANGSAN,LISI,WANGWU")
    _, said = prepare()
    assert "column posterior_stored: found text of 6 characters" in said
    assert not any(name in said for name in ("ZHANGSAN", "LISI", "WANGWU"))


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("study,patient,scan,drawing_anteriror", "drawing_anteriror: found an unknown name (is it"),
        ("study,scan", "found no column patient"),
        ("study,patient", "found neither scan nor anterior or posterior"),
        ("study,检查号,patient,scan", "two columns for the same thing"),
    ],
)
def test_a_wrong_heading_is_told(tmp_path, prepare, heading, words):
    write(tmp_path / "manifest.csv", heading, "1,2")
    code, said = prepare()
    assert code == 2
    assert words in said


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A5512345,张三丰,ZHANGSAN.dcm", "names no known column. Is the heading missing? Expected"),
        # A cell may be a known name by chance: the others are told by their place.
        ("A5512345,张三丰,ZHANGSAN.dcm,正常", "row 1, column 2: found an unknown name"),
    ],
)
def test_a_manifest_without_a_heading_shows_nobody(tmp_path, prepare, row, words):
    write(tmp_path / "manifest.csv", row, row)
    code, said = prepare()
    assert code == 2
    assert words in said
    assert not identities_in(said.encode())


def test_a_manifest_without_rows_or_with_too_few_patients_is_refused(hospital, prepare):
    code, said = prepare(folds=4)
    assert code == 2
    assert "4 folds, but 3 patients" in said
    write(hospital / "manifest.csv", HEADING)
    assert "no row below" in prepare()[1]
    (hospital / "manifest.csv").unlink()
    assert "cannot be opened" in prepare()[1]


def test_one_bad_study_does_not_stop_the_others(hospital, prepare):
    (hospital / "2.dcm").write_bytes(b"\0" * 1000)
    draw(hospital / "a.png", SPOT[:8])
    code, said = prepare()
    studies, _ = by_key(hospital)

    assert code == 1
    assert list(studies) == ["A5512347", "A5512348"] or set(studies) == {"A5512347", "A5512348"}
    with (hospital / "store.prepare.csv").open(encoding="utf-8-sig") as file:
        rows = {row["study"]: row for row in csv.DictReader(file)}
    assert [row["outcome"] for row in rows.values()] == ["refused", "refused", "taken", "taken"]
    assert "a.png: is 8×64, its view 256×64" in rows["A5512345"]["reason"]
    assert "2.dcm" in rows["A5512346"]["reason"]
    assert rows["A5512348"]["posterior_from"] == "description"
    assert rows["A5512348"]["read"] == "none found"
    assert "is 8×64, its view 256×64" in said


def test_a_view_drawn_alone_has_to_be_explained(hospital, prepare):
    write(hospital / "manifest.csv", HEADING, "A,P,2.dcm,a.png,,", "B,Q,3.dcm,a.png,none,",
          "C,R,4.dcm,p.png,none,")  # fmt: skip
    code, said = prepare()
    assert code == 2  # a.png twice
    draw(hospital / "b.png", SPOT)
    write(hospital / "manifest.csv", HEADING, "A,P,2.dcm,a.png,,", "B,Q,3.dcm,b.png,none,",
          "C,R,4.dcm,p.png,none,")  # fmt: skip
    code, said = prepare()

    assert code == 1
    assert "the posterior view has no drawing" in said
    assert "drawing on the anterior view, but the scan has none" in said
    assert by_key(hospital)[0]["B"].mask.sum() == SPOT.sum()


def test_the_same_scan_under_two_keys_is_refused(hospital, prepare):
    (hospital / "3.dcm").write_bytes((hospital / "2.dcm").read_bytes())
    code, said = prepare()
    assert code == 1
    assert "the same file, byte by byte, as that of row 3" in said


@pytest.mark.parametrize("given", ["both views", "one view", "mirrored"])
def test_a_scan_exported_twice_is_refused_under_the_second_key(hospital, prepare, given):
    """Rows 2 and 4 are of two patients, and name two files."""
    if given == "one view":
        save(nm(BACK, ImageID="POST"), hospital / "3.dcm")
    else:
        back = BACK if given == "both views" else BACK[:, ::-1]
        two_frames(hospital / "3.dcm", back=back, SeriesDescription="WB again")
    code, said = prepare()
    assert code == 1
    assert "has the counts of the scan of row 2, pixel for pixel" in " ".join(said.split())
    assert set(by_key(hospital)[0]) == {"A5512345", "A5512346", "A5512348"}


def test_a_view_without_counts_is_no_other_scan(tmp_path, prepare):
    for number in range(2):
        two_frames(tmp_path / f"{number}.dcm", FRONT + number, BACK * 0)
    write(tmp_path / "manifest.csv", "study,patient,scan", "A,P,0.dcm", "B,Q,1.dcm")
    assert prepare()[0] == 0


def test_a_scan_in_a_row_that_was_refused_may_be_taken_in_another(hospital, prepare):
    draw(hospital / "a.png", SPOT[:8])  # does not fit: row 2 is refused
    (hospital / "3.dcm").write_bytes((hospital / "ZHANGSAN_1.dcm").read_bytes())
    code, said = prepare()
    assert code == 1
    assert "same file" not in said
    assert set(by_key(hospital)[0]) == {"A5512346", "A5512347", "A5512348"}


def test_labels_are_given_their_meaning(hospital, prepare):
    shape = {"label": "灶", "points": [[1, 1], [3, 3]], "shape_type": "rectangle"}
    drawing = {"imageHeight": 256, "imageWidth": 64, "shapes": [shape]}
    (hospital / "d.json").write_text(json.dumps(drawing))
    write(hospital / "manifest.csv", HEADING, "C,R,4.dcm,,d.json,")

    code, said = prepare()
    assert code == 2
    assert "labels that nobody told the meaning of: '灶'" in said
    assert prepare("--label", "灶")[0] == 2
    assert prepare("--label", "灶=yes")[0] == 0
    assert by_key(hospital)[0]["C"].mask.sum() == 4


def test_spacing_is_given_for_files_that_have_none(hospital, prepare):
    save(nm(BACK + 3, ImageID="POST", PixelSpacing=None), hospital / "4.dcm")
    assert prepare()[0] == 1
    assert prepare("--spacing", "9.0x8.8")[0] == 1  # contradicts the other files
    text = (hospital / "manifest.csv").read_text().replace(",normal", ",normal,spacing_mm")
    text = text.replace(",none,", ",none,,9.0x8.8")
    (hospital / "manifest.csv").write_text(text)
    assert prepare()[0] == 0
    assert by_key(hospital)[0]["A5512348"].spacing_mm == (9.0, 8.8)
    assert "found '9,x'" in prepare("--spacing", "9,x")[1]


def test_a_second_run_makes_again_only_what_has_changed(hospital, prepare):
    prepare("--reports", hospital / "reports.csv")
    before = {p: p.stat().st_mtime_ns for p in (hospital / "store" / "studies").iterdir()}
    first, digest = by_key(hospital)[0], Store(hospital / "store").digest

    assert prepare("--reports", hospital / "reports.csv")[0] == 0
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert Store(hospital / "store").digest == digest

    draw(hospital / "a.png", np.zeros_like(SPOT))
    prepare("--reports", hospital / "reports.csv")
    second = by_key(hospital)[0]
    changed = [p.stem for p in before if p.stat().st_mtime_ns != before[p]]
    assert changed == [second["A5512345"].id]
    assert {key: study.id for key, study in first.items()} == {
        key: study.id for key, study in second.items()
    }
    assert second["A5512345"].mask.sum() == SPOT.sum()  # the posterior one


def test_a_changed_report_makes_the_study_again(hospital, prepare):
    prepare()
    assert by_key(hospital)[0]["A5512347"].report is None
    prepare("--reports", hospital / "reports.csv")
    assert by_key(hospital)[0]["A5512347"].report is not None


def test_findings_in_a_whole_text_beside_an_impression_are_taken(hospital, prepare):
    write(hospital / "reports.csv", "检查号,报告,诊断意见", "A5512347,左肋浓聚。,骨转移。")
    assert prepare("--reports", hospital / "reports.csv")[0] == 0
    report = by_key(hospital)[0]["A5512347"].report
    assert (report.findings, report.impression) == ("左肋浓聚。", "骨转移。")


def test_a_study_taken_off_the_table_leaves_the_store(hospital, prepare):
    prepare()
    text = (hospital / "manifest.csv").read_text().splitlines()
    write(hospital / "manifest.csv", *text[:-1])
    prepare()
    assert set(by_key(hospital)[0]) == {"A5512345", "A5512346", "A5512347"}
    assert len(list((hospital / "store" / "studies").iterdir())) == 3


def test_a_store_that_another_process_writes_is_left_alone(hospital, prepare):
    prepare()
    before = by_key(hospital)[0], (hospital / "store.links.csv").read_bytes()
    two_frames(hospital / "3.dcm", FRONT + 7, BACK + 7)
    with alone(hospital / "store"):
        code, said = prepare()
    assert code == 2
    assert "another process is at work on" in said
    assert by_key(hospital)[0].keys() == before[0].keys()
    assert (hospital / "store.links.csv").read_bytes() == before[1]
    assert prepare()[0] == 0


def everything_in(folder):
    """Content of every file of a folder but those of the hospital, by its path."""
    files = [path for path in (folder / "store").rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in [*files, folder / "store.links.csv"]}


def test_a_store_without_its_links_is_left_alone(hospital, prepare):
    prepare()
    before, links = everything_in(hospital), hospital / "store.links.csv"
    links.rename(hospital / "left behind.csv")
    code, said = prepare()
    assert code == 2
    assert "store holds 4 studies, and " in said
    assert "store.links.csv is missing" in said
    assert not links.exists()

    (hospital / "left behind.csv").rename(links)
    assert everything_in(hospital) == before
    assert prepare()[0] == 0


def test_a_store_with_the_links_of_another_is_left_alone(hospital, prepare):
    prepare()
    links = hospital / "store.links.csv"
    (hospital / "store").rename(hospital / "first")
    links.rename(hospital / "first.links.csv")
    prepare()
    before = everything_in(hospital)
    links.write_bytes((hospital / "first.links.csv").read_bytes())
    assert "store.links.csv does not know 4 of them" in prepare()[1]
    assert everything_in(hospital) == before | {links: links.read_bytes()}


def test_if_nothing_can_be_taken_the_store_stays_as_it_was(hospital, prepare):
    prepare()
    digest = Store(hospital / "store").digest
    for path in hospital.glob("*.dcm"):
        path.write_bytes(path.name.encode())
    code, said = prepare()
    assert code == 2
    assert "none of the studies could be taken" in said
    assert Store(hospital / "store").digest == digest


def test_folds_hang_on_hospital_keys_and_not_on_the_drawn_ids(tmp_path, prepare):
    for number in range(12):
        two_frames(tmp_path / f"{number}.dcm", FRONT + number, BACK + number)
    rows = [f"K{number},P{number // 2},{number}.dcm" for number in range(12)]
    write(tmp_path / "manifest.csv", "study,patient,scan", *rows)
    prepare(folds=6)
    first = by_key(tmp_path)[1]
    (tmp_path / "store").rename(tmp_path / "moved")
    (tmp_path / "store.links.csv").rename(tmp_path / "moved.links.csv")
    prepare(folds=6)

    assert by_key(tmp_path)[1] == first
    assert first["K0"] == first["K1"]
    assert len(set(first.values())) == 6
    assert not set(Store(tmp_path / "store").ids) & set(Store(tmp_path / "moved").ids)
    assert "folds differ" in prepare(folds=2)[1]


def test_a_root_lets_files_lie_elsewhere(hospital, prepare):
    (hospital / "archive").mkdir()
    (hospital / "4.dcm").rename(hospital / "archive" / "4.dcm")
    write(hospital / "manifest.csv", "study,patient,posterior", f"A,P,{hospital}/archive/4.dcm")
    assert "an absolute path" in prepare()[1]
    assert prepare("--root", hospital / "archive")[0] == 0


def test_help_needs_nothing_heavy():
    heavy = "torch, pydicom, numpy, pandas, openpyxl, PIL"
    code = (
        "import sys, mmseg_bone.cli.prepare; "
        f"print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def whole_or_absent(folder):
    """Nothing half-written is there to be read; how many studies are."""
    for path in (folder / "store" / "studies").glob("*.safetensors"):
        study_from_bytes(path.read_bytes())
    if (folder / "store" / "manifest.csv").exists():
        store = Store(folder / "store")
        for id in store.ids:
            assert store[id].id == id
    return len(list((folder / "store" / "studies").glob("*.safetensors")))


def test_killed_at_any_moment_the_same_command_completes_the_store(tmp_path):
    count = 40
    for number in range(count):
        two_frames(tmp_path / f"{number}.dcm", FRONT + number, BACK + number)
    rows = [f"K{number},P{number // 2},{number}.dcm" for number in range(count)]
    write(tmp_path / "manifest.csv", "study,patient,scan", *rows)
    command = [sys.executable, "-c", "from mmseg_bone.cli import main; main()", "prepare",
               str(tmp_path / "manifest.csv"), "--store", str(tmp_path / "store")]  # fmt: skip
    rng = random.Random(0)
    ids, reached = {}, []
    for until in sorted(rng.sample(range(count), 4)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        studies = tmp_path / "store" / "studies"
        while process.poll() is None and len(list(studies.glob("*.safetensors"))) < until:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        reached.append(whole_or_absent(tmp_path))
        if (tmp_path / "store.links.csv").exists():
            with (tmp_path / "store.links.csv").open() as file:
                drawn = {row["hospital_key"]: row["id"] for row in csv.DictReader(file)}
            assert ids in ({}, drawn)
            ids = drawn
    assert reached == sorted(reached)  # what was done stays done
    assert 0 < reached[-1] < count

    assert subprocess.run(command, capture_output=True).returncode == 0

    studies, _ = by_key(tmp_path)
    assert len(studies) == count
    for number in range(count):
        np.testing.assert_array_equal(studies[f"K{number}"].counts[0], FRONT + number)
        assert studies[f"K{number}"].id == ids[f"K{number}"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_store_that_cannot_be_written_is_told_and_nothing_done(hospital, prepare):
    (hospital / "store").write_text("mine")
    code, said = prepare()
    assert code == 2
    assert "store: cannot be written: a file lies where a folder is needed" in said
    assert (hospital / "store").read_text() == "mine"
    assert not (hospital / "store.links.csv").exists()


def test_a_full_disk_is_no_fault_of_a_row(hospital, prepare, monkeypatch):
    prepare()
    before = everything_in(hospital)
    change_two(hospital)

    def full(*_):
        raise OutputError("cannot be written, for the disk is full.")

    monkeypatch.setattr("mmseg_bone.io.changing.write_atomically", full)
    code, said = prepare()
    assert code == 2
    assert "the disk is full" in said
    assert "refused" not in said
    assert everything_in(hospital) == before


def change_two(folder):
    """Two scans of four are others now."""
    for number in (2, 3):
        two_frames(folder / f"{number}.dcm", FRONT + number + 7, BACK + number + 7)


def test_a_store_stays_whole_until_what_changes_is_there(hospital, prepare, monkeypatch):
    prepare()
    before = everything_in(hospital)
    change_two(hospital)
    make, made = preparing.make_study, []

    def die_at_the_second(entry, *rest, **keys):
        if made:
            raise KeyboardInterrupt
        made.append(entry.study)
        return make(entry, *rest, **keys)

    monkeypatch.setattr(preparing, "make_study", die_at_the_second)
    prepare()
    assert everything_in(hospital).items() >= before.items()
    assert len(by_key(hospital)[0]) == 4
    (waiting,) = (hospital / "store" / "coming").iterdir()

    monkeypatch.undo()
    written = waiting.stat().st_mtime_ns
    assert prepare()[0] == 0
    there = hospital / "store" / "studies" / waiting.name
    assert there.stat().st_mtime_ns == written  # moved, and not made again
    assert {key: study.counts[0, 0, 0] for key, study in by_key(hospital)[0].items()} == {
        "A5512345": 0, "A5512346": 9, "A5512347": 10, "A5512348": 3
    }  # fmt: skip
    assert not (hospital / "store" / "coming").exists()


def test_killed_while_changes_are_put_in_place_the_store_is_not_whole(
    hospital, prepare, monkeypatch
):
    prepare()
    change_two(hospital)
    replace, moved = Path.replace, []

    def die_at_the_second(path, target):
        if target.parent.name == "studies":
            if moved:
                raise KeyboardInterrupt
            moved.append(path)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", die_at_the_second)
    prepare()
    assert not (hospital / "store" / "manifest.csv").exists()
    monkeypatch.undo()
    monkeypatch.setattr(preparing, "make_study", None)  # nothing is left to be made
    assert prepare()[0] == 0
    assert by_key(hospital)[0]["A5512346"].counts[0, 0, 0] == 9
    assert by_key(hospital)[0]["A5512347"].counts[0, 0, 0] == 10


def test_what_waited_for_a_change_that_was_taken_back_is_not_taken(hospital, prepare, monkeypatch):
    prepare()
    digest = Store(hospital / "store").digest
    scan = (hospital / "2.dcm").read_bytes()
    change_two(hospital)
    monkeypatch.setattr(preparing, "deal", None)  # it ends just before the end
    with pytest.raises(TypeError):
        prepare()
    assert len(list((hospital / "store" / "coming").iterdir())) == 2
    monkeypatch.undo()
    (hospital / "2.dcm").write_bytes(scan)
    two_frames(hospital / "3.dcm", FRONT + 2, BACK + 2)
    assert prepare()[0] == 0
    assert Store(hospital / "store").digest == digest


def test_if_too_little_is_left_for_the_folds_the_store_stays_as_it_was(hospital, prepare):
    prepare(folds=3)
    before = everything_in(hospital)
    two_frames(hospital / "2.dcm", FRONT + 9, BACK + 9)
    (hospital / "4.dcm").write_bytes(b"torn")
    code, said = prepare(folds=3)
    assert code == 2
    assert "3 folds, but studies of 2 patients only could be taken" in said
    assert "The store is not changed: mend the rows that were refused, or name another" in said
    assert "is no DICOM" in said  # the row refused
    assert everything_in(hospital) == before


def test_where_too_little_could_be_taken_no_store_is_made(hospital, prepare):
    scan = (hospital / "4.dcm").read_bytes()
    (hospital / "4.dcm").write_bytes(b"torn")
    code, said = prepare(folds=3)
    assert code == 2
    assert "No store was made: mend the rows that were refused" in said
    (hospital / "4.dcm").write_bytes(scan)
    assert prepare(folds=3)[0] == 0
    assert len(by_key(hospital)[0]) == 4
