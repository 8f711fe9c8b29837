"""Take names, numbers and dates out of a report; leave what it says of the bones.

Rules, not a model: what a rule does not know it leaves. A report with a name in running text
that no title, heading or header points to keeps it, so give the names that are known.

Source: the fields of Chinese reports and referral forms, and GB/T 39725-2020 (health data
security); the rules are our choice.
"""

import re
from collections.abc import Iterable, Sequence

from mmseg_bone.study import Report
from mmseg_bone.text.report import normalise

# The commonest family names, less those that begin a clinical word (全, 双, 左, 平, 常, 于).
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺顾毛郝龚邵万钱严武戴莫孔汤"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|夏侯|令狐|慕容"
_NAME = rf"(?:(?:{_COMPOUND})[一-龥]{{1,2}}|[{_FAMILY}][一-龥]{{1,2}})"
_SEX_OR_STOP = r"(?=[\s,，。;；:：、()（）男女\d]|$)"
_NEXT_FIELD = r"(?=性别|年龄|男|女|科|[^一-龥·]|$)"
_TITLE = r"(?:主任医师|副主任医师|主治医师|住院医师|医师|医生|主任|教授|技师|护士)"
# Characters that end what stands before the name of a hospital.
_BEFORE_HOSPITAL = "与在到由据经赴往至从来示及为请院"
_ANY_HOSPITAL = (  # no particular one
    r"(?:我|本|外|该|贵|当地|上级|其他|其它|他|某|原|各|综合|专科|三甲|外地|基层|社区)"
)

_RULES: Sequence[tuple[str, str]] = [
    # numbers
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[号码]"),
    (r"(?<!\d)\d{17}[\dXx](?!\d)", "[号码]"),
    (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)", "[号码]"),
    (r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)", "[号码]"),
    (
        r"((?:住院|门诊|检查|影像|病案|病历|登记|卡|床|医保|社保|社会保险|身份证|条码|流水|申请单|放射|核医学)号?"
        r"|编号|ID|MRN|No\.?|accession)(?:[号码]{0,2})[:： #]*(?=[A-Za-z-]*\d)[A-Za-z0-9-]{2,}",
        r"\1[号码]",
    ),
    # dates and times
    (r"(?<!\d)(?:19|20)\d{2}\s*[-年./]\s*\d{1,2}(?:\s*[-月./]\s*\d{1,2}\s*日?|\s*月)?", "[日期]"),
    (r"(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)", "[日期]"),
    (r"(?<!\d)(?:19|20)\d{2}\s*年", "[日期]"),
    (r"(?<!\d)\d{1,2}月\d{1,2}[日号]", "[日期]"),
    (r"(?<!\d)\d{1,2}[/-]\d{1,2}[/-](?:19|20)?\d{2}(?!\d)", "[日期]"),
    (
        r"(?i)\b(?:\d{1,2} )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
        r"(?: \d{1,2})?,? (?:19|20)\d{2}\b",
        "[日期]",
    ),
    (r"(?<![\d:])(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?(?![\d:])", "[时间]"),
    # long numbers that no rule above knows; doses and counts are shorter
    (r"(?<![A-Za-z\d])[A-Za-z]{0,4}-?\d{6,}(?![\d.])", "[号码]"),
    # people
    (rf"(姓名|患者姓名|病人姓名)[:： ]*[一-龥·]{{2,4}}?{_NEXT_FIELD}", r"\1[姓名]"),
    (rf"((?:患者|病人|患儿)[:：]\s*)[一-龥·]{{2,4}}?{_NEXT_FIELD}", r"\1[姓名]"),
    (rf"(患者|病人|患儿)\s*{_NAME}{_SEX_OR_STOP}", r"\1[姓名]"),
    (
        rf"({_TITLE}|审核|报告|签名|签发|书写|诊断者|审核者|报告者|操作者|送检)(?:者)?(?:[:：]\s*|\s+)"
        r"[一-龥·]{2,4}?(?=[^一-龥·]|审核|报告|$)",
        r"\1[姓名]",
    ),
    (rf"{_NAME}(?={_TITLE})", "[姓名]"),
    (rf"(?:(?<=^)|(?<=[\s,，。;；])){_NAME}(?=[,，\s]*[男女][,，\s]*\d)", "[姓名]"),
    (r"(?i)\b(name|patient name|patient|reported by|signed by)\s*:\s*[A-Z][\w'-]*"
     r"(?:[ ,^]+[A-Z][\w'-]*){0,3}", r"\1: [姓名]"),
    (r"\b(Dr|Prof|Mr|Mrs|Ms)\.? ?[A-Z][\w'-]+(?: [A-Z][\w'-]+)?", r"\1 [姓名]"),
    # how old, where
    (r"(?<!\d)\d{1,3}\s*(?:周岁|岁)", "[年龄]"),
    (r"(?:住址|地址|家庭住址|籍贯|工作单位)[:：]\s*[^\n,，。;；]+", "[地址]"),
    (r"[一-龥]{2,6}?(?:省|自治区|市|县)[一-龥]{0,8}?(?:镇|乡|街道|小区|(?<!尿)(?<!通)路|村)"
     r"(?:[\d一二三四五六七八九十]+[号栋室弄组单元-]*)*", "[地址]"),
    (r"(?<![一-龥])(?:\d+|[一二三四五六七八九十]+)病区", "[病区]"),
]  # fmt: skip
_COMPILED = [(re.compile(pattern, re.MULTILINE), by) for pattern, by in _RULES]
_HOSPITAL = re.compile(
    r"[一-龥]{2,15}?(?:医院|卫生院|卫生服务中心|医学中心|医疗中心|影像中心|体检中心|诊断中心|肿瘤中心"
    r"|医学院附属|大学附属)(?:第?[一二三四五六]?(?:附属)?医院)?"
)


