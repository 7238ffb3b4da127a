package saying_test

import (
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// The values that TestAnnouncedAndPaired says are invented. A ‖ in a text is left out before it is read.
var announcedAndPaired = []struct{ way, text, value string }{
	{"recovery code without a digit", "my recovery code is TK‖XD-QXWM", "TKXD-QXWM"},
	{"recovery code behind a colon", "Recovery code: WQ‖ZK-MTRX, keep it safe", "WQZK-MTRX"},
	{"recovery code of something", "the recovery code for GitHub is Q7‖WM-TKXD", "Q7WM-TKXD"},
	{"recovery code in quotes", `backup code: "H7‖QP-33LD"`, "H7QP-33LD"},
	{"two recovery codes", "the backup codes are KQ‖ZA-ATKX and WMQP-ZRTL", "KQZA-ATKX and WMQP-ZRTL"},
	{"recovery codes in a row", "recovery codes: KQ‖ZA-ATKX WMQP-ZRTL HH7Q-MKWP", "KQZA-ATKX WMQP-ZRTL HH7Q-MKWP"},
	{"recovery code in Japanese", "リカバリーコード：KQ‖ZA-ATKX", "KQZA-ATKX"},
	{"recovery code in Japanese, said", "リカバリーコードは G7‖67-NPY2 です。", "G767-NPY2"},
	{"restoring code in Japanese", "復旧コードは「QP‖XM-KWTZ」です", "QPXM-KWTZ"},
	{"backup codes in Japanese", "バックアップコード: MK‖WT-QZRP、H7QP-33LD", "MKWT-QZRP、H7QP-33LD"},
	{"recovery code now", "The account recovery code is now MK‖TW-QZXR.", "MKTW-QZXR"},
	{"recovery code noted in Japanese", "リカバリーコードを控えておきます：XK‖WQ-PTZM", "XKWQ-PTZM"},
	{"passphrase of triples", "パスフレーズ：Spring-Vega-hammer otter-Thursday-Ranger", "Spring-Vega-hammer otter-Thursday-Ranger"},
	{"passphrase of triples, said", "パスフレーズは Spring-Vega-hammer otter-Thursday-Ranger です。", "Spring-Vega-hammer otter-Thursday-Ranger"},
	{"passphrase of three triples", "鍵のパスフレーズ: maple-river-tiger copper-willow-panda lemon-Osaka-thunder", "maple-river-tiger copper-willow-panda lemon-Osaka-thunder"},
	{"passphrase of triples in quotes", "パスフレーズは「Spring-Vega-hammer otter-Thursday-Ranger」です。", "Spring-Vega-hammer otter-Thursday-Ranger"},
	{"passphrase of triples in English", "passphrase: maple-river-tiger copper-willow-panda", "maple-river-tiger copper-willow-panda"},
	{"passphrase of triples in English, said", "the passphrase is Spring-Vega-hammer otter-Thursday-Ranger", "Spring-Vega-hammer otter-Thursday-Ranger"},
	{"seed for an account", "MFA seed for the billing account IMVFB64M‖K5EBRCZECDZIBDT5OZFLSQXZ", "IMVFB64MK5EBRCZECDZIBDT5OZFLSQXZ"},
	{"seed of an account", "2FA seed of the shared account TRO2CQ7O‖ORSRBMRJ", "TRO2CQ7OORSRBMRJ"},
	{"seed alone", "OTP seed TRO2CQ7O‖ORSRBMRJQQHDBAWK", "TRO2CQ7OORSRBMRJQQHDBAWK"},
	{"seed that is", "the TOTP seed for root is ‖QX7MB64MK5EBRCZE", "QX7MB64MK5EBRCZE"},
	{"header must be", "the x-api-key header must be 17c6bf3d4be57‖5d8d6e94d7a99702f1fd5eff42b", "17c6bf3d4be575d8d6e94d7a99702f1fd5eff42b"},
	{"header has to be", "The X-API-Key header has to be 17c6bf3d4be57‖5d8d6e94d7a99702f1fd5eff42b.", "17c6bf3d4be575d8d6e94d7a99702f1fd5eff42b"},
	{"header is", "the X-Auth-Token header is `5c1f02bb9e7a4‖d3386aa0fd1c2e4b790`", "5c1f02bb9e7a4d3386aa0fd1c2e4b790"},
	{"header as", "send the x-api-key header as 5c1f02bb9e7a4‖d3386aa0fd1c2e4b79056e3dd21", "5c1f02bb9e7a4d3386aa0fd1c2e4b79056e3dd21"},
	{"network behind an arrow", "guest wifi -> noodle-Nagoya-Orchid", "noodle-Nagoya-Orchid"},
	{"network behind a sign for one", "office wifi → granite@223", "granite@223"},
	{"network of a room", "conference room Wi-Fi => Otter-friday-Comet", "Otter-friday-Comet"},
	{"account, comma, word and number", "argocd login: admin, Spring6", "Spring6"},
	{"account of something, comma", "login for argocd: admin, Velvet72", "Velvet72"},
	{"creds of something", "creds for the wiki: root, Puzzle@195", "Puzzle@195"},
	{"use to connect", "use Puzzle@195 to connect to the warehouse database", "Puzzle@195"},
	{"use words to connect", "use Comet-mango-granite to connect to the warehouse database", "Comet-mango-granite"},
	{"use to log in to", "use Comet-mango-granite to log in to the database", "Comet-mango-granite"},
	{"net use", `net use Z: \\nas\share Puzzl37 /user:ken`, "Puzzl37"},
	{"net use, words", `net use Z: \\nas\share Vega-Spring-peanut /user:ken`, "Vega-Spring-peanut"},
	{"net use, options behind", `net use * \\nas.local\photos maple72 /USER:admin /persistent:yes`, "maple72"},
	{"account and, to get into", "you get into the CMS with editor and Harvest@223", "Harvest@223"},
	{"address and", "the demo tenant uses demo@example.org and Raven-Winter-guitar", "Raven-Winter-guitar"},
	{"device has", "The iLO of node 4 has admin and Zephyr-harvest-Tuesday.", "Zephyr-harvest-Tuesday"},
	{"CMS takes", "the staging CMS takes editor and Amber-falcon-lagoon", "Amber-falcon-lagoon"},
	{"sign in using", "Sign in to the portal using ops and velvet-Comet-onion", "velvet-Comet-onion"},
	{"device takes", "the camera takes admin and Thunder!2019", "Thunder!2019"},
}

// TestAnnouncedAndPaired holds the grammar to drawn codes that are announced, and to what stands beside an account: all of it is found.
func TestAnnouncedAndPaired(t *testing.T) {
	for _, tc := range announcedAndPaired {
		text := strings.ReplaceAll(tc.text, "‖", "")
		found := false
		for _, m := range saying.Scan(text) {
			found = found || text[m.Start:m.End] == tc.value
		}
		if !found {
			t.Errorf("%s: %q in %q is not found: %+v", tc.way, tc.value, text, saying.Scan(text))
		}
	}
}

// TestUnlikeAnnouncedAndPaired holds it to what looks like those and tells nothing.
func TestUnlikeAnnouncedAndPaired(t *testing.T) {
	for _, text := range []string{
		"recovery code: XXXX-XXXX", "recovery code is ABCD-EFGH format", "the recovery code is READ-ONLY now", "our recovery code is TEST-ONLY", "recovery code is UTF8-SAFE", "backup code: DATA-LOSS possible", "the recovery code: TODO-LIST", "the recovery code path is NON-FATAL",
		"リカバリーコードは XXXX-XXXX の形式です。", "バックアップコードは READ-ONLY です。", "リカバリーコードは設定画面で確認できます。",
		"パスフレーズは end-to-end で暗号化されます", "パスフレーズ: out-of-band で渡します",
		"TOTP seed for the test vectors GEZDGNBVGY3T" + "QOJQ", "MFA seed for CONFIGURATIONMANAGER", "the OTP seed for the billing account is stored in Vault", "MFA seed: base32 without padding",
		"the ETag header must be 17c6bf3d4be575d8d6e94d7a99702f1fd5eff42b", "the x-request-id header is 17c6bf3d4be575d8d6e94d7a99702f1fd5eff42b", "the x-api-key header must be present-in-every-request-of-the-client", "the x-api-key header is required",
		"guest wifi -> see the noticeboard", "office wifi -> guest-network", "office wifi → WPA2-Enterprise", "wifi -> ethernet",
		"login: admin, editor, viewer", "argocd login: admin, Step2", "login: google, auth0", "login: github, OAuth2", "login: admin, Version2", "login: root, Ubuntu22", "gitlab login: admin, Runner2", "login for the demo: admin, editor",
		"use psycopg2 to connect to the warehouse database", "use cloud-sql-proxy to connect to the database", "use postgres@15 to connect to the database", "use the client to connect to it", "use azure-data-studio to connect to the warehouse database", "use mysql-shell-client to connect with it", "use Windows-native-sockets to connect to the server", "use dbeaver-community-edition to connect to the database",
		`net use Z: \\nas\share /user:ken`, `net use Z: \\nas\share * /user:ken`, `net use Z: \\nas\share %PASSWORD% /user:ken`, `net use Z: \\nas\share /user:ken /persistent:yes`,
		"the database has admin and read-only-user", "the router has admin and guest accounts", "you get into the CMS with editor and reviewer rights", "the server has root and multi-user-target", "sign in with admin and two-factor-auth",
		"the cluster uses admin and node@12", "the package uses react and lodash@417", "the server uses nginx and lodash@417", "the host has docker and Kubernetes-native-runtime", "log in with google and github-enterprise-cloud", "The team met with Anna and Jean-Pierre-Marie", "the node has sda and Micron-nvme-Drive2",
	} {
		if ms := saying.Scan(text); len(ms) > 0 {
			t.Errorf("%q: %+v %q", text, ms, text[ms[0].Start:ms[0].End])
		}
	}
}
