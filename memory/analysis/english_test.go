package analysis

import (
	"strings"
	"testing"
)

// Each line: a base form and the forms that must meet it.
const irregular = `go went gone goes going|come came coming|become became|buy bought|bring brought|think thought|teach taught
catch caught|fight fought|seek sought|say said says|pay paid|lay laid|make made making|take took taken|mistake mistook mistaken
get got gotten|forget forgot forgotten|give gave given|forgive forgave forgiven|see saw seen|begin began begun|run ran running
swim swam swum|sing sang sung|drink drank drunk|ring rang rung|shrink shrank shrunk|find found|hold held|tell told|sell sold
keep kept|sleep slept|feel felt|leave left leaves leaving|meet met|lead led|feed fed|flee fled|stand stood|understand understood
write wrote written|rewrite rewrote rewritten|overwrite overwrote overwritten|drive drove driven|ride rode ridden|rise risen
choose chose chosen|speak spoke spoken|break broke broken|wake woke woken|steal stole stolen|freeze froze frozen|wear wore worn
tear tore torn|grow grew grown|know knew known|throw threw thrown|blow blew blown|fly flew flown flies|draw drew drawn
withdraw withdrew withdrawn|show shown|eat ate eaten|fall fell fallen|hide hid hidden|bite bitten|lose lost|win won|build built
rebuild rebuilt|send sent|spend spent|lend lent|bend bent|sit sat|hear heard|mean meant|deal dealt|learn learnt learned
dream dreamt|burn burnt|hang hung|stick stuck|strike struck|swing swung|shoot shot|shine shone|light lit|slide slid
prove proven|child children|person people persons|man men|woman women|foot feet|tooth teeth|goose geese|mouse mice|wife wives
knife knives|shelf shelves|index indices indexes|matrix matrices|vertex vertices|criterion criteria|good better best
bad worse worst|live lives lived living|deploy deploys deployed deploying|test tests tested testing|memory memories`

func TestFormsMeet(t *testing.T) {
	for line := range strings.FieldsFuncSeq(irregular, func(r rune) bool { return r == '|' || r == '\n' }) {
		forms := strings.Fields(line)
		for _, form := range forms[1:] {
			if got, want := stem(form), stem(forms[0]); got != want {
				t.Errorf("stem(%q) = %q, want %q as of %q", form, got, want, forms[0])
			}
		}
	}
}

func TestFormsStayApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"rose", "rise"}, {"wound", "wind"}, {"news", "new"}, {"general", "genius"},
		{"sql", "sqls2"}, {"bus", "busy"}, {"access", "accent"},
	} {
		if a, b := stem(pair[0]), stem(pair[1]); a == b {
			t.Errorf("%q and %q share the stem %q", pair[0], pair[1], a)
		}
	}
}

func TestContraction(t *testing.T) {
	for _, tc := range []struct{ head, tail, want string }{
		{"Anna", "s", "Anna"}, {"they", "re", "they"}, {"we", "ve", "we"}, {"I", "LL", "I"}, {"he", "d", "he"}, {"I", "m", "I"},
		{"can", "t", "can"}, {"Won", "t", "will"}, {"shan", "t", "shall"}, {"ain", "t", "is"}, {"doesn", "t", "does"},
		{"DIDN", "T", "DID"}, {"o", "brien", ""}, {"n", "t", ""}, {"cat", "t", ""},
	} {
		if got, ok := contraction(tc.head, tc.tail); got != tc.want || ok != (tc.want != "") {
			t.Errorf("contraction(%q, %q) = %q, %v; want %q", tc.head, tc.tail, got, ok, tc.want)
		}
	}
}

// A stop word must be one in the form that terms have when they are compared with the list.
func TestStopWordsAreFolded(t *testing.T) {
	for _, w := range []string{"The", "WITHOUT", "Don't", "it’s", "Shouldn't", "İt"} {
		if got := Terms(w); len(got) > 0 {
			t.Errorf("Terms(%q) = %q, want none", w, got)
		}
	}
}
