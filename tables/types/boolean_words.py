"""The words and marks of yes and no, in the pairs in which people write them."""

# English, German, French, Spanish, Italian, Portuguese, Dutch, Nordic, Polish, Czech, Hungarian, Finnish, Romanian,
# Turkish, Russian, Ukrainian, Greek, Chinese, Japanese, Korean, Arabic, Hebrew; casefolded.
_WORDS = """
true:false t:f yes:no y:n ja:nein ja:nej ja:nei ja:nee j:n oui:non o:n si,sí,sì:no sim:não,nao tak:nie ano,áno:ne,nie
igen:nem kyllä:ei da:nu da:ne evet:hayır да:нет да:ні так:ні да:не ναι:όχι 是:否 对:错 對:錯 真:假 はい:いいえ
예,네:아니요,아니오 نعم:لا כן:לא wahr:falsch vrai:faux verdadero:falso vero:falso verdadeiro:falso
prawda:fałsz waar:onwaar
"""
_CHECK_MARKS, _CROSSES = frozenset(["✓", "✔", "✅", "☑", "🗹", "[x]"]), frozenset(["✗", "✘", "❌", "☐", "[]", "[ ]"])

PAIRS = tuple(
    (frozenset(yes.split(",")), frozenset(no.split(","))) for yes, no in (pair.split(":") for pair in _WORDS.split())
)
TRUE_WORDS = frozenset().union(*(yes for yes, _ in PAIRS), _CHECK_MARKS, "x")
# "да:не" and "da:ne" name words that say yes elsewhere in no language, so one set is enough for each side.
FALSE_WORDS = frozenset().union(*(no for _, no in PAIRS), _CROSSES) - TRUE_WORDS
_UNMISTAKABLE = frozenset({"true", "false"}) | _CHECK_MARKS | _CROSSES


def are_boolean(words: frozenset[str], *, has_blanks: bool) -> bool:
    """Return True when the casefolded words of a column are one pair of yes and no.

    One side alone is enough for true, false and check marks, and for an x when other cells are empty.
    """
    if words <= {"x"}:
        return has_blanks
    if words <= _UNMISTAKABLE:
        return True
    return any(words <= yes | no and words & yes and words & no for yes, no in PAIRS)
