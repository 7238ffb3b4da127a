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
		{"P@ss and a word", "log on to rdp as mara with P@ssheron8", "P@ssheron8"},
		{"host that looks like it", "copy it to pass@web2 first, password on request", ""},
		{"drawn, as the password", "I picked 70f204bec0 as my password for the tax portal", "70f204bec0"},
		{"commit that fixes the password", "70f204bec0 is the commit that broke the password", ""},
		{"reply that begins with use", "Dave: which password do I use?\nErin: use meadow-Copper-Otter", "meadow-Copper-Otter"},
		{"question and answer", "Q: what is the password for the lab machines? A: e83b02e7f3", "e83b02e7f3"},
		{"pair in brackets", "DB login [reporting / Heron!1990]", "Heron!1990"},
		{"remote desktop", "RDP: CORP\\mara with Heron@857", "Heron@857"},
		{"address and phrase", "the shared login is team@heron.test and Blanket-Tiger-Heron", "Blanket-Tiger-Heron"},
		{"plain word that works", "admin / velvet still works on the printer", "velvet"},
		{"roles that work", "admin / editor works for both", ""},
		{"property list", "<key>Password</key><string>AcornHeron15</string>", "AcornHeron15"},
		{"tag of a sentence", "<p>Your temporary password is <b>HeronLantern92</b></p>", "HeronLantern92"},
		{"hand that points", "pass 👉 ac9d0a5c26", "ac9d0a5c26"},
		{"the new one", "The build fails because the token in .npmrc is stale; the new one is ae6bc51d-c673-3a25-d27e-21b20944477b.", "ae6bc51d-c673-3a25-d27e-21b20944477b"},
		{"spaced columns", "user       password\nmara       thunder_heron3\ndave       salmon-velvet-Tiger", "thunder_heron3"},
		{"spaced columns of talk", "field      password\ntype       string\nrule       required", ""},
		{"drawn below a secret", "account | secret\nbilling | efc539e9-630f-3ff9-40a2-cd570cd60342", "efc539e9-630f-3ff9-40a2-cd570cd60342"},
		{"drawn below a code", "account | code\nbilling | efc539e9-630f-3ff9-40a2-cd570cd60342", ""},
		{"dots that lead", "Passwords\n=========\nrouter ....... acorn-heron-75\nnas .......... Thunder-Comet-acorn", "acorn-heron-75"},
		{"user that the service is called by", "tomcat manager: tomcat, Turnip-Violin-heron", "Turnip-Violin-heron"},
		{"words and a number, dash", "badger-heron-26 - wifi password at home", "badger-heron-26"},
		{"driver of Go", `sql.Open("mysql", "root:98b130ff27@tcp(127.0.0.1:3306)/shop")`, "98b130ff27"},
		{"driver of Go, format", `fmt.Sprintf("%s:%s@tcp(%s)/shop", user, pw, host)`, ""},
		{"driver of Java", `DriverManager.getConnection(url, "app", "Copper-Giraffe-Heron");`, "Copper-Giraffe-Heron"},
		{"account of Composer", `{"github-oauth":{"github.com":"1d8cb13e3c7750e5bcc57f69df5ebfa3"}}`, "1d8cb13e3c7750e5bcc57f69df5ebfa3"},
		{"openssl passwd", "usermod -p $(openssl passwd -6 heron92) dave", "heron92"},
		{"drush", `drush user:password admin "pirate.heron.95"`, "pirate.heron.95"},
		{"agent of Consul", "consul acl set-agent-token default cfbce418ca66b0e8b5d7424d3a94db5a94856772", "cfbce418ca66b0e8b5d7424d3a94db5a94856772"},
		{"cargo login", "cargo login bdb7544708daa46a3391c8a2fc48c000", "bdb7544708daa46a3391c8a2fc48c000"},
		{"cargo login, registry", "cargo login --registry heron", ""},
		{"ansible-vault", "ansible-vault encrypt_string 'heron21' --name db_password", "heron21"},
		{"user of SNMP", "snmpget -v3 -u ops -A leum15zjc4 -X heronfalafel9 sw1", "leum15zjc4"},
		{"httpie", "http --auth dave:pirate-Heron-salmon GET https://api.heron.test", "pirate-Heron-salmon"},
		{"Redis, user", "AUTH app heronQ7x2Lm9", "heronQ7x2Lm9"},
		{"registration of a phone", "register => mara:ylYUwRmn@sip.heron.test/100", "ylYUwRmn"},
		{"phone's address", "sip:2001:heron10@pbx.heron.test", "heron10"},
		{"phone's address without one", "sip:2001@pbx.heron.test:5060", ""},
		{"bindpw", "bindpw HERON8492", "HERON8492"},
		{"auth-user-pass", "auth-user-pass mara 20dcf776e0", "20dcf776e0"},
		{"auth-user-pass, file", "auth-user-pass /etc/openvpn/login.conf", ""},
		{"answer file", "<AutoLogon><Password><Value>heron18</Value></Password></AutoLogon>", "heron18"},
		{"setting of .NET", `<setting name="ApiKey" serializeAs="String"><value>ab35b5753c4543a7f0ca4260fc72fddeb8ed291d</value></setting>`, "ab35b5753c4543a7f0ca4260fc72fddeb8ed291d"},
		{"openssl_encrypt", `openssl_encrypt($d, 'aes-256-cbc', '4f4c34ff-b27e-57aa-2b16-a0c914b1b8bf');`, "4f4c34ff-b27e-57aa-2b16-a0c914b1b8bf"},
		{"signWith", `Jwts.builder().signWith(SignatureAlgorithm.HS256, "0be39b2e6ef1671d975354737ee9ac856bfc174b")`, "0be39b2e6ef1671d975354737ee9ac856bfc174b"},
		{"setting in a table", "UPDATE settings SET value='99648439d801efe8af93adcd5fd5f6cc6674174c' WHERE name='api_key';", "99648439d801efe8af93adcd5fd5f6cc6674174c"},
		{"printed to passwd", `printf 'heron97\nheron97\n' | passwd dave`, "heron97"},
		{"secret with capitals", `{"name":"db","secret":"Pirate-Otter-Heron"}`, "Pirate-Otter-Heron"},
		{"need to get in", "To enter the admin area of the shop you need Heron@346.", "Heron@346"},
		{"for the zip", "Hi, use heron_42 for the zip. Bye", "heron_42"},
		{"method for the archive", "use gzip for the archive", ""},
		{"whenever you talk", "Use 3c67081991c4aae50fc6eb057f9d6273 whenever you talk to the inventory service.", "3c67081991c4aae50fc6eb057f9d6273"},
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
