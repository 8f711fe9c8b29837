"""Take a site out of a report, or put another in its place: for asking what was read."""

import re

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.study import Report
from mmseg_bone.text.sites import Site, find_sites, plain

# Ends of sentences, with the number of the next one: 1、第2腰椎 is no list of vertebrae.
_BETWEEN = re.compile(r"((?:[。;!\n]|^)\s*(?:\(?\d{1,2}[)、.](?!\d)|[①-⑳])\s*|[。;!\n])")
_JOIN = re.compile("以及|[、和及]")
# What may follow the name of a bone and still tell which it was.
_REST = re.compile(
    "(?:骨(?![转质折盆])|体|[前后侧]缘|[上中下]段|[近远]端|干|翼|头|颈|粗隆间|大转子|[上下]?支|平台)+"
)


def rename_site(report: Report, bone: str, to: str | None = None) -> Report:
    """The report with the words for a bone taken out, or with those for another one.

    Of bones named in a list (左侧第3、5、6肋) the others stay, spelt out one by one. What
    is said of the bone stays, too, without a place. Sites named together (多根肋骨) stay as
    they are. Parts that do not name the bone come back as they were.

    Args:
        report: In any of the usual spellings.
        bone: Name from ``anatomy.BONES``.
        to: The bone to name in its place; None for none.
    """
    return Report(
        findings=_rename(report.findings, bone, to),
        impression=_rename(report.impression, bone, to),
    )


def _rename(text: str, bone: str, to: str | None) -> str:
    sentences = _BETWEEN.split(plain(text))
    renamed = [_rename_in(sentence, bone, to) for sentence in sentences]
    return text if renamed == sentences else "".join(renamed)


def _rename_in(clean: str, bone: str, to: str | None) -> str:
    sites = [site for site in find_sites(clean) if not site.collective]
    if not any(bone in site.bones for site in sites):
        return clean
    for site in reversed(sites):  # from the end, so that places before it stay true
        own = clean[site.start : site.end]
        if bone not in site.bones and not _has_lent_side(site, own):
            continue
        names = [to if name == bone else name for name in site.bones]
        words = "、".join(BY_NAME[name].chinese_name for name in names if name)
        before, after = clean[: site.start], clean[site.end :]
        if not words:
            before, after = _close(before, after)
        clean = f"{before}{words}{after}"
    return clean


def _has_lent_side(site: Site, words: str) -> bool:
    """Whether its side is that of a site before it, which may be the one to change."""
    paired = any(BY_NAME[bone].side != "midline" for bone in site.bones)
    return paired and not re.search("[左右双两]", words)


def _close(before: str, after: str) -> tuple[str, str]:
    """Close a gap: drop the rest of the name, and one of the joining marks beside it."""
    after = after[rest.end() :] if (rest := _REST.match(after)) else after
    if joined := _JOIN.match(after):
        return before, after[joined.end() :]
    return re.sub(f"(?:{_JOIN.pattern})$", "", before), after
