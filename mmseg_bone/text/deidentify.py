"""Take names, numbers and dates out of a report; leave what it says of the bones.

Rules, not a model: what a rule does not know it leaves. A report with a name in running text
that no title, heading or header points to keeps it, so give the names that are known.

Source: the fields of Chinese reports and referral forms, and GB/T 39725-2020 (health data
security); the rules are our choice.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from mmseg_bone.study import Report
from mmseg_bone.text.clinical import (
    are_counts,
    are_levels,
    end_of_what_is_said,
    ends_clinically,
    is_finding,
    is_ratio,
    name_in,
)
from mmseg_bone.text.report import normalise

# The commonest family names, less those that begin a clinical word (全, 双, 左, 平, 常, 于).
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺顾毛郝龚邵万钱严武戴莫孔汤"
)
# Others, which are asked only where a name is to be expected.
_RARER = (
    "于左常平全双段温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞柳甘祝包宁尚符舒阮柯纪梅童凌毕"
    "单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤时穆司卓古吉缪简车项连芦麦褚娄窦戚岑"
    "景党宫费卜冷晏席卫米柏宗瞿桂佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩佘池查麻苑迟邝官封谈匡"
    "鞠荆乐冀郁胥南班储栗燕楚鄢谌奚皮粟冼蔺楼闻厉伊郜阚花屠朴盖廉禹井祖漆巴丰卿狄宣晋云容晁芮浦戈伏鹿邸雍辜"
    "高印成应阴阳羊乌裘亓修邰赫杭况宿鲜隆茹危玉亢嵇湛宾戎茅冶檀昝尧丘"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|夏侯|令狐|慕容"
_ANY_FAMILY = rf"(?:{_COMPOUND}|[{_FAMILY}{_RARER}]|[A-Za-z])"
_NAME = rf"(?:(?:{_COMPOUND})[一-龥]{{1,2}}|[{_FAMILY}][一-龥]{{1,2}})"
_SEX_OR_STOP = r"(?=[\s,，。;；:：、()（）男女\d]|$)"
_NEXT_FIELD = r"(?=性别|年龄|男|女|科|[^一-龥·]|$)"
_TITLE = r"(?:主任医师|副主任医师|主治医师|住院医师|医师|医生|主任|教授|技师|护士)"
_LATIN = r"[A-Z][\w'-]*(?:[ ,^]+[A-Z][\w'-]*){0,3}"
_SIGNED = r"(?=[^一-龥·]|审核|报告|$)"
# Characters that end what stands before the name of a hospital.
_BEFORE_HOSPITAL = "与在到由据经赴往至从来示及为请院于自后查因的"
_ANY_HOSPITAL = (  # no particular one
    r"(?:我|本|外|该|贵|当地|上级|其他|其它|他|某|原|各|综合|专科|三甲|外地|基层|社区)"
)

_Replace = str | Callable[[re.Match[str]], str]


def _unless(clinical: Callable[[re.Match[str]], bool], by: str) -> _Replace:
    return lambda match: match[0] if clinical(match) else match.expand(by)


def _hide_name(match: re.Match[str]) -> str:
    """The group ``name`` hidden, or what of it is a name."""
    name = name_in(match["name"], _ANY_FAMILY).rstrip(" ,^")
    start = match.start("name") - match.start()
    return f"{match[0][:start]}[姓名]{match[0][start + len(name) :]}" if name else match[0]


_RULES: Sequence[tuple[str, _Replace]] = [
    # numbers
    (r"[A-Za-z0-9_.+-]+@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+", "[号码]"),
    (r"(?<!\d)\d{17}[\dXx](?!\d)", "[号码]"),
    (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)", "[号码]"),
    (r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)", "[号码]"),
    (
        r"((?:(?P<heading>检查|影像|放射|核医学)|住院|门诊|病案|病历|登记|卡|(?<!临)床|医保|社保|社会保险|身份证"
        r"|条码|流水|申请单|No(?![a-z]))(?P<sign>号?)|(?P<number>编号|(?<!COV)ID|MRN|No\.|accession))"
        r"(?P<gap>[号码]{0,2}[:： #]*)(?P<code>(?=[A-Za-z-]*\d)[A-Za-z0-9-]{2,})",
        _unless(is_finding, r"\1[号码]"),
    ),
    # dates and times
    (r"(?<!\d)(?:19|20)\d{2}\s*[-年./]\s*\d{1,2}(?:\s*[-月./]\s*\d{1,2}\s*日?|\s*月)?", "[日期]"),
    (r"(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)", "[日期]"),
    (r"(?<!\d)(?:19|20)\d{2}\s*年", "[日期]"),
    (r"(?<!\d)\d{1,2}月\d{1,2}[日号]", "[日期]"),
    (r"(?<!\d)\d{1,2}(?:[/-]\d{1,2})+[/-](?:19|20)?\d{2}(?!\d)", _unless(are_levels, "[日期]")),
    (
        r"(?i)\b(?:\d{1,2} )?(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
        r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
        r"(?: \d{1,2})?,? (?:19|20)\d{2}\b",
        "[日期]",
    ),
    (
        r"(?<![\d:])(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?(?![\d:])",
        _unless(is_ratio, "[时间]"),
    ),
    # long numbers that no rule above knows; doses are shorter
    (r"(?<![A-Za-z\d])[A-Za-z]{0,4}-?\d{6,}(?!\d|\.\d)", _unless(are_counts, "[号码]")),
    # people
    (rf"(姓名|患者姓名|病人姓名)[:： ]*[一-龥·]{{2,4}}?{_NEXT_FIELD}", r"\1[姓名]"),
    (rf"(?:患者|病人|患儿)[:：]\s*(?P<name>[一-龥·]{{2,4}}?){_NEXT_FIELD}", _hide_name),
    (rf"(?:患者|病人|患儿)\s*(?P<name>{_NAME}){_SEX_OR_STOP}", _hide_name),
    (
        rf"(?:{_TITLE}|审核|签名|签发|书写|诊断者|报告者|操作者|送检者)者?(?:[:：]\s*|\s+)"
        rf"(?P<name>[一-龥·]{{2,4}}?){_SIGNED}",
        _hide_name,
    ),
    (rf"(?:报告|送检)(?:[:：]\s*|\s+)(?P<name>{_ANY_FAMILY}[一-龥·]{{1,2}}?){_SIGNED}", _hide_name),
    (rf"(?P<name>{_NAME})(?={_TITLE})", _hide_name),
    (
        rf"(?:(?<=^)|(?<=[\s,，。;；]))(?P<name>{_NAME})(?=[,，\s]*[男女][,，\s]*\d)",
        _hide_name,
    ),
    (rf"(?i)\b(name|patient name|reported by|signed by)\s*:\s*{_LATIN}", r"\1: [姓名]"),
    (rf"(?i)\bpatient\s*:\s*(?P<name>{_LATIN})", _hide_name),
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
    r"(?P<name>[一-龥]{2,15}?)"
    r"(?:医院|卫生院|卫生服务中心|医学中心|医疗中心|影像中心|体检中心|诊断中心|(?P<tumour>肿瘤中心)"
    r"|医学院附属|大学附属)(?:第?[一二三四五六]?(?:附属)?医院)?"
)


def deidentify(text: str, known: Iterable[str] = ()) -> str:
    """The text with identity replaced by ``[姓名]``, ``[号码]``, ``[日期]`` and the like.

    Sides, levels, sizes, doses and words of certainty stay (see ``clinical``). Doing it twice
    changes nothing more.

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
    """The name hidden, and not what is said before it; 髂骨肿瘤中心 is the middle of a tumour."""
    name = match["name"]
    if match["tumour"] and ends_clinically(name):
        return match[0]
    start = max(name.rfind(c) for c in _BEFORE_HOSPITAL) + 1
    start = max(start, end_of_what_is_said(name))
    before, hospital = match[0][:start], match[0][start:]
    return match[0] if re.match(_ANY_HOSPITAL, hospital) else f"{before}[医院]"
