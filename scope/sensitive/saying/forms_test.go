package saying

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// finders are the functions that begin at a word or a mark of their own, with texts that lead into each.
var finders = []struct {
	name string
	find func(text string, out []match.Match, budget *match.Budget) []match.Match
	into []string
}{
	{"bytes", byteKeys, []string{"uint8_t key[8] = {0x3a, 0x91, 0x7c, 0x00, 0x11, 0x22, 0x33, 0x", "psk := []byte{0x3a, "}},
	{"reply", replied, []string{"whats the pw for jenkins\ntom: ", "Wi-Fiのパスワード教えて\n> ", "login?\n10:42 <jo> "}},
	{"subject", subjects, []string{"Heron$84 gets you into the ", "kestrel!9 is what unlocks the ", "also opens the vault"}},
	{"prompt", prompts, []string{"type kelp!9 at the password prompt", "enter it in the sudo prompt "}},
	{"user", forUser, []string{"the box is hQPzWgGxdY for user ", "try as user "}},
	{"groups", groupedCodes, []string{"app password: qkzv wmpt xjrd ", "リカバリーコードは m20p cefj "}},
	{"connects", connecting, []string{"実家のWi-Fiは jfjK1AVq7U で繋が", "無線は「"}},
	{"key", keyDeed, []string{"we sign cookies with 5f8c1e77a0b49d4e02a8c3f6d915b7e2", "Cookieの署名に 5f8c1e77a0b49d4e02a8c3f6d915b7e2 を使", "put 5f8c1e77a0b49d4e02a8c3f6d915b7e2 into MAPS_"}},
	{"pair", unbudgeted(markedPairs), []string{"minioadmin / Harbor@7097", "a / "}},
	{"default", unbudgeted(defaults), []string{"${MAIL_PW:tRt7MSClZPyq}", "${API_TOKEN:-"}},
	{"host", unbudgeted(hostPairs), []string{"ops:kelp-9@10.0.0.9", "a:b@c.d:80 "}},
	{"short login", shortLogins, []string{"u: reporting p: ", "usr=adm, pw: Kelp!9"}},
	{"dial", dialled, []string{"ポストのダイヤルは 1→2→9", "金庫の番号は7、"}},
	{"insertion", inserted, []string{"INSERT INTO logins (site, pw) VALUES ('x', 'Kelp!9a')", "insert into t(a, token) values ('b', '"}},
	{"account pair", accountPairs, []string{"Metabase: admin / cactus", "kibana → elastic / \"lantern tree\"", "(root / "}},
	{"account enters", accountEntering, []string{"rootは sunset でログイン可能", "adminには「", "postgresは"}},
	{"login", pairsOfLogin, []string{"監視ツールには admin / Kuma-2210 でログイン", "VPNアカウント：sato／「夏祭42」", "ログインは admin で "}},
	{"opens", openedJapanese, []string{"添付のZIPは tanuki88 で解凍", "PDFを開くには「夏祭42」と入力", "裏口のキーパッドは "}},
	{"locked", locked, []string{"オートロックの番号は6736", "キーボックス（番号 2987）", "金庫は "}},
	{"romaji", romajiTold, []string{"wifi no password wa Kaze-2210 desu", "pasuwa-do: "}},
	{"deed", forDeeds, []string{"復号には Kelp!9a を使って", "解凍に「pelican-52-otter」を入", "接続には"}},
	{"typed for", typedFors, []string{"enter 'pumpkin summer' when it asks for the password", "to get into the bios type \"", "use kelp!9 to log in"}},
	{"terse login", logins, []string{"new credentials app/Ginger-zebra-Biscuit sent", "Staging login\napp\ntokyo@716", "Credentials:\n- jenkins: "}},
	{"line", unbudgeted(ofLine), []string{"LinkedIn: jdoe, kitten@395", "wiki\tops\tdenver-Lemon-panda", "user partner ", "Wi-Fi: "}},
	{"quoted pair", unbudgeted(quotedPairs), []string{"`tomcat` / `Anchor86`", "\"ops\": \"Wizard@890\"", "`a` / `"}},
	{"hook", unbudgeted(hooks), []string{"https://ci.firm.test/hook/d7b04714ad96879877a7b0f67ceb1897", "https://a/web-hooks/"}},
	{"announced", announced, []string{"my recovery code is TKXD-QXWM", "the backup codes are KQZA-ATKX and ", "2FA seed of x ", "x-api-key header must be "}},
	{"account and", unbudgeted(accountAnd), []string{"the camera takes admin and Thunder!2019", "log in with x and "}},
	{"table", unbudgeted(columns), []string{"| host | password |\n|---|---|\n| a | ", "name,password\nx,", "a;pw\n"}},
}

func unbudgeted(find func(string, []match.Match) []match.Match) func(string, []match.Match, *match.Budget) []match.Match {
	return func(text string, out []match.Match, _ *match.Budget) []match.Match { return find(text, out) }
}

// FuzzForms puts what leads into one of finders among other text: whatever that is, what is found lies in the text, and in bounded time.
func FuzzForms(f *testing.F) {
	for i := range finders {
		for j := range finders[i].into {
			f.Add(uint8(i), uint8(j), "", "")
			f.Add(uint8(i), uint8(j), "the password is \n", " 0x7c, 0x55} Kelp!9 admin\n")
		}
	}
	f.Fuzz(func(t *testing.T, which, into uint8, before, after string) {
		x := finders[int(which)%len(finders)]
		text := before + x.into[int(into)%len(x.into)] + after
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		budget := match.NewBudget(len(text))
		bound.Within(t, bound.Limit, false, func() { ms = x.find(text, nil, &budget) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" || m.Confidence <= 0 || m.Confidence > 1 {
				t.Errorf("%s: bad match %+v in %d bytes", x.name, m, len(text))
			}
		}
	})
}

// TestFindersFind keeps the texts of FuzzForms leading somewhere.
func TestFindersFind(t *testing.T) {
	for _, x := range finders {
		found := false
		for _, into := range x.into {
			for _, after := range []string{"", "55, 0x66, 0x77, 0x88};", "Gargoyle_55", "admin panel", "KEY", " admin", "hnbf", "る", "Kelp!9"} {
				text := into + after
				budget := match.NewBudget(len(text))
				found = found || len(x.find(text, nil, &budget)) > 0
			}
		}
		if !found {
			t.Errorf("%s: nothing is found behind any of %q", x.name, x.into)
		}
	}
}
