"""What the parser hears of a report as a whole: its mentions, and what their absence means."""

import re
from typing import NamedTuple

from mmseg_bone.study import Report
from mmseg_bone.text.evidence import Mention, mentions
from mmseg_bone.text.sites import plain

_ALL = re.compile(
    "不一一|超级骨显像|弥漫性骨转移"
    "|(?:全身骨骼?|中轴骨|附肢骨|诸骨)[^,。;]*(?:弥漫|广泛|散在|均匀性高摄取)"
)
_MANY = re.compile("全身[^,。;]{0,4}多发")
_CHINESE = re.compile("[\u4e00-\u9fff]")


class Heard(NamedTuple):
    """What a report says, and whether what it does not name is left out.

    Attributes:
        mentions: Bone by bone.
        everywhere: It speaks of the whole skeleton; see ``speaks_of_all``.
    """

    mentions: tuple[Mention, ...]
    everywhere: bool


def hear(report: Report | None) -> Heard | None:
    """What a report says; None where there is none, or none in Chinese.

    A report that names no site is heard: it says that there is none.
    """
    if report is None or not is_chinese(report):
        return None
    return Heard(mentions(report), speaks_of_all(report))


def speaks_of_all(report: Report) -> bool:
    """Whether lesions anywhere are in line with it (不一一赘述, 超级骨显像, 弥漫性骨转移).

    全身多发骨转移 counts only if the report names no suspicious site: where it does, it is taken
    to name them all.
    """
    text = plain(report.text)
    if _ALL.search(text):
        return True
    suspicious = any(m.label != "benign" and not m.negated for m in mentions(report))
    return bool(_MANY.search(text)) and not suspicious


def is_chinese(report: Report) -> bool:
    """Whether the parser can read it: a report in English names no site to it, and says much."""
    return bool(_CHINESE.search(report.text))