def deidentify(text: str, known: Iterable[str] = ()) -> str:
    """The text with identity replaced by ``[姓名]``, ``[号码]``, ``[日期]`` and the like.

    Sides, levels, sizes, doses and words of certainty stay. Doing it twice changes nothing more.

    Args:
        text: A report, or a part of one.
        known: What is known to be identity: the patient's name, hospital keys. Taken out wherever
            it stands, upper or lower case; single characters are not.
    """
    text = normalise(text)
    for secret in sorted({word.strip() for word in known}, key=len, reverse=True):
        if len(secret) > 1:
            text = re.sub(_bounded(secret), "[隐去]", text, flags=re.IGNORECASE)
    for pattern, by in _COMPILED:
        text = pattern.sub(by, text)
    return _HOSPITAL.sub(_hide_hospital, text)


def deidentify_report(report: Report, known: Iterable[str] = ()) -> Report:
    """Both parts of a report, see ``deidentify``."""
    known = tuple(known)
    return Report(
        findings=deidentify(report.findings, known),
        impression=deidentify(report.impression, known),
    )


def tells_someone(word: str) -> bool:
    """Whether a word of a header or of a table may be taken out of a report as ``known``.

    A short number is no name, and would take the level out of 第12胸椎.
    """
    return len(word) >= (5 if word.isascii() else 2)


def _bounded(secret: str) -> str:
    """Key 12 is no part of 120, nor of L12; a Chinese name may stand anywhere."""
    start = r"(?<![A-Za-z0-9])" if secret[0].isascii() and secret[0].isalnum() else ""
    end = r"(?![A-Za-z0-9])" if secret[-1].isascii() and secret[-1].isalnum() else ""
    return start + re.escape(secret) + end


def _hide_hospital(match: re.Match[str]) -> str:
    name = match[0]
    start = max(name.rfind(c, 0, len(name) - 2) for c in _BEFORE_HOSPITAL) + 1
    before, hospital = name[:start], name[start:]
    return name if re.match(_ANY_HOSPITAL, hospital) else f"{before}[医院]"
