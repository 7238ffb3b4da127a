// Package analysis turns text into terms: the normalised words that full text search, the inverted index and the
// hashed lexical embedding all count. The same text always gives the same terms, whatever was analysed before, so
// terms may be stored and compared across processes of one version; Version names the rules.
//
// What happens to a text:
//
//   - It is brought to NFKC, and format characters (zero-width joiners, soft hyphens …) are removed.
//   - Scripts with spaces are cut into words near Unicode's word boundaries, lower-cased, and in the Latin, Greek,
//     Cyrillic, Arabic and Hebrew scripts freed of accents. English stop words go, irregular forms and then Porter2
//     reduce the rest to stems. Numbers stay.
//   - Identifiers keep both their parts and the whole: parseUserID, parse_user_id and parse-user-id all give parse,
//     user, id and parseuserid; a path gives its folders, its file and itself; 1.20.3 and 1,000 stay one number each.
//   - Texts with kana are Japanese: a morphological analyser (kagome, IPA dictionary, search mode) finds the words;
//     particles and auxiliaries go, verbs and adjectives are reduced to their written stem (読んだ and 読む to 読).
//     Runs of kanji give their character pairs too, so that a question in kanji alone still meets them.
//   - Texts with Han characters and no kana (Chinese, or Japanese headings) give characters and pairs of them;
//     Hangul, Thai, Lao, Khmer, Burmese and Tibetan give pairs of clusters.
//
// The Japanese dictionary is read when the first text with kana arrives, not before: about 0.3 s once, and 28 MB of
// heap from then on (measured; the form with base forms, which the written stems replace, would need 88 MB). Nothing
// else is computed at start-up: the word lists are compiled to code.
//
// Every function is safe for concurrent use, accepts any bytes, and takes time linear in the length of the text.
package analysis

// Version names the rules. It changes whenever some text would give other terms, so that stored terms can be rebuilt.
const Version = 1

// MaxTermBytes bounds the length of a term in bytes of UTF-8; longer words are cut, so that their beginnings match.
const MaxTermBytes = 64
