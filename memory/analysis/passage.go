package analysis

import "strings"

// Passage returns where in text the part of about that many bytes begins that holds the most of a question's words:
// different ones first, then how often. It begins where a line or a sentence does if there is such a place near by. 0
// means the beginning, which is also the answer where no word of the question stands behind it.
func Passage(text, question string, bytes int) int {
	if bytes <= 0 || bytes >= len(text) {
		return 0
	}
	asked := map[string]int{}
	for i, t := range Query(question) {
		asked[t] = i
	}
	var hits []Word
	for _, w := range Words(text) {
		if _, ok := asked[w.Term]; ok {
			hits = append(hits, w)
		}
	}
	counts := make([]int, len(asked))
	first, different, best, from := 0, 0, 0, 0
	for i, w := range hits {
		if counts[asked[w.Term]]++; counts[asked[w.Term]] == 1 {
			different++
		}
		for w.End-hits[first].Start > bytes && first < i {
			if counts[asked[hits[first].Term]]--; counts[asked[hits[first].Term]] == 0 {
				different--
			}
			first++
		}
		if score := 16*different + min(i-first, 15); score > best {
			best, from = score, hits[first].Start
			if w.End <= bytes {
				from = 0
			}
		}
	}
	if from == 0 {
		return 0
	}
	return sentenceStart(text, from, bytes/4)
}

// sentenceStart returns where the line or sentence that holds byte i begins, at most back bytes before it; else i.
func sentenceStart(text string, i, back int) int {
	low := max(0, i-back)
	part := text[low:i]
	best := -1
	for _, end := range [...]string{"\n", ". ", "! ", "? ", "。", "！", "？"} {
		if k := strings.LastIndex(part, end); k >= 0 {
			best = max(best, k+len(end))
		}
	}
	if best < 0 {
		if low == 0 {
			return 0
		}
		return i
	}
	return low + best
}
