package rank

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// period is a time that a question speaks of: [from, to). A period without a year recurs every year.
type period struct {
	from, to time.Time
	yearly   bool
	grain    grain
}

type grain uint8

const (
	byDay grain = iota
	byWeek
	byMonth
	byYear
)

// match says how well a memory about the moment at fits p, in [0, 1]. People tell of things after they happened, so
// what follows the period still counts, and less of what comes before it.
func (p period) match(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	if p.yearly {
		best := 0.0
		for y := at.Year() - 1; y <= at.Year()+1; y++ {
			d := y - p.from.Year()
			q := period{from: p.from.AddDate(d, 0, 0), to: p.to.AddDate(d, 0, 0), grain: p.grain}
			best = max(best, q.match(at))
		}
		return best
	}
	day := 24 * time.Hour
	before, after := p.from.Sub(at), at.Sub(p.to)
	switch p.grain {
	case byDay, byWeek:
		switch {
		case before <= 0 && after < 2*day:
			return 1
		case before <= 0 && after < 9*day:
			return .7
		case before <= 0 && after < 31*day:
			return .3
		case before > 0 && before <= 7*day:
			return .4
		case before > 0 && before <= 31*day:
			return .15
		}
	case byMonth:
		switch {
		case before <= 0 && after < 0:
			return .8
		case before <= 0 && after < 31*day:
			return .4
		case before > 0 && before <= 31*day:
			return .15
		}
	case byYear:
		if before <= 0 && after < 0 {
			return .2
		}
	}
	return 0
}

var monthNames = func() map[string]time.Month {
	m := map[string]time.Month{"sept": time.September}
	for i := time.January; i <= time.December; i++ {
		m[strings.ToLower(i.String())] = i
		m[strings.ToLower(i.String())[:3]] = i
	}
	return m
}()

const (
	monthPattern = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	dayPattern   = `(\d{1,2})(?:st|nd|rd|th)?`
	yearPattern  = `((?:19|20)\d\d)`
)

var (
	isoDate      = regexp.MustCompile(`\b` + yearPattern + `[-/.](\d{1,2})(?:[-/.](\d{1,2}))?\b`)
	kanjiDate    = regexp.MustCompile(`(?:(\d{4})年)?(\d{1,2})月(?:(\d{1,2})日)?`)
	kanjiYear    = regexp.MustCompile(`(\d{4})年`)
	dayMonth     = regexp.MustCompile(`\b` + dayPattern + `(?: of)? ` + monthPattern + `\b(?:,? ` + yearPattern + `)?`)
	monthDay     = regexp.MustCompile(`\b` + monthPattern + `\.? ` + dayPattern + `\b(?:,? ` + yearPattern + `)?`)
	monthAlone   = regexp.MustCompile(`\b(last |next |this |in |of |since |during |by |until |early |mid |late )?` + monthPattern + `\b(?:,? (?:of )?` + yearPattern + `)?`)
	yearAlone    = regexp.MustCompile(`\b` + yearPattern + `\b`)
	unitsAgo     = regexp.MustCompile(`\b(\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a couple of|a few) (day|week|month|year)s? ago\b`)
	lastUnit     = regexp.MustCompile(`\b(last|this|past|previous|next) (week|weekend|month|year)\b`)
	kanjiUnitAgo = regexp.MustCompile(`(\d{1,3})(日|週間|か月|ヶ月|カ月|年)前`)
)

// periods returns the times that a question speaks of, seen from now.
func periods(text string, now time.Time) []period {
	s := strings.ToLower(text)
	if p := fixed(s, text, now); len(p) > 0 {
		return p
	}
	return relative(s, now)
}

// fixed reads dates of the calendar, the most exact form first.
func fixed(s, text string, now time.Time) []period {
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return dated(m[1], month(m[2]), m[3])
	}
	if m := kanjiDate.FindStringSubmatch(s); m != nil {
		return dated(m[1], month(m[2]), m[3])
	}
	if m := kanjiYear.FindStringSubmatch(s); m != nil {
		return dated(m[1], 0, "")
	}
	if m := dayMonth.FindStringSubmatch(s); m != nil {
		return dated(m[3], monthNames[m[2]], m[1])
	}
	if m := monthDay.FindStringSubmatch(s); m != nil {
		return dated(m[3], monthNames[m[1]], m[2])
	}
	if p := monthWord(s, text, now); p != nil {
		return p
	}
	if m := yearAlone.FindStringSubmatch(s); m != nil {
		return dated(m[1], 0, "")
	}
	return nil
}

