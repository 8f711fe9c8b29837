"""One spelling for what hospitals type in several."""

import re
import unicodedata

_BLANK = re.compile(r"\s+")


def clean(text: str) -> str:
    """Full-width letters, digits and marks as half-width ones; runs of white space as one blank.

    Unicode's compatibility form (NFKC): ``９９ｍＴｃ：`` becomes ``99mTc:``, ``①`` becomes
    ``1``. Chinese characters, ``。`` and ``、`` stay as they are.

    Source: Unicode Standard Annex 15, https://www.unicode.org/reports/tr15/.
    """
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", text)).strip()
