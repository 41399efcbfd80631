from dateutil import parser, rrule
from dateutil.relativedelta import relativedelta


def month_later(text):
    return (parser.parse(text) + relativedelta(months=1)).isoformat()


def fridays(text):
    start = parser.parse(text)
    return [day.strftime("%a %d") for day in rrule.rrule(rrule.WEEKLY, byweekday=rrule.FR, dtstart=start, count=2)]
