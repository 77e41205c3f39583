"""Code pages of old text files, told by whether their letters are those of one language."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

SAMPLE = 20_000  # bytes with letters beyond ASCII that are looked at
WESTERN = "cp1252"
_BETTER = 0.12  # by which another code page has to be better than Windows-1252
_SIGNS = frozenset("€£¥§©®°«»“”„‘’‚–—•…™²³½¼¾±×·µ‰¿¡ªº№\xa0")

_WEST = {
    "fr": "àâæçéèêëîïôœùûüÿ", "de": "äöüß", "es": "áéíñóúüç", "pt": "áâãàçéêíóôõúü", "it": "àèéìòù", "nl": "éëïöüèó",
    "sv": "åäöé", "da": "åæøéöä", "is": "áéíóúýþæðö", "et": "äöõüšž", "ca": "àçèéíïòóúü·", "ga": "áéíóú", "fi": "äöåšž",
}  # fmt: skip
_CENTRAL = {
    "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "ro": "ăâîşţșț",
    "hr": "čćđšž", "sl": "čšž", "sq": "çë",
}  # fmt: skip
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўђјљњћџѓќѕ"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
_HEBREW = "אבגדהוזחטיךכלםמןנסעףפץצקרשת" + "".join(map(chr, range(0x5B0, 0x5C3)))
_ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيپچژگکی" + "".join(map(chr, range(0x64B, 0x653))) + "،؛؟"
# The letters that every text of a language has most of; the others are worth half.
_COMMON = frozenset("оеаинтсрвлкмдпу" + "αοιετσνηυρπκμλ" + "יוהלאמרתבנש" + "اليمونرتبةعدسفهكق")
_ALPHABETS = {
    "cp1252": _WEST, "cp1250": _CENTRAL, "iso8859_2": _CENTRAL, "cp1254": {"tr": "çğıöşüâîûi̇"},
    "cp1257": {"lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž"}, "cp1251": {"ru": _CYRILLIC}, "koi8_r": {"ru": _CYRILLIC},
    "koi8_u": {"uk": _CYRILLIC}, "iso8859_5": {"ru": _CYRILLIC}, "cp866": {"ru": _CYRILLIC}, "cp1253": {"el": _GREEK},
    "cp1255": {"he": _HEBREW}, "cp1256": {"ar": _ARABIC}, "cp850": _WEST, "mac_roman": _WEST,
}  # fmt: skip
# What is seldom met has to be better than what is common.
_RARE = {"iso8859_2": 0.05, "cp850": 0.15, "mac_roman": 0.15, "iso8859_5": 0.1, "koi8_u": 0.03, "cp866": 0.05}
_ASIAN = ("cp932", "gb18030", "big5hkscs", "cp949", "euc_jp")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class CodePage:
    """A code page by Python's name, and how well its letters fit, from 0 to 1."""

    name: str
    fit: float


def guess(data: bytes) -> CodePage | None:
    """Return the code page of a text that is no Unicode; Windows-1252 unless another fits clearly better.

    None when the bytes are text in no code page.
    """
    sample = _sample(data)
    pages = [page for name in _ALPHABETS if (page := _single(sample, name))]
    pages += [page for name in _ASIAN if (page := _double(sample, name))]
    western = next((page for page in pages if page.name == WESTERN), None)
    best = max(pages, key=lambda page: page.fit, default=None)
    if western and (best is None or best.fit < western.fit + _BETTER):
        return western
    return best


