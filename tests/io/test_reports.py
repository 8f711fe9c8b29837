import re
import zipfile

import pytest
from openpyxl import Workbook

from mmseg_bone.errors import ReportError
from mmseg_bone.io.names import words_of
from mmseg_bone.io.reports import WrittenReport, read_reports
from tests.dicoms import identities_in

HEADING = "检查号,检查所见,诊断意见"
ROWS = [
    '0012,"左侧第5肋见浓聚，\n余未见异常。",骨转移可能',
    "0013,未见异常浓聚。,正常",
]


def written(path, *lines, encoding="utf-8"):
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_is_read_in_any_of_its_encodings(tmp_path, encoding):
    reports = read_reports(written(tmp_path / "r.csv", HEADING, *ROWS, encoding=encoding))

    assert list(reports) == ["0012", "0013"]
    assert reports["0012"] == WrittenReport(
        row=2, findings="左侧第5肋见浓聚，\n余未见异常。", impression="骨转移可能"
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_separator_is_read(tmp_path, separator):
    path = written(tmp_path / "r.csv", separator.join(["study", "report"]), f"a{separator}正常")
    assert read_reports(path)["a"].text == "正常"


def test_a_spreadsheet_is_read_and_its_numbers_are_keys(tmp_path):
    book = Workbook()
    book.active.append(["Study ID", "ＦＩＮＤＩＮＧＳ", "印象", "备注"])
    book.active.append([1234567, "右侧髂骨见浓聚", "转移待排", None])
    book.active.append([7.0, "正常", None, "x"])
    book.active.append(["0007", None, None, "no text: a study without a report"])
    book.save(tmp_path / "r.xlsx")

    reports = read_reports(tmp_path / "r.xlsx")

    assert list(reports) == ["1234567", "7"]
    assert reports["1234567"].findings == "右侧髂骨见浓聚"
    assert reports["7"].impression == ""


def rewrite_sheet(path, change):
    """A workbook whose first sheet another program wrote."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = change(parts[sheet].decode()).encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


@pytest.mark.parametrize("size", ['<dimension ref="A1:B2"/>', '<dimension ref="A1"/>', ""])
def test_a_spreadsheet_is_read_beyond_the_size_it_says_it_has(tmp_path, size):
    book = Workbook()
    for row in (["study", "findings", "impression"], ["a", "一", "甲"], ["b", "二", "乙"]):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    rewrite_sheet(tmp_path / "r.xlsx", lambda text: re.sub("<dimension [^>]*/>", size, text))

    assert read_reports(tmp_path / "r.xlsx") == {
        "a": WrittenReport(row=2, findings="一", impression="甲"),
        "b": WrittenReport(row=3, findings="二", impression="乙"),
    }


def test_a_carriage_return_in_a_spreadsheet_is_no_text(tmp_path):
    book = Workbook()
    book.active.append(["study", "report"])
    book.active.append(["a", "检查所见：正常_x000D_\n诊断意见：正常"])
    book.save(tmp_path / "r.xlsx")
    assert read_reports(tmp_path / "r.xlsx")["a"].text == "检查所见：正常\r\n诊断意见：正常"


def test_columns_may_be_named(tmp_path):
    path = written(tmp_path / "r.csv", "流水,内容,所见", "a,全文,所见段")

    assert read_reports(path, key="流水")["a"].findings == "所见段"
    assert read_reports(path, key="流水", text="内容", findings="所见")["a"].text == "全文"
    with pytest.raises(ReportError, match="no column '正文' for the text; it has 流水, 内容, 所见"):
        read_reports(path, key="流水", text="正文")
    with pytest.raises(ReportError, match="no column with the study key"):
        read_reports(path)


def test_a_whole_text_is_left_out_only_where_there_are_findings(tmp_path):
    path = written(tmp_path / "r.csv", "检查号,报告,诊断意见", "a,全文,转移")
    assert read_reports(path)["a"] == WrittenReport(row=2, text="全文", impression="转移")
    path = written(tmp_path / "r.csv", "检查号,报告,检查所见", "a,全文,所见段")
    assert read_reports(path)["a"] == WrittenReport(row=2, findings="所见段")


def test_a_table_without_text_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no column with the text"):
        read_reports(written(tmp_path / "r.csv", "study,age", "a,60"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "A5512345,张三丰,左侧第5肋见浓聚。",
            "row 1 names no known column. Is the heading missing?",
        ),
        ("H0098765,张三丰,张三丰", "one name for the columns 2 and 3"),
        # A cell may be a known name by chance.
        ("A5512345,张三丰,报告", "it has 报告, and 2 columns of names that are not known"),
    ],
)
def test_a_table_without_a_heading_shows_nobody(tmp_path, row, words):
    with pytest.raises(ReportError) as error:
        read_reports(written(tmp_path / "r.csv", row, row))
    assert words in str(error.value)
    assert not identities_in(str(error.value).encode())
    assert "肋" not in str(error.value)


def test_a_column_that_was_named_is_not_found_in_a_table_without_a_heading(tmp_path):
    path = written(tmp_path / "r.csv", "A5512345,张三丰,左侧第5肋见浓聚。")
    with pytest.raises(
        ReportError, match="'流水' for the key; row 1 names no known column"
    ) as error:
        read_reports(path, key="流水")
    assert not identities_in(str(error.value).encode())


def test_all_missing_and_double_keys_are_told_at_once_and_by_row(tmp_path):
    path = written(tmp_path / "r.csv", "study,report", "A77,一", ",二", "A77,三", "B,四", "A77,五")
    with pytest.raises(ReportError) as error:
        read_reports(path)
    for words in ("row 3: the key is missing", "row 4: the key of row 2 again", "row 6: the key"):
        assert words in str(error.value)
    assert "A77" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"study,report\na,b,c\n", "row 2 has 3 cells, the heading has 2"),
        (b"study,text,Study\na,b,c\n", "one name for the columns 1 and 3"),
        (b'study,report\na,"open\n', "quotation marks"),
        (b"\x00\x01\x02\xff\xfe\x81", "no text in UTF-8, UTF-16 or GB18030"),
        (b"PK\x03\x04 not a workbook", "no text|no XLSX|study key"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, words):
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=words):
        read_reports(path)


def test_an_old_or_missing_workbook_is_refused(tmp_path):
    (tmp_path / "r.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(ReportError, match="save it as .xlsx"):
        read_reports(tmp_path / "r.xls")
    with pytest.raises(ReportError, match="cannot be opened"):
        read_reports(tmp_path / "nowhere.csv")


def test_whose_a_report_is_stands_beside_it_and_is_not_shown(tmp_path):
    path = written(
        tmp_path / "r.csv",
        "检查号,患者姓名,住院号,影像号,Patient Name,_签发,科室,年龄,报告",
        'a,"欧阳建国 ",ZY0055,NM-7,"Zhang, San",李四,骨科,67,骨转移',
        "b,,,,,,,,正常",
    )
    reports = read_reports(path)

    assert reports["a"].aside == {"欧阳建国", "ZY0055", "NM-7", "李四", "ZhangSan", "Zhang San",
                                  "SanZhang", "San Zhang"}  # fmt: skip
    assert "欧阳" not in repr(reports["a"])
    assert reports["b"] == WrittenReport(row=3, text="正常")


def test_several_names_in_one_cell_are_each_one():
    assert {"张三丰", "李四", "13912345678"} <= words_of(["张三丰 13912345678，李四"])
    assert "San" not in words_of(["Zhang San"])
