"""What in a report looks like a name, a number, a day or a time, and is clinical.

``deidentify`` asks here before it takes something out: 10/11/12 may be a day or three vertebrae,
白血病 is nobody called 白, and 1:15 no quarter past one. Where the words around it do not tell, it
is taken for identity.

Source: our choice, from the wordings of Chinese bone scan reports.
"""

import re
from itertools import pairwise

from mmseg_bone.text.words import lexicon

_TERMS = lexicon()
# Illnesses and organs: characters that hardly any name is written with.
_ORGAN = (
    "[骨痛疼病癌瘤症肿椎肋肩肝肺肾胃肠胰脾腺髓脑髋胸腰颈腹膝肢腿股髂骶胫腓肱髌尿血咳喘瘫癜疸疗]"
)
_SAID = (
    "转移|恶性|良性|异常|阴性|阳性|手术|术后|外伤|摔|跌倒|石膏|金属|白内障|黄染|乏力|发热|消瘦|严重|待查"
    "|结合|临床|既往|全身|未见|待排|代谢|浓[聚集]|摄取|显影|缺损|增高|减低|破坏|坏死|侵犯|钙化|积[液水]|硬化|占位|结节"
    "|[横棘剑喙]突|终板|手背|足部|[左右][侧上下前后]|[双两]侧"
    "|^(?:正常|怀疑|稳定)"
    r"|(?i:\b(?:bones?|spine|ribs?|femur|pelvis|left|right|uptake|pain|known|history|lesions?"
    r"|metast\w+|(?:(?:lung|breast|prostate) )?cancer)\b)"
)
# Shorter terms may be somebody: 新增, 多发, 进展.
_CLINICAL = re.compile("|".join([_ORGAN, _SAID, *(term for term in _TERMS if len(term) > 2)]))

_SPOKEN = re.compile("|".join([_SAID, *_TERMS]))
_SPECIALTY = re.compile(
    r"(?:[骨胸肺肾肝脑血液肿瘤癌]|甲状腺|前列腺|乳腺|脊柱|关节)+(?:病|[专外]?科)*$"
)

_BONE_AHEAD = re.compile(r"\s*(?:[前后侧腋]{0,2}肋|[颈胸腰骶尾]?椎|(?i:ribs?\b|vertebra))")
_BONE_BEHIND = re.compile(
    r"(?:第|(?<![A-Za-z])(?P<short>[CTLSctls])|(?P<region>[颈胸腰骶])椎?体?|椎体?|肋骨?"
    r"|(?i:\bribs?)) ?$"
)
_SIDE_BEHIND = re.compile(r"(?:[左右双两][侧前后]{0,2}|(?i:left|right)) ?$")
_DAY_BEHIND = re.compile(
    r"(?:[与较自从至到及:：]|(?<!位)[于在]|日期|时间|(?i:\b(?:on|since|from|of))) *$"
)
_DAY_AHEAD = re.compile(
    r"\s*(?:日|[前旧]片|前次|复?查|检查|行|[我外本]院|手?术|比较|对比|CT|MR|PET)"
)
_LAST = {"颈": 8, "C": 8, "腰": 6, "L": 6, "骶": 5, "S": 5}  # 12 of all others

_RATIO_BEHIND = re.compile(r"(?:(?<![对相])比(?!较)|稀释|T/?NT|(?i:ratio))[^,，。;；\n]{0,8}$")
_TIME_BEHIND = re.compile(
    r"(?:日期\]|[于在自至到日]|时间[:：]?|[上下中]午|[凌早晚夜]晨?|(?i:\bat)) *$"
)
_TIME_AHEAD = re.compile(r" *(?:[时分]|注射|采集|显像|检查|报告|(?i:[ap]m\b))")
_CLOCK_FACE = re.compile(r" *(?:点钟?)?(?:方向|位)")

_COUNTS_BEHIND = re.compile(r"(?:计数[率约为达:： ]*|(?i:counts?(?: of)?:? ?))$")
_COUNTS_AHEAD = re.compile(r" ?(?:个?计数|(?i:counts?\b|k?cps\b|bq\b))")
_LEVEL = r"(?:[Cc][1-8]|[Tt](?:1[0-2]|[1-9])|[Ll][1-6]|[Ss][1-5])"
_LEVELS = rf"{_LEVEL}(?:[-/~](?:{_LEVEL}|1[0-2]|[1-9]))*"
_NUMBERED = rf"\d{{1,2}}(?:[-/~、,，至]第?\d{{1,2}})*{_BONE_AHEAD.pattern}"
_TRACER = r"\d{2,3}m?-?(?:Tc|F|Ga|I|Sr|Sm|Ra|Lu|Tl)(?:-[A-Za-z]+)*"
_MARKER = r"(?:CA|CEA|f?PSA|AFP|NSE|ALP|AKP|CYFRA|SCC|SUV(?:max|mean)?)-?\d{1,3}(?:-\d)?"
_AMOUNT = (
    r"\d{1,3}(?:[.-]\d{1,3})?(?:[个次余年月天周日岁例处枚根块层项]|[mc]?m|m[CL]i|[MGk]?Bq|[mnk]?g|ml|min|[hsd%])"
    r"(?:/[A-Za-z]+)?"
)
_CODE = re.compile(
    rf"(?:{_LEVELS}|{_NUMBERED}|{_TRACER}|{_MARKER}|{_AMOUNT}|T[12]WI|3D)(?!-?[A-Za-z0-9])"
)

