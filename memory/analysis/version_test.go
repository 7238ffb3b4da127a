package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// Terms are stored. When this fails because the rules were changed on purpose, raise Version and set the sum to the
// new one; when it fails for another reason, such as a new version of a dictionary, do the same.
func TestVersionNamesTheRules(t *testing.T) {
	const version, sum = 1, "ccc9aae89c5d64f0"
	h := sha256.New()
	for _, text := range []string{
		irregular,
		"The engine's parseUserID reads src/main/app_test.go, v1.20.3 and 1,000 rows at 10:30 on 2024-05-03.",
		"Café Zürich, Ёлка, Ὀδυσσεύς, كِتَاب, नमस्ते, ที่นี่, 학교에서, 我爱北京天安门",
		"東京都の議事録を読んだ。データベースの移行手順書はサーバーに保存しました。取り扱いに注意してください。",
		"新しいｻｰﾊﾞｰは速かったが、設定が難しく、昨日の会議で反対された。わからないことを聞く。",
	} {
		for _, mode := range [][]string{Terms(text), Query(text)} {
			h.Write([]byte(strings.Join(mode, " ") + "\n"))
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:8]); Version != version || got != sum {
		t.Errorf("version %d has sum %s; version %d had %s", Version, got, version, sum)
	}
}
