package saying_test

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/saying"
)

// TestWaysOfSaying holds the grammar to ways of telling a secret, one or two each: what is found is the value.
func TestWaysOfSaying(t *testing.T) {
	for _, tc := range []struct{ way, text, value string }{
		{"a word, @ and a number", "jenkins: mara.k / ginger@431", "ginger@431"},
		{"a word, @ and a number, near a cue", "same password, ginger@431, on every box", "ginger@431"},
		{"words in both cases", "LinkedIn: jdoe, Phoenix-coffee-Magnet", "Phoenix-coffee-Magnet"},
		{"words in both cases, one that ends like a description", "the IPsec PSK is Panda-valley-spring", "Panda-valley-spring"},
		{"pre-shared key", "IPsec pre-shared key for the branch office: moonlight", "moonlight"},
		{"bind password", "bindpw ginger28", "ginger28"},
		{"program that is a word", "restic password is mongoose", "mongoose"},
		{"capital amid a sentence", "SNMP community string is Schmetterling", "Schmetterling"},
		{"answer", "Which password does ops have? Dragon-velvet-Falcon", "Dragon-velvet-Falcon"},
		{"answer behind a yes", "Do you have the API key? Yes, 39f6d752883eb3f303c9582f32fddf783faf6d26", "39f6d752883eb3f303c9582f32fddf783faf6d26"},
		{"its", "u need the pw? its kitten-Phoenix-lobster", "kitten-Phoenix-lobster"},
		{"changed from and to", "ops password changed from moonlight to dolphin", "dolphin"},
		{"reverted", "revert password from elephant to lantern", "lantern"},
		{"changed, it's", "the api token changed, it's 71ce8602c11cac82ac301c500c07d9915a1fbde0", "71ce8602c11cac82ac301c500c07d9915a1fbde0"},
		{"which is", "the initial admin password, which is d7a0c654dfbfc4cbf053738369ef0412", "d7a0c654dfbfc4cbf053738369ef0412"},
		{"as always", `same password as always, "Velvet mustang"`, "Velvet mustang"},
		{"between commas", "A new password, tiger_ginger2, has been assigned to svc-backup.", "tiger_ginger2"},
		{"belonging to one before", "the pass for root's autumn4", "autumn4"},
		{"since", "new wifi pass since monday: `BubbleValleyTower`", "BubbleValleyTower"},
		{"becomes", `the shared password becomes "monday Pepper Sunflower"`, "monday Pepper Sunflower"},
		{"under a title", "# Admin password\n\nPepper-Phoenix-lantern", "Pepper-Phoenix-lantern"},
		{"under a title that says what for", "Password for NAS\n\n    Coffee-maple-Lobster", "Coffee-maple-Lobster"},
		{"in brackets before", "[password] starlight", "starlight"},
		{"its, remark behind", "its castle@112 (the password)", "castle@112"},
		{"mine, remark behind", "mine's limonada (the laptop password)", "limonada"},
		{"would be used as", "It was agreed that sunflower-Tokyo-cactus would be used as the password.", "sunflower-Tokyo-cactus"},
		{"words together as", "we use CactusMarbleViolet as the root password on all machines", "CactusMarbleViolet"},
		{"arrow to the left", "lavender <- wifi password", "lavender"},
		{"equals before", "dolphin = root pw", "dolphin"},
		{"pair before", "svc-backup/maple_banana2 are the credentials for staging", "svc-backup/maple_banana2"},
		{"given the password", "AD account jdoe has been given the password mongoose", "mongoose"},
		{"with the password", "The account tomcat was created with the password snowflake.", "snowflake"},
		{"uses with password", "Scan-to-mail uses ops with password chocolate", "chocolate"},
		{"key unlocked with", "to sign releases unlock the gpg key with sakura34", "sakura34"},
		{"secured with", "The database is secured with mustang@264.", "mustang@264"},
		{"opens with words", "The FritzBox web interface opens with dragon-falcon-lobster", "dragon-falcon-lobster"},
		{"account uses", "For reference, the service account uses tokyo-thunder-harbor", "tokyo-thunder-harbor"},
		{"using the key", "connect to LAB-2G using the key cookie@479", "cookie@479"},
		{"in brackets behind a host", "- SSH: root@10.0.0.4 (crab_lemon8)", "crab_lemon8"},
		{"disarm", "disarm with 5726", "5726"},
		{"a lock's number", "the bike lock's number is 7852", "7852"},
		{"typed when asked", "run ./deploy.sh and enter 'pumpkin summer dragon' when it asks for the password.", "pumpkin summer dragon"},
		{"typed to get in", "Use 'magnet-dragon-coffee' to log in as pi", "magnet-dragon-coffee"},
		{"to get in, type", `to get into the bios type "Pumpkin Biscuit Cinnamon harbor"`, "Pumpkin Biscuit Cinnamon harbor"},
		{"link to the right", "NAS login -> ops : hunter@681", "hunter@681"},
		{"plus", "log in w/ svc-backup + sakura@746", "sakura@746"},
		{"address and password", "gmail: anna@acme.test / monday-mustang-orange", "monday-mustang-orange"},
		{"address and password, colon", "SMTP credentials are mailer@firm.test:thunderbolt", "thunderbolt"},
		{"terse", "new credentials app/Ginger-zebra-Biscuit sent to customer", "Ginger-zebra-Biscuit"},
		{"terser", "login ops violet-Orange-Phoenix", "violet-Orange-Phoenix"},
		{"bracketed title", "[login] nas.local ops Kitten-summer-velvet", "Kitten-summer-velvet"},
		{"two lines below a title", "Staging login\napp\ntokyo@716", "tokyo@716"},
		{"listed", "Credentials:\n  - jenkins: Dragon-Bicycle-kitten", "Dragon-Bicycle-kitten"},
		{"row without a head", "wiki\tops\tdenver-Lemon-panda", "denver-Lemon-panda"},
		{"row of bars", "Infra: build01 | jenkins | orange@268", "orange@268"},
		{"script of ftp", "open files.firm.test\nuser partner bubble@704", "bubble@704"},
		{"network", "Wi-Fi (2nd floor): espresso-wizard-Giraffe", "espresso-wizard-Giraffe"},
		{"account, colon, space", "mysql root: Falcon@840", "Falcon@840"},
		{"account alone on a line", "admin:qwertz99", "qwertz99"},
		{"net use, password first", `net use \\10.0.3.7\c$ zebra!2008 /user:ACME\mara`, "zebra!2008"},
		{"sqlcmd", "sqlcmd -S web-02 -U sa -P castle@845", "castle@845"},
		{"requirepass", "requirepass pepper@690", "pepper@690"},
		{"masterauth", "masterauth moonlight", "moonlight"},
		{"AUTH", "AUTH sunflower@295", "sunflower@295"},
		{"htpasswd to the screen", "htpasswd -nb guest waterfall", "waterfall"},
		{"RADIUS", "radius-server key banana-Saturn-Pepper", "banana-Saturn-Pepper"},
		{"RADIUS, said", "The RADIUS secret for the access points is tangerine", "tangerine"},
		{"Junos", "set system root-authentication plain-text-password Violet-Maple-kitten", "Violet-Maple-kitten"},
		{"privileged user", "username admin privilege 15 secret mongoose", "mongoose"},
		{"SNMP", "snmpwalk -v2c -c firefly nas.local", "firefly"},
		{"cookie of curl", `curl -b "session=f7c339f400769209ad779e85c08e7395" https://app.acme.test`, "f7c339f400769209ad779e85c08e7395"},
		{"session of Java", "JSESSIONID=5d1d22253105c4c385eb40038c6d0c85", "5d1d22253105c4c385eb40038c6d0c85"},
		{"pepper", "pepper: 88ede08b53e05e762e929c0f09fb14ca", "88ede08b53e05e762e929c0f09fb14ca"},
		{"pipe into cryptsetup", "echo -n lavender | cryptsetup luksOpen /dev/sda2 data -", "lavender"},
		{"into a file for it", "echo 'firefly' > ~/.vault_pass", "firefly"},
		{"default of netrc", "default login admin password chocolate", "chocolate"},
		{"PuTTY", "pscp -pw moonlight app.zip ops@build01:/srv", "moonlight"},
		{"IPMI", "ipmitool -H bmc1 -U ADMIN -P moonlight chassis status", "moonlight"},
		{"lftp", "lftp -u svc-backup,sonnenblume 192.168.1.1", "sonnenblume"},
		{"swaks", "swaks --to x@acme.test --auth-user ops --auth-password mongoose", "mongoose"},
		{"schtasks", `schtasks /create /tn job /tr a.exe /ru FIRM\svc /rp Giraffe15`, "Giraffe15"},
		{"sentinel", "[sentinel]\nauth-pass mymaster Silver-Puppy-Mustard", "Silver-Puppy-Mustard"},
		{"cipher", `cipher = AES.new(bytes.fromhex("8bcb8aa6b0efb26c415c2ff526a59b6782f9f691e2df46c9"), AES.MODE_GCM)`, "8bcb8aa6b0efb26c415c2ff526a59b6782f9f691e2df46c9"},
		{"sqlplus, user with a hyphen", "sqlplus svc-backup/monday-Tiger-Castle@ORCL", "monday-Tiger-Castle"},
		{"secure string, noun", "ConvertTo-SecureString -String 'Schmetterling' -AsPlainText -Force", "Schmetterling"},
		{"pgpass said", "*:*:*:root:poiuy098 goes into .pgpass", "poiuy098"},
		{"field found by name", `driver.find_element(By.ID, "password").send_keys("Pickle-sakura-pumpkin")`, "Pickle-sakura-pumpkin"},
		{"secret beside a login", "<credential><login>ops</login><secret>marmalade</secret></credential>", "marmalade"},
		{"secret chosen by hand", "JWT_SECRET=HunterDragonCastle", "HunterDragonCastle"},
		{"secret chosen by hand, digits", `SECRET_KEY="castle11"`, "castle11"},
		{"secret of words", "The RADIUS shared secret is 'Bamboo valley Comet Panda'", "Bamboo valley Comet Panda"},
		{"auth", "redis:\n  auth: Coffee@601", "Coffee@601"},
		{"licence", "registration key of the plugin is DEDG-CGNM-PQ66-RNA6", "DEDG-CGNM-PQ66-RNA6"},
		{"comment", "/* admin pw: moonlight */", "moonlight"},
		{"key of a network in Spanish", "la clave del wifi es trueno-azul", "trueno-azul"},
	} {
		found := false
		for _, m := range saying.Scan(tc.text) {
			found = found || tc.text[m.Start:m.End] == tc.value
		}
		if !found {
			t.Errorf("%s: %q in %q is not found: %+v", tc.way, tc.value, tc.text, saying.Scan(tc.text))
		}
	}
}

// TestWaysOfTalking holds it to texts that look alike and tell nothing.
func TestWaysOfTalking(t *testing.T) {
	for _, text := range []string{
		"Install react@18 and node@20 before you set the password.",
		"Stratford-upon-Avon has its own password",
		"The Content-type-Header carries no password",
		"password changed from required to optional",
		"the default password, however, is printed on the label",
		"The traffic is encrypted with AES256.",
		"The app uses Angular17 and Debian12.",
		"the staging server uses PostgreSQL16",
		"# Password\n\nThe form asks for it twice.",
		"[password](docs/passwords.md) explains it",
		"AUTH LOGIN is refused without TLS, AUTH RFC2554 too",
		"open the page with password protection",
		"Files with the password feature are opened read-only.",
		"the site was protected with the password prompts",
		"Enter your code when asked for a password",
		"use SSH to log in",
		"secret: test_value2",
		"login flow: step 2 / step 3",
		"Team: anna, peter",
		"wiki | page | section 12",
		`expect(getByLabel("Password").fill("")).toBeTruthy()`,
		"echo \"$HASH\" > password.sha256",
	} {
		if got := saying.Scan(text); len(got) > 0 {
			t.Errorf("found %+v in %q", got, text)
		}
	}
}
