"""Names and numbers as a header or a table has them → the words a report may have for them.

What these return is not to be kept, shown or logged.
"""

import re
from collections.abc import Iterable


def spellings(text: str) -> set[str]:
    """A name as it may stand in a report: in either order, with a space between or without.

    Args:
        text: ``ZHANG^SAN=张^三``, ``Zhang San`` or 张三.
    """
    words: set[str] = set()
    for form in text.split("="):  # Latin = ideographic = phonetic
        parts = [part for part in re.split(r"[\^,\s]+", form) if part]
        if parts:
            words |= {joint.join(order) for joint in ("", " ") for order in (parts, parts[::-1])}
    return words


def words_of(cells: Iterable[str]) -> frozenset[str]:
    """The names and numbers in cells of a table: each whole, and each of several in one cell.

    A single Latin word out of several is not among them: half a name may be a word of a report.
    """
    words: set[str] = set()
    for cell in cells:
        parts = re.split(r"[\s,，;；、/^=|]+", cell)
        words |= spellings(cell) | {part for part in parts if re.search(r"[\d一-龥]", part)}
    return frozenset(words)
