package saying_test

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestToolsAndSettings holds what tools and settings of the field take a secret by, and what looks nearly alike.
func TestToolsAndSettings(t *testing.T) {
	for _, tc := range []struct{ way, text, value string }{
		{"ipsec secrets", `mara : EAP "Kranich2020"`, "Kranich2020"},
		{"ipsec pre-shared key", `: PSK "velvet-otter-harbor"`, "velvet-otter-harbor"},
		{"SNMP community", "rocommunity autumn-heron-33 10.0.0.0/8", "autumn-heron-33"},
		{"SNMP community, writing", "rwcommunity6 Heron_4711", "Heron_4711"},
		{"ISAKMP key", "crypto isakmp key Kranich2020 address 0.0.0.0", "Kranich2020"},
		{"parameter of a servlet", "<init-param><param-name>db.password</param-name><param-value>Heron2167</param-value></init-param>", "Heron2167"},
		{"parameter that is none", "<init-param><param-name>encoding</param-name><param-value>utf8mb4</param-value></init-param>", ""},
		{"-u and -p", "cqlsh -u cassandra -p heron-October-Turnip c1", "heron-October-Turnip"},
		{"--username and --password", "influx --username=admin --password=heronsee7", "heronsee7"},
		{"-u and a port", "ssh-tunnel -u mara -p 8022 web2", ""},
		{"-u and ports of a container", "docker run -u 1000 -p 8080:80 heron", ""},
		{"-u and the database behind -p", "mysqldump -u root -p shop > d.sql", ""},
		{"-u and a word with a digit behind -p", "mysql -u root -p heronsee77 shop", "heronsee77"},
		{"poetry", "poetry config http-basic.corp mara heron_cobalt9", "heron_cobalt9"},
		{"iwconfig", "iwconfig wlan0 key s:EspressoHeron33", "EspressoHeron33"},
		{"hashed literal", "password_hash('h3r0n36', PASSWORD_DEFAULT)", "h3r0n36"},
		{"hashed variable", "password_hash($password, PASSWORD_DEFAULT)", ""},
		{"superuser", "User.objects.create_superuser('admin', 'a@b.test', 'heron775535')", "heron775535"},
		{"sp_addlogin", "EXEC sp_addlogin 'app', 'HE!r=PYm#R7'", "HE!r=PYm#R7"},
		{"mask of a workflow", `echo "::add-mask::heron7821feb26398"`, "heron7821feb26398"},
		{"mask of a variable", `echo "::add-mask::$TOKEN"`, ""},
		{"user of Redis", "ACL SETUSER app on >heron407de ~* +@all", "heron407de"},
		{"compared in a switch", `switch (pin) { case "518265": unlock(); }`, "518265"},
		{"Oracle's connection", "oracle: system/DbfHeron0toe5@orclpdb1", "DbfHeron0toe5"},
		{"path that looks like one", "hr/leave@intranet", ""},
		{"usage of a command", "Usage: login [--user NAME] [--password PASS]", ""},
		{"chief, colon, drawn", "admin:08cdfa0df3 works on the test box", "08cdfa0df3"},
		{"HTML, headed columns", "<table><tr><th>User</th><th>Password</th></tr><tr><td>mara</td><td><code>Heron8199</code></td></tr></table>", "Heron8199"},
		{"HTML, headed columns, second row", "<tr><th>Password</th><th>Note</th></tr>\n<tr><td></td><td>a</td></tr>\n<tr><td>Heron8199</td><td>b</td></tr>", "Heron8199"},
		{"HTML, column of types", "<tr><th>Field</th><th>Password</th></tr><tr><td>type</td><td>string</td></tr>", ""},
		{"sed", `sed -i "s/^password=.*/password=$PW/" app.conf`, ""},
		{"VPN's user and secret", "VPN\n- gateway: vpn.heron.test\n- user: dave\n- secret: velvet-otter-harbor", "velvet-otter-harbor"},
		{"secret of a cluster", "volumes:\n- name: user\n  secret: velvet-otter-harbor", ""},
		{"what you need to get in", "Heads-up: Heron@687 is what you need to get into the UPS web page.", "Heron@687"},
		{"how you unlock", `"dOHQDabfi87" is how you unlock the shared folder`, "dOHQDabfi87"},
		{"term that opens", "Ctrl+Alt is how you unlock the screen", ""},
		{"below", "password is below\nP@ssheron7", "P@ssheron7"},
		{"below, please", "Token below, please keep it:\nbc7445bb-ee6f-f5be-629b-3de206fcfe11", "bc7445bb-ee6f-f5be-629b-3de206fcfe11"},
		{"id below a token's title", "Revoke token\nbc7445bb-ee6f-f5be-629b-3de206fcfe11", ""},
		{"login of a known account", "login admin password velvet", "velvet"},
		{"page of a login", "login form password reset", ""},
		{"dash", "Heron@687 - wifi password at my parents' place", "Heron@687"},
		{"dash, drawn", "x7W=zIj8fR7 - wifi password at home", "x7W=zIj8fR7"},
		{"dash behind a title", "Settings - password policy", ""},
	} {
		t.Run(tc.way, func(t *testing.T) {
			found := false
			for _, m := range saying.Scan(tc.text) {
				found = found || tc.text[m.Start:m.End] == tc.value
				if tc.value == "" {
					t.Errorf("found %q by %s in %q", tc.text[m.Start:m.End], m.Rule, tc.text)
				}
			}
			if tc.value != "" && !found {
				t.Errorf("did not find %q in %q", tc.value, tc.text)
			}
		})
	}
}