def _sample(data: bytes) -> bytes:
    """Return the lines with bytes beyond ASCII, until there are enough."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > SAMPLE:
                break
    return b"".join(lines)


def _single(sample: bytes, name: str) -> CodePage | None:
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return None
    counts = Counter(char for char in text if not char.isascii())
    total = sum(counts.values())
    if any("\x80" <= char < "\xa0" for char in counts):
        return None
    signs = sum(count for char, count in counts.items() if char in _SIGNS)
    letters = total - signs
    best = 0.0
    for language, alphabet in _ALPHABETS[name].items():
        known = {char: count for char, count in counts.items() if char.lower() in alphabet}
        good = float(sum(known.values())) - _misplaced(text, language)
        if len(alphabet) > 22:
            common = sum(count for char, count in known.items() if char.lower() in _COMMON)
            good = 0.5 * good + 0.5 * min(float(good), common * 1.35)
        best = max(best, good)
    # A sign may stand between words; inside one it is a letter that was misread.
    if name not in _LATIN:
        best -= len(_BESIDE_ASCII.findall(text))
    fit = (best + 0.95 * signs - _inside(text)) / max(1, total) if letters or signs else 0.0
    return CodePage(name, fit - 0.8 * _mixed_case(text) / max(1, total) - _RARE.get(name, 0.0))


_FRENCH_C = re.compile(r"ç(?![aouâôàAOU])", re.IGNORECASE)
_ITALIAN = re.compile(r"[àèìòù](?=[^\W\d_])", re.IGNORECASE)
_PORTUGUESE = re.compile(r"ã(?![oesc\W])|õ(?!e)", re.IGNORECASE)
_ROMANIAN = re.compile(r"î(?=[bcdf]\b)", re.IGNORECASE)
_SIGN_INSIDE = re.compile(
    r"(?<=[^\W\d_])[£¥§©®¼½¾±×µ¿¡ªº¹²³«»“„™…‰•°](?=[^\W\d_])|[£¥¼½¾ªº³²](?=[^\W\d_]{2})|\b[¹¿](?=[^\W\d_])|(?<=[^\W\d_])[¹¿]\b"
)
# No word of another script has letters of ASCII in it.
_BESIDE_ASCII = re.compile(r"(?<=[A-Za-z])[^\W\d_a-zA-Z]|[^\W\d_a-zA-Z](?=[A-Za-z])")
_LATIN = frozenset({"cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257", "cp850", "mac_roman"})
_MIXED = re.compile(r"[a-zà-ÿа-яα-ω]*[^\W\d_]")
_PLACES = {"fr": _FRENCH_C, "ca": _FRENCH_C, "it": _ITALIAN, "pt": _PORTUGUESE, "ro": _ROMANIAN}


def _misplaced(text: str, language: str) -> int:
    """Return how many letters stand where the language does not have them."""
    pattern = _PLACES.get(language)
    return len(pattern.findall(text)) if pattern else 0


def _inside(text: str) -> int:
    return len(_SIGN_INSIDE.findall(text))


def _mixed_case(text: str) -> int:
    """Return how many capitals beyond ASCII follow a small letter, and the reverse in words of capitals."""
    count = 0
    for word in _WORD.findall(text):
        if word.isascii() or word.islower() or word.isupper() or word.istitle():
            continue
        count += sum(1 for a, b in pairwise(word) if a.islower() and b.isupper() and not b.isascii())
    return count


def _double(sample: bytes, name: str) -> CodePage | None:
    """Return how much of a text in a code page of East Asia consists of its common characters."""
    try:
        text = sample.decode(name)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 2:
            return None
        text = sample[: error.start].decode(name)
    counts = Counter(char for char in text if not char.isascii())
    if not counts:
        return None
    good = 0.0
    for char, count in counts.items():
        good += count * _worth(char, name)
    return CodePage(name, good / sum(counts.values()))


def _worth(char: str, name: str) -> float:
    """Return 1 for a common character of the language, 0 for a rare one, less for one that is a misreading."""
    if "\uff61" <= char <= "\uff9f":
        return -0.5  # half-width kana
    if "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff5e":
        return 0.8
    is_kana = "\u3040" <= char <= "\u30ff"
    if name in {"cp932", "euc_jp"} and is_kana:
        return 1.0
    if name == "cp949" and "\uac00" <= char <= "\ud7a3":
        # The 2,350 syllables of KS X 1001 are those that are written.
        return 1.0 if len(char.encode("euc_kr", "ignore")) == 2 else -0.5
    if not "\u4e00" <= char <= "\u9fff":
        return -0.5
    return _worth_of_ideograph(char, name)


def _worth_of_ideograph(char: str, name: str) -> float:
    encoded = char.encode(name, "ignore")
    lead = encoded[0] if encoded else 0
    if name == "gb18030":
        is_plain = len(encoded) == 2 and encoded[1] >= 0xA1
        # Half of a Chinese text is behind C8, where Korean has no syllables.
        return (1.0 if lead > 0xC8 else 0.8) if is_plain and 0xB0 <= lead <= 0xD7 else -0.3
    if name == "big5hkscs":
        return 0.92 if 0xA4 <= lead <= 0xC6 else -0.3
    if name == "cp932":
        return 0.8 if 0x88 <= lead <= 0x97 else -0.3
    if name == "euc_jp":
        return 0.6 if 0xB0 <= lead <= 0xCF else -0.3
    return -0.3
