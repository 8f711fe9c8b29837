"""The raw text of a report → findings and impression, by its headings; and cleaning.

Headings vary between hospitals (检查所见, 影像所见, 影像表现, 所见; 检查意见, 诊断意见, 印象, 结论) and are
mistyped. What stands under another heading (name, clinical diagnosis, signature) is in neither
part, so that it is not read and does not leak.

Source: the structure of Chinese nuclear medicine reports, and the misspelt headings met in a
public Thai report project; the list of headings is our choice.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mmseg_bone.study import Report

_FINDINGS = ("检查所见", "影像所见", "影像学所见", "影像表现", "影像学表现", "显像所见", "显像表现",
             "所见", "检查描述", "影像描述", "检查结果", "findings", "finding")  # fmt: skip
_IMPRESSION = ("检查意见", "诊断意见", "影像诊断", "影像学诊断", "显像诊断", "诊断印象", "印象",
               "结论", "诊断结论", "检查结论", "意见", "核医学诊断", "impression", "impressions",
               "conclusion", "opinion")  # fmt: skip
_OTHER = ("姓名", "性别", "年龄", "出生日期", "身份证号", "科室", "申请科室", "病区", "床号", "住院号",
          "门诊号", "病历号", "病案号", "检查号", "影像号", "登记号", "卡号", "医保号", "电话",
          "联系电话", "住址", "地址", "临床诊断", "病史", "主诉", "临床资料", "检查项目", "检查名称",
          "检查部位", "检查方法", "显像剂", "剂量", "仪器", "设备", "检查日期", "检查时间", "报告日期",
          "报告时间", "审核日期", "审核时间", "报告医师", "报告医生", "审核医师", "审核医生",
          "诊断医师", "诊断医生", "书写医师", "送检医生", "送检医师", "申请医生", "申请医师", "操作技师",
          "签名", "备注", "声明", "name", "patient", "patient name", "patient id", "age", "sex",
          "gender", "mrn", "date", "clinical history", "history", "indication", "technique",
          "procedure", "radiopharmaceutical", "reported by", "signed by", "verified by",
          "radiologist", "physician")  # fmt: skip
_KINDS = {
    **dict.fromkeys(_OTHER, "other"),
    **dict.fromkeys(_FINDINGS, "findings"),
    **dict.fromkeys(_IMPRESSION, "impression"),
}
# 【印象】; or at the start of a line, alone on it or with a colon; or after a stop, with a colon.
_HEADING = re.compile(
    r"[【\[〔<《](?P<boxed>[^】\]〕>》\n]{1,20})[】\]〕>》][:：]?"
    r"|(?:^|(?<=\n))[ \t]*(?:[一二三四五六七八九\d]{1,2}[、.．)）][ \t]*)?(?P<line>[^\W\d][^\n:：。，；]{0,19}?)"
    r"[ \t]*(?:[:：]|(?=\n|$))"
    r"|(?<=[。；;.!！？\s）)】])(?P<inline>[^\W\d_][\w/ ]{0,19}?)[ \t]*[:：]",
)
_CJK = "\u2e80-\u9fff\uf900-\ufaff"
_WIDE = str.maketrans(",:;?!()", "，：；？！（）")


class _Part(NamedTuple):
    kind: str
    text: str


def split_report(text: str) -> Report:
    """Findings and impression of a report in one piece.

    Without any heading, all of it is findings: to take the end of a text for the impression
    would be a guess. Where only the impression has a heading, what stands before it is findings.

    Args:
        text: As exported, with headings in brackets, before colons or on lines of their own.
    """
    parts = list(_parts(normalise(text)))
    has_findings = any(part.kind == "findings" for part in parts)
    kept: dict[str, list[str]] = {"findings": [], "impression": []}
    for part in parts:
        kind = "findings" if part.kind == "" and not has_findings else part.kind
        if kind in kept and part.text.strip():
            kept[kind].append(part.text.strip())
    return Report(
        findings=clean("\n".join(kept["findings"])), impression=clean("\n".join(kept["impression"]))
    )


def _parts(text: str) -> Iterator[_Part]:
    kind, start = "", 0
    for match in _HEADING.finditer(text):
        name = match["boxed"] or match["line"] or match["inline"]
        found = _kind_of(name)
        if found:
            yield _Part(kind, text[start : match.start()])
            kind, start = found, match.end()
    yield _Part(kind, text[start:])


def _kind_of(name: str) -> str:
    """``findings``, ``impression``, ``other``, or nothing if it is no heading."""
    plain = re.sub(r"\s+", " ", name).strip().lower()
    for spelling in (plain, plain.replace(" ", "")):
        if spelling in _KINDS:
            return _KINDS[spelling]
    near = {kind for known, kind in _KINDS.items() if _is_misspelt(plain.replace(" ", ""), known)}
    return near.pop() if len(near) == 1 else ""


def _is_misspelt(name: str, known: str) -> bool:
    """One letter off in a Chinese heading of four or more; two in a long English one."""
    if known in _OTHER:
        return False
    allowed = 2 if known.isascii() and len(known) >= 8 else 1
    return len(known) >= 4 and abs(len(name) - len(known)) <= allowed < _distance(name, known) + (
        allowed
    ) and _distance(name, known) <= allowed


def _distance(a: str, b: str) -> int:
    """Letters to change, insert or drop to make one of the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row, previous = [i], row
        for j, y in enumerate(b, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


def normalise(text: str) -> str:
    """Digits, letters and spaces to half width, line ends to ``\\n``; nothing else is changed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u3000", " ")
    halves = [unicodedata.normalize("NFKC", c) if _is_wide_alnum(c) else c for c in text]
    return "".join(c for c in "".join(halves) if c == "\n" or unicodedata.category(c) != "Cc")


def _is_wide_alnum(character: str) -> bool:
    return "\uff01" <= character <= "\uff5e" and unicodedata.category(character)[0] in "LN"


def clean(text: str) -> str:
    """One way of writing: half-width letters and digits, full-width stops beside Chinese.

    Cleaning twice changes nothing more. Words are left as they are, typing errors too.
    """
    text = normalise(text)
    text = re.sub(rf"(?<=[{_CJK}，。；：？！）])[,:;?!()]|[,:;?!()](?=[{_CJK}])", _widen, text)
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(rf"(?<=[{_CJK}，。；：？！]) (?=[{_CJK}])", "", text)
    return re.sub(r" ?\n\s*", "\n", text).strip()


def _widen(match: re.Match[str]) -> str:
    return match[0].translate(_WIDE)
