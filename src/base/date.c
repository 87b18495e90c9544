/* base/date.c -- see date.h. */
#include "base/date.h"

const char date_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
const char date_weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static const char weekdays_full[7][10] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday" };

enum { DAY_S = 86400 };

/* Counts years from March, so that the leap day is the year's last; 400 years are 146,097 days. */
int64_t date_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date_parts date_split(int64_t unix_s)
{
    int64_t days = unix_s / DAY_S, rest = unix_s % DAY_S;
    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    struct date_parts d = {
        .day = (int)(day_of_year - (153 * m + 2) / 5 + 1),
        .month = (int)(m < 10 ? m + 3 : m - 9),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
        .weekday = (int)(((days % 7) + 11) % 7),
    };
    d.year = (int)(year_of_era + era * 400 + (d.month <= 2));
    return d;
}

static char *put2(char *p, int v)
{
    p[0] = (char)('0' + v / 10 % 10);
    p[1] = (char)('0' + v % 10);
    return p + 2;
}

static char *put(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

void date_format(char *buf, int64_t unix_s)
{
    struct date_parts d = date_split(unix_s);
    char *p = put(buf, date_weekdays[d.weekday], 3);
    p = put(p, ", ", 2);
    p = put2(p, d.day);
    p = put(p, " ", 1);
    p = put(p, date_months[d.month - 1], 3);
    p = put(p, " ", 1);
    p = put2(p, d.year / 100);
    p = put2(p, d.year % 100);
    p = put(p, " ", 1);
    p = put2(p, d.hour);
    p = put(p, ":", 1);
    p = put2(p, d.minute);
    p = put(p, ":", 1);
    p = put2(p, d.second);
    put(p, " GMT", 4);
}

/* The readers below cut what they read off *s and say whether it was there. */

static bool take(struct stoa_str *s, const char *what)
{
    struct stoa_str w = str_of(what);
    if (!str_starts(*s, w))
        return false;
    *s = str_from(*s, w.n);
    return true;
}

static bool take_number(struct stoa_str *s, size_t digits, int *ret)
{
    uint64_t v;
    if (s->n < digits || !str_to_u64((struct stoa_str){ s->p, digits }, &v))
        return false;
    *s = str_from(*s, digits);
    *ret = (int)v;
    return true;
}

static bool take_month(struct stoa_str *s, int *ret)
{
    for (int i = 0; i < 12; i++)
        if (take(s, date_months[i])) {
            *ret = i + 1;
            return true;
        }
    return false;
}

static bool take_time(struct stoa_str *s, struct date_parts *d)
{
    return take_number(s, 2, &d->hour) && take(s, ":") && take_number(s, 2, &d->minute) &&
           take(s, ":") && take_number(s, 2, &d->second);
}

static bool take_weekday(struct stoa_str *s, const char *names, size_t stride)
{
    for (size_t i = 0; i < 7; i++)
        if (take(s, names + i * stride))
            return true;
    return false;
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool parse_imf(struct stoa_str s, struct date_parts *d)
{
    return take_weekday(&s, date_weekdays[0], sizeof date_weekdays[0]) && take(&s, ", ") &&
           take_number(&s, 2, &d->day) && take(&s, " ") && take_month(&s, &d->month) &&
           take(&s, " ") && take_number(&s, 4, &d->year) && take(&s, " ") && take_time(&s, d) &&
           take(&s, " GMT") && s.n == 0;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool parse_rfc850(struct stoa_str s, int64_t now_s, struct date_parts *d)
{
    if (!(take_weekday(&s, weekdays_full[0], sizeof weekdays_full[0]) && take(&s, ", ") &&
          take_number(&s, 2, &d->day) && take(&s, "-") && take_month(&s, &d->month) &&
          take(&s, "-") && take_number(&s, 2, &d->year) && take(&s, " ") && take_time(&s, d) &&
          take(&s, " GMT") && s.n == 0))
        return false;
    /* RFC 9110 section 5.6.7: more than 50 years ahead means the century before. */
    int this_year = date_split(now_s).year;
    d->year += this_year / 100 * 100;
    if (d->year > this_year + 50)
        d->year -= 100;
    return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool parse_asctime(struct stoa_str s, struct date_parts *d)
{
    if (!(take_weekday(&s, date_weekdays[0], sizeof date_weekdays[0]) && take(&s, " ") &&
          take_month(&s, &d->month) && take(&s, " ")))
        return false;
    bool one_digit = take(&s, " ");
    return take_number(&s, one_digit ? 1 : 2, &d->day) && take(&s, " ") && take_time(&s, d) &&
           take(&s, " ") && take_number(&s, 4, &d->year) && s.n == 0;
}

static int month_days(int year, int month)
{
    static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

bool date_parse(struct stoa_str s, int64_t now_s, int64_t *ret)
{
    struct date_parts d = { 0 };
    if (!parse_imf(s, &d) && !parse_rfc850(s, now_s, &d) && !parse_asctime(s, &d))
        return false;
    /* A leap second (60) is allowed and counts as the next one. */
    if (d.day < 1 || d.day > month_days(d.year, d.month) || d.hour > 23 || d.minute > 59 ||
        d.second > 60)
        return false;
    *ret = date_days(d.year, d.month, d.day) * DAY_S + d.hour * 3600 + d.minute * 60 + d.second;
    return true;
}
