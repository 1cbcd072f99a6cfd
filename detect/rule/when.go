package rule

// timePart is a part of a time that a modifier asks for.
type timePart uint8

const (
	minute timePart = iota
	hour
	day
	week
	month
	year
)

func timePartNamed(name string) (timePart, bool) {
	for i, n := range [...]string{"minute", "hour", "day", "week", "month", "year"} {
		if n == name {
			return timePart(i), true
		}
	}
	return 0, false
}

// moment is a time as it is written.
type moment struct{ year, month, day, hour, minute int }

// readMoment reads what begins YYYY-MM-DD, and may go on with T or a space and HH:MM.
func readMoment(b []byte) (moment, bool) {
	var m moment
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return m, false
	}
	ok := digits(b[:4], &m.year) && digits(b[5:7], &m.month) && digits(b[8:10], &m.day)
	if !ok || m.month < 1 || m.month > 12 || m.day < 1 || m.day > daysOf(m.year, m.month) {
		return m, false
	}
	if len(b) == 10 {
		return m, true
	}
	if len(b) < 16 || b[10] != 'T' && b[10] != 't' && b[10] != ' ' || b[13] != ':' {
		return m, false
	}
	return m, digits(b[11:13], &m.hour) && digits(b[14:16], &m.minute) && m.hour < 24 && m.minute < 60
}

func digits(b []byte, to *int) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		*to = *to*10 + int(c-'0')
	}
	return true
}

func (m moment) part(p timePart) int {
	switch p {
	case minute:
		return m.minute
	case hour:
		return m.hour
	case day:
		return m.day
	case week:
		return m.week()
	case month:
		return m.month
	}
	return m.year
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysOf(y, m int) int {
	if m == 2 && leap(y) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
}

// days counts the days from the first of March of the year 0 (Gregorian, proleptic).
func days(y, m, d int) int {
	if m <= 2 {
		y, m = y-1, m+12
	}
	return 365*y + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) + (153*(m-3)+2)/5 + d - 1
}

func floorDiv(a, b int) int {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

// week is the number of the week by ISO 8601: that of its Thursday.
func (m moment) week() int {
	at := days(m.year, m.month, m.day)
	weekday := ((at+2)%7 + 7) % 7 // Monday is 0: the first of March of the year 0 was a Wednesday
	thursday := at + 3 - weekday
	y := m.year
	if thursday < days(y, 1, 1) {
		y--
	} else if thursday >= days(y+1, 1, 1) {
		y++
	}
	return (thursday-days(y, 1, 1))/7 + 1
}
