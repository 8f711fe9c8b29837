"""Words of the command line that Hydra's grammar cannot read, put in quotes for it.

To Hydra a value is more than text: ``a,b`` is a sweep, ``[a,b]`` a list. So it reads no bare value
with 骨显像, ``=`` or ``~`` in it, which are in names of folders all the same.
"""

import re

# Who writes these means something by them: quotes, a list, a mapping, a sweep, a call, one's home.
# ${...} is also read within quotes.
_MEANT = re.compile(r"""['"\[\],]|(?<!\$)\{|^[A-Za-z_]\w*\(|^~""", re.ASCII)


def quoted(words: list[str]) -> list[str]:
    """Words that Hydra reads: a value it cannot read bare is quoted, all else stays as it is."""
    return [_quoted(word) for word in words]


def _quoted(word: str) -> str:
    key, equals, value = word.partition("=")
    if word.startswith("-") or not equals or _reads(word) or _MEANT.search(value):
        return word
    # Backslashes stand for themselves, but for those before a quote.
    last = len(value) - len(value.rstrip("\\"))
    told = f"{key}='{value}{last * chr(92)}'"
    return told if _reads(told) else word  # what else is wrong Hydra says of what was written


def _reads(word: str) -> bool:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True