_PLAIN = re.compile(r"\d{1,3}(?:\.\d+)?|[男女]性?|(?i:fe)?(?i:male)")


def is_clinical(word: str) -> bool:
    """Whether a cell of a table speaks of bones, illness, sex or how much, and not of somebody."""
    found = _CLINICAL.search(word) or _CODE.fullmatch(word) or _PLAIN.fullmatch(word)
    return bool(found) or _is_part_of_a_term(word)


def name_in(word: str, families: str) -> str:
    """What of a word where a name may stand is one: 张三 of 张三骨痛, nothing of 白血病.

    Args:
        word: Two to four characters.
        families: What a family name looks like: a pattern. Asked where the word goes on clinically.
    """
    found = _CLINICAL.search(word)
    name = word[: found.start()] if found else word
    if found and not (len(name) > 1 and re.match(families, name)):
        return ""
    return "" if _is_part_of_a_term(name) else name


def are_levels(match: re.Match[str]) -> bool:
    """Whether numbers joined by strokes, 10/11/12, are ribs or vertebrae and not a day."""
    spelt = re.split("[/-]", match[0])
    numbers = [int(number) for number in spelt]
    if max(numbers) > 12 or any(number.startswith("0") for number in spelt):
        return False
    steps = {b - a for a, b in pairwise(numbers)}
    rises, falls, in_a_row = min(steps) > 0, max(steps) < 0, steps == {1}
    before = match.string[: match.start()]
    if (bone := _BONE_BEHIND.search(before)) and (rises or falls):
        return max(numbers) <= _LAST.get((bone["short"] or bone["region"] or "").upper(), 12)
    day_behind = bool(_DAY_BEHIND.search(before))
    day_ahead = bool(_DAY_AHEAD.match(match.string, match.end()))
    if _BONE_AHEAD.match(match.string, match.end()):
        return in_a_row or (rises and not day_behind)
    near = bool(re.search("[肋椎]", re.split("[。；;\n]", before)[-1]))
    if _SIDE_BEHIND.search(before):
        return (rises and not day_ahead) or (in_a_row and near)
    return in_a_row and near and not day_behind and not day_ahead


def is_ratio(match: re.Match[str]) -> bool:
    """Whether two numbers around a colon, 1:15, are a ratio and not a time.

    Or the number of an item before that of a bone, 2：10胸椎, or the place of a lump, 3:00方向.
    """
    before, after = match.string[: match.start()], match.end()
    first, *others = re.split("[:：]", match[0])
    if len(others) > 1:
        return False
    if _RATIO_BEHIND.search(before) or _CLOCK_FACE.match(match.string, after):
        return True
    if _TIME_BEHIND.search(before) or _TIME_AHEAD.match(match.string, after):
        return False
    item = len(first) == 1 and others[0] <= "12" and _BONE_AHEAD.match(match.string, after)
    return first == "1" or bool(item)


def are_counts(match: re.Match[str]) -> bool:
    """Whether a long number is how much the camera counted."""
    before = _COUNTS_BEHIND.search(match.string, 0, match.start())
    return bool(before or _COUNTS_AHEAD.match(match.string, match.end()))


def is_finding(match: re.Match[str]) -> bool:
    """Whether letters and digits after a word such as 检查 are a level, an amount, a tracer.

    Not after 号, nor after a colon unless the word heads a part of a report: 检查：T12破坏.
    """
    colon = any(mark in match["gap"] for mark in ":：#")
    if match["number"] or match["sign"] or (colon and not match["heading"]):
        return False
    return bool(_CODE.match(match.string, match.start("code")))


def ends_clinically(text: str) -> bool:
    """Whether the last word of a text is clinical, 左侧髂骨, or may be said of a tumour, 恶性."""
    ends = {found.end() for found in _CLINICAL.finditer(text)}
    return len(text) in ends or text.endswith(tuple("性灶区变侧"))


def end_of_what_is_said(text: str) -> int:
    """Where the last clinical term ends in what stands before the word hospital; 0 if nowhere.

    The specialty is part of its name: in 转移甘肃省肿瘤 it is 转移.
    """
    place = _SPECIALTY.sub("", text)
    return max((found.end() for found in _SPOKEN.finditer(place)), default=0)


def _is_part_of_a_term(word: str) -> bool:
    return any(word in term for term in _TERMS)
