"""The vocabulary of the embedded text encoder, and how it was made.

``python -m mmseg_bone.text.vocabulary`` writes it again; a test sees that the file is what
this makes. Token numbers are baked into trained weights: once there are any, append only.
"""

import string
from collections.abc import Iterator
from pathlib import Path

from mmseg_bone.anatomy import BONES
from mmseg_bone.text.words import lexicon

PATH = Path(__file__).with_name("default") / "vocab.txt"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MARKS = string.punctuation + "、。《》「」『』【】〈〉…—–·•“”‘’"
_SYMBOLS = "°±×÷≤≥≈→↑↓↗↘⁄√∅"  # no marks to BERT: they do not end a word
_LETTERS = string.digits + string.ascii_lowercase + "αβγδμ"
# What reports write beyond the 3,755 commonest characters.
_CLINICAL = (
    "颅颧颞颌颏颊枕髓骶髂髋髌骺骸骼骰骷胛肱桡尺掌跖趾跗踝跟腓胫肋胸椎腰锁膝肘腕腋腘腱腺胰脾肾膀胱胃肠"
    "肝胆肺瘤癌癣疽痈疝瘘瘢痂痉痔痿瘀瘫痹痴疣疖疱疹疟疾症病痛疼瘪痨膜腔窦囊泌尿膦酸锝钼锶镭氟碘钇镥镓"
    "甾睾卵巢宫颈乳腺甲状腺鼻咽喉淋巴浸润坏死溶解硬化增生肥厚萎缩畸形侧弯滑脱佝偻痛风类风湿滑囊滑膜"
    "轫韧椎间盘突棘横弓根板峡冈嵴嵌髁滋粗隆结节转子坐耻联合股臀髀脐肩胝跛踵蹼瘸躯骨骼齿龈槽眶筛蝶鳞犁"
    "喙肌腱鞘筋络脉搏栓塞渗漏淤肿胀瘙痒咳嗽喘哮呕吐泻痢瘴痰喀咯铊铟镱铼钐砷硒放疗化疗靶向内分泌"
)


def build() -> list[str]:
    """Every token, in order.

    Special tokens; marks; digits, letters and symbols, each also as the continuation of a word; the
    characters of GB 2312's first level, which are the commonest; then those of our lexicon,
    of the names of bones, and of clinical terms beyond them. Capitals are read as small
    letters, full-width characters as half-width ones (see ``cleaning``).

    Source: GB/T 2312-1980, rows 16-55. The other choices are ours.
    """
    han = [*_gb2312_level_1(), *sorted({*_CLINICAL, *_written_by_us()})]
    inside = _LETTERS + _SYMBOLS
    tokens = [*SPECIAL, *_MARKS, *inside, *(f"##{character}" for character in inside), *han]
    return list(dict.fromkeys(tokens))


def _gb2312_level_1() -> Iterator[str]:
    for row in range(16, 56):
        for cell in range(1, 95):
            if (row, cell) <= (55, 89):
                yield bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312")


def _written_by_us() -> Iterator[str]:
    names = (bone.chinese + bone.chinese_side for bone in BONES)
    yield from (character for term in [*lexicon(), *names] for character in term.lower())


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text("\n".join(build()) + "\n", "utf-8")
