package rank

// wordClass says what a word tells about the text that it stands in.
type wordClass uint8

const (
	timeWord     wordClass = 1 << iota // when something happened
	firstWord                          // the one who speaks
	countWord                          // a number in words
	negationWord                       // turns the meaning round
)

// classes holds the classes of English words.
var classes = func() map[string]wordClass {
	m := map[string]wordClass{}
	add := func(c wordClass, words ...string) {
		for _, w := range words {
			m[w] |= c
		}
	}
	add(timeWord, "yesterday", "today", "tonight", "tomorrow", "last", "next", "ago", "week", "weeks", "weekend", "month",
		"months", "year", "years", "day", "days", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
		"sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november",
		"december", "recently", "since", "morning", "evening", "night", "soon", "summer", "winter", "spring", "autumn",
		"birthday", "anniversary", "hour", "hours", "quarter", "deadline")
	add(firstWord, "i", "my", "me", "we", "our", "us", "mine", "ours", "i'm", "i've", "i'd", "i'll", "we're", "we've")
	add(countWord, "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"twice", "dozen", "couple", "hundred", "thousand", "million", "half")
	add(negationWord, "not", "no", "never", "don't", "doesn't", "didn't", "isn't", "aren't", "wasn't", "won't", "can't",
		"cannot", "without", "stop", "avoid", "nor")
	return m
}()

// classLengths holds, by first byte, a bit for each length that a word with a class has: most words are none by that.
var classLengths = func() (at [256]uint32) {
	for w := range classes {
		at[w[0]] |= 1 << len(w)
	}
	return at
}()

// classOf returns the classes of a word in lower case.
func classOf(word []byte) wordClass {
	if classLengths[word[0]]>>len(word)&1 == 0 {
		return 0
	}
	return classes[string(word)]
}

// denseClasses holds parts of words in scripts without spaces.
var denseClasses = []struct {
	text  string
	class wordClass
}{
	{"今日", timeWord}, {"昨日", timeWord}, {"明日", timeWord}, {"先週", timeWord}, {"来週", timeWord}, {"今週", timeWord},
	{"先月", timeWord}, {"来月", timeWord}, {"今月", timeWord}, {"去年", timeWord}, {"昨年", timeWord}, {"来年", timeWord},
	{"今年", timeWord}, {"曜日", timeWord}, {"週末", timeWord}, {"年前", timeWord}, {"日前", timeWord}, {"最近", timeWord},
	{"誕生日", timeWord}, {"月", timeWord}, {"朝", timeWord}, {"夜", timeWord}, {"期限", timeWord}, {"締切", timeWord},
	{"私", firstWord}, {"僕", firstWord}, {"俺", firstWord}, {"わたし", firstWord}, {"我々", firstWord},
	{"一つ", countWord}, {"二つ", countWord}, {"三つ", countWord}, {"半分", countWord},
	{"ない", negationWord}, {"ません", negationWord}, {"なし", negationWord}, {"禁止", negationWord},
}
