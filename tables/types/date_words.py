"""The names of months and days of the week in the languages that dates are read in."""

import re
import unicodedata

# One line for each month; the second and third lists go on in further languages and scripts.
_MONTHS = """
january jan januar janner janvier janv enero ene gennaio gen
february feb februar fevrier fevr fev febrero febbraio fevereiro februari
march mar marz maerz mrz mars marzo marco maart mrt
april apr avril avr abril abr aprile kwiecien kwietnia kwi
may mai mayo maggio mag maio mei maj maja kveten
june jun juni juin junio giugno giu junho czerwiec czerwca
july jul juli juillet juil julio luglio lug julho lipiec
august aug aout agosto ago augustus augusti sierpien sierpnia sie
september sep sept septembre septiembre setiembre settembre setembro set wrzesien
october oct oktober okt octobre octubre ottobre ott outubro out
november nov novembre noviembre novembro listopad listopada lis kasım kasim
december dec dezember dez decembre diciembre dic dicembre dezembro grudzien
"""
_MORE_MONTHS = """
januari styczen stycznia sty leden ledna ocak oca
luty lutego lut unor unora subat sub
marzec marca brezen brezna mart
duben dubna nisan nis
kvetna mayıs mayis
cze cerven cervna haziran haz
lipca lip cervenec cervence temmuz tem
srpen srpna agustos
wrzesnia wrz zarı zari eylul eyl
pazdziernik pazdziernika paz rijen rijna ekim eki
kas
grudnia gru prosinec prosince aralık aralik ara
"""
_FOREIGN_MONTHS = """
январь января янв يناير
февраль февраля фев февр فبراير
март марта мар مارس
апрель апреля апр ابريل
маи мая مايو
июнь июня июн يونيو
июль июля июл يوليو
август августа авг اغسطس
сентябрь сентября сен сент سبتمبر
октябрь октября окт اكتوبر
ноябрь ноября ноя نوفمبر
декабрь декабря дек ديسمبر
"""
_WEEKDAYS = """
monday mon montag mo lundi lun lunes 星期一 周一 礼拜一 月曜日 月曜 월요일 الاثنين
tuesday tue tues dienstag di mardi mar martes 星期二 周二 礼拜二 火曜日 火曜 화요일 الثلاثاء
wednesday wed mittwoch mi mercredi mer miercoles mie 星期三 周三 礼拜三 水曜日 水曜 수요일 الاربعاء
thursday thu thur thurs donnerstag do jeudi jeu jueves jue 星期四 周四 礼拜四 木曜日 木曜 목요일 الخميس
friday fri freitag fr vendredi ven viernes vie 星期五 周五 礼拜五 金曜日 金曜 금요일 الجمعة
saturday sat samstag sonnabend sa samedi sam sabado sab 星期六 周六 礼拜六 土曜日 土曜 토요일 السبت
sunday sun sonntag so dimanche dim domingo dom 星期日 星期天 周日 周天 礼拜日 礼拜天 日曜日 日曜 일요일 الاحد
"""
_MORE_WEEKDAYS = """
lunedi maandag ma segunda seg poniedziałek poniedzialek pon pn понедельник пн
martedi dinsdag terca ter wtorek wt вторник вт
mercoledi woensdag wo woe quarta qua sroda sr среда ср
giovedi gio donderdag don quinta qui czwartek czw четверг чт
venerdi vrijdag vr vri sexta sex piatek pt пятница пт
sabato zaterdag za zat sobota sob суббота сб
domenica zondag zo zon niedziela niedz nd воскресенье вс
"""


def _numbered(names: str) -> dict[str, int]:
    return {name: number for number, line in enumerate(names.split("\n")[1:-1]) for name in line.split()}


MONTHS = {
    name: month + 1 for names in (_MONTHS, _MORE_MONTHS, _FOREIGN_MONTHS) for name, month in _numbered(names).items()
}
WEEKDAYS = _numbered(_MORE_WEEKDAYS) | _numbered(_WEEKDAYS)  # Monday is 0, as `date.weekday` counts
_WEEKDAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_BEFORE = re.compile(rf"({_WEEKDAY})\.?(?:,\s*|\s+|(?<=[\u3040-\u9fff\uac00-\ud7a3])|\Z)")
_BEHIND = re.compile(rf"(?:,\s*|\s+|(?<=日)|(?<=号))\(?({_WEEKDAY})\.?\)?\Z")
_ARTICLE = re.compile(r"(?:the|den|am|le|el)\s+")


def fold(text: str) -> str:
    """Small letters without accents."""
    plain = text.casefold()
    if plain.isascii():
        return plain
    spread = unicodedata.normalize("NFKD", plain)
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)  # puts the syllables of Korean together again


def without_weekday(folded: str) -> tuple[str, int | None]:
    """Return a folded date without the day of the week and the article around it, and which day that is."""
    match = _BEFORE.match(folded) or _BEHIND.search(folded)
    left = folded[: match.start()] + folded[match.end() :] if match else folded
    return _ARTICLE.sub("", left, count=1) if _ARTICLE.match(left) else left, WEEKDAYS[match[1]] if match else None