// monthWord reads a month's name; "may", "march" and "mar" count only with a capital or beside a word of time.
func monthWord(s, text string, now time.Time) []period {
	for _, at := range monthAlone.FindAllStringSubmatchIndex(s, -1) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return s[at[2*i]:at[2*i+1]]
		}
		name := part(2)
		capital := len(text) == len(s) && text[at[4]] != s[at[4]]
		if (name == "may" || name == "march" || name == "mar") && part(3) == "" && (!capital || at[4] == 0) {
			continue
		}
		mon := monthNames[name]
		switch part(1) {
		case "last ":
			y := now.Year()
			if mon >= now.Month() {
				y--
			}
			return dated(strconv.Itoa(y), mon, "")
		case "this ":
			return dated(strconv.Itoa(now.Year()), mon, "")
		case "next ":
			y := now.Year()
			if mon <= now.Month() {
				y++
			}
			return dated(strconv.Itoa(y), mon, "")
		}
		return dated(part(3), mon, "")
	}
	return nil
}

func month(digits string) time.Month {
	n, _ := strconv.Atoi(digits)
	if n < 1 || n > 12 {
		return 0
	}
	return time.Month(n)
}

// dated makes a period of what is known: a year, a month, a day.
func dated(year string, mon time.Month, day string) []period {
	y, _ := strconv.Atoi(year)
	d, _ := strconv.Atoi(day)
	p := period{yearly: y == 0}
	if y == 0 {
		y = 2000 // a leap year; only month and day count
	}
	switch {
	case mon == 0 && p.yearly:
		return nil
	case mon == 0:
		p.grain = byYear
		p.from = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
		p.to = p.from.AddDate(1, 0, 0)
	case d < 1 || d > 31:
		p.grain = byMonth
		p.from = time.Date(y, mon, 1, 0, 0, 0, 0, time.UTC)
		p.to = p.from.AddDate(0, 1, 0)
	default:
		p.grain = byDay
		p.from = time.Date(y, mon, d, 0, 0, 0, 0, time.UTC)
		p.to = p.from.AddDate(0, 0, 1)
	}
	return []period{p}
}

var smallNumbers = map[string]int{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
	"seven": 7, "eight": 8, "nine": 9, "ten": 10, "a couple of": 2, "a few": 3}

// wordsForDays are single words and how many days ago they mean.
var wordsForDays = []struct {
	word string
	days int
}{{"the day before yesterday", 2}, {"yesterday", 1}, {"today", 0}, {"this morning", 0}, {"一昨日", 2}, {"おととい", 2},
	{"昨日", 1}, {"きのう", 1}, {"今日", 0}, {"今朝", 0}}

// wordsForUnits are Japanese words for last, this and next of a unit.
var wordsForUnits = []struct{ word, which, unit string }{
	{"先々週", "before last", "week"}, {"先週", "last", "week"}, {"今週", "this", "week"}, {"来週", "next", "week"},
	{"先月", "last", "month"}, {"今月", "this", "month"}, {"来月", "next", "month"},
	{"一昨年", "before last", "year"}, {"去年", "last", "year"}, {"昨年", "last", "year"}, {"今年", "this", "year"},
	{"来年", "next", "year"},
}

// relative reads times that are counted from now.
func relative(s string, now time.Time) []period {
	if now.IsZero() {
		return nil
	}
	if m := unitsAgo.FindStringSubmatch(s); m != nil {
		n, ok := smallNumbers[m[1]]
		if !ok {
			n, _ = strconv.Atoi(m[1])
		}
		return ago(n, m[2], now)
	}
	if m := kanjiUnitAgo.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		unit := map[string]string{"日": "day", "週間": "week", "年": "year"}[m[2]]
		if unit == "" {
			unit = "month"
		}
		return ago(n, unit, now)
	}
	for _, w := range wordsForDays {
		if strings.Contains(s, w.word) {
			return ago(w.days, "day", now)
		}
	}
	if m := lastUnit.FindStringSubmatch(s); m != nil {
		return shifted(m[1], strings.TrimSuffix(m[2], "end"), now)
	}
	for _, w := range wordsForUnits {
		if strings.Contains(s, w.word) {
			return shifted(w.which, w.unit, now)
		}
	}
	return nil
}

func shifted(which, unit string, now time.Time) []period {
	n := map[string]int{"last": 1, "past": 1, "previous": 1, "before last": 2, "this": 0, "next": -1}[which]
	return ago(n, unit, now)
}

// ago is the day, week, month or year that lies n of them before now.
func ago(n int, unit string, now time.Time) []period {
	now = now.UTC()
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	var p period
	switch unit {
	case "day":
		p = period{from: today.AddDate(0, 0, -n), to: today.AddDate(0, 0, 1-n), grain: byDay}
	case "week":
		monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7-7*n)
		p = period{from: monday, to: monday.AddDate(0, 0, 7), grain: byWeek}
	case "month":
		first := time.Date(now.Year(), now.Month()-time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		p = period{from: first, to: first.AddDate(0, 1, 0), grain: byMonth}
	default:
		first := time.Date(now.Year()-n, 1, 1, 0, 0, 0, 0, time.UTC)
		p = period{from: first, to: first.AddDate(1, 0, 0), grain: byYear}
	}
	return []period{p}
}
