package saying

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// form is a way in which a command, header or call carries a secret.
type form struct {
	rule    string
	words   string // one of these must occur, "|" between them; the pattern is tried on the word's line
	start   bool   // the word begins the pattern: it is tried from there
	pattern string // its last group that matched is the secret
	conf    float64
	random  bool // the secret must look made
}

const arg = `(?:"([^"\n]{3,200})"|'([^'\n]{3,200})'|([^\s"'|;&<>]{3,200}))` // a shell argument

const quotedArg = `["']([^"'\n]{3,200})["']` // a string literal

var forms = []form{
	{"curl-user", "curl ", true, `curl\s[^\n]*?(?:-[a-zA-Z]*u|--user|--proxy-user)[ =]?\s*(?:"([^"\n:]*:[^"\n]{2,})"|'([^'\n:]*:[^'\n]{2,})'|([^\s"'|;&<>:]*:[^\s"'|;&<>]{2,}))`, 0.9, false},
	{"curl-token", "curl ", true, `curl\s[^\n]*?(?:-u|--user)[ =]?["']?([A-Za-z0-9_.-]{16,}):["']?(?:\s|$)`, 0.85, true},
	{"wget-password", "wget ", true, `wget\b[^\n]*?--(?:http-|ftp-|proxy-)?password[ =]` + arg, 0.9, false},
	{"mysql-password", "mysql|mariadb", true, `(?:mysql|mariadb)\w*\b[^\n]*?\s-p` + arg, 0.85, false},
	{"mongo-password", "mongo", true, `mongo\w*\b[^\n]*?\s(?:-p|--password)[ =]?` + arg, 0.85, false},
	{"root-password", "rootpw ", true, `rootpw\s+(?:--(?:plaintext|allow-ssh|lock)\s+)*` + arg, 0.85, false},
	{"user-password", "useradd |usermod ", true, `user(?:add|mod)\s[^\n]*?(?:-p|--password)[ =]` + arg, 0.85, false},
	{"redis-password", "redis-cli", true, `redis-cli\b[^\n]*?\s(?:-a|--pass)\s*` + arg, 0.85, false},
	{"sshpass", "sshpass", true, `sshpass\b[^\n]*?\s-p\s*` + arg, 0.95, false},
	{"psexec-password", "psexec", true, `(?i)psexec\w*(?:\.exe)?\b[^\n]*?\s[-/]p\s+` + arg, 0.9, false},
	{"net-use-password", "net use", true, `(?i)net use\b(?:\s+(?:[a-z]:\s+|\*\s+)?\\{1,2}\S+\s+([^\s/][^\s]{2,})\s+/user:|[^\n]*?/user:\S+\s+(?:"([^"\n]{3,200})"|'([^'\n]{3,200})'|([^\s"'|;&<>/][^\s"'|;&<>]{2,200})))`, 0.9, false},
	{"sqlcmd-password", "sqlcmd |bcp |osql ", true, `(?:sqlcmd|bcp|osql)\b[^\n]*?\s-P\s*` + arg, 0.9, false},
	{"require-password", "requirepass |masterauth ", true, `(?:requirepass|masterauth)\s+` + arg, 0.9, false},
	{"redis-auth", "AUTH ", true, `AUTH (?:default )?([^\s"';]{3,80})[ \t]*(?:\n|$)`, 0.85, false},
	{"net-user-password", "net user", true, `(?i)net user\s+\S+\s+([^\s/*]{4,})\s*(?:/add|/domain|$)`, 0.85, false},
	{"command-login", " login ", true, ` login\s[^\n]*?(?:-p|--password|--token|-t|--access-token)[ =]` + arg, 0.9, false},
	{"sudo-stdin", "echo ", true, `echo\s+(?:-\w+\s+)?` + arg + `\s*\|\s*(?:sudo\s+-\w*S|passwd|chpasswd|docker login|\w+ login)`, 0.9, false},
	{"openssl-pass", "pass:", true, `pass:([^\s"'$]{3,80})`, 0.85, false},
	{"gpg-passphrase", "--passphrase", true, `--passphrase[ =]` + arg, 0.9, false},
	{"smb-user", "smbclient|smbmap|smbget", true, `smb(?:client|map|get)\b[^\n]*?\s(?:-U|--user)[ =]?["']?[^\s%"']+%([^\s"']{3,})`, 0.9, false},
	{"rdp-password", "freerdp|mstsc|rdesktop", true, `(?i)(?:freerdp|mstsc|rdesktop)\b[^\n]*?/p:` + arg, 0.9, false},
	{"ldap-password", "ldapsearch|ldapmodify|ldapadd|ldapdelete|ldappasswd|ldapwhoami", true, `ldap(?:search|modify|add|delete|passwd|whoami)\b[^\n]*?\s-w\s*` + arg, 0.9, false},
	{"zip-password", "zip |unzip |7z |7za |rar |unrar ", true, `(?:un)?(?:zip|7za?|rar|unrar)\s[^\n]*?-[pP]\s?` + arg, 0.8, false},
	{"htpasswd", "htpasswd", true, `htpasswd\b[^\n]*?(?:\s-\w*b\w*\s+\S+\s+\S+\s+` + arg + `|\s-(?:n\w*b|b\w*n)\w*\s+\S+\s+` + arg + `)`, 0.9, false},
	{"keytool-pass", "-storepass|-keypass|-srcstorepass|-deststorepass|-srckeypass|-destkeypass", true, `-\w+pass\s+` + arg, 0.85, false},
	{"sqlplus", "sqlplus|sqlldr|expdp|impdp", true, `(?:sqlplus|sqlldr|expdp|impdp)\b\s+(?:-\w\s+)*[\w.-]+/([^\s@/"']{3,})@`, 0.9, false},
	{"remote-execution", "wmiexec|smbexec|secretsdump|atexec|GetUserSPNs|crackmapexec|evil-winrm|psexec.py", true, `\S+\s[^\n]*?(?:[\w.]+/)?[\w.]+:([^\s@]{3,})@`, 0.9, false},
	{"netrc", "machine |default login ", true, `(?:machine\s+\S+|default)\s+login\s+\S+\s+password\s+(\S{3,})`, 0.95, false},
	{"putty-password", "plink |pscp |psftp |putty ", true, `p(?:link|scp|sftp|utty)\s[^\n]*?-pw\s+` + arg, 0.9, false},
	{"task-password", "schtasks", true, `(?i)schtasks\S*\s[^\n]*?/rp\s+` + arg, 0.9, false},
	{"sentinel-password", "auth-pass ", true, `auth-pass \S+ ` + arg, 0.85, false},
	{"cipher-key", "AES.new(|DES3.new(|ChaCha20.new(|Blowfish.new(|Fernet(|hmac.new(|createCipheriv(|createDecipheriv(", true, `[\w.]+\((?:["'][\w-]+["'],\s*)?(?:b|bytes\.fromhex\(|Buffer\.from\(|binascii\.unhexlify\(|base64\.b64decode\()?["']([^"'\n]{16,200})["']`, 0.85, true},
	{"rabbitmq-password", "rabbitmqctl ", true, `rabbitmqctl\s+(?:add_user|change_password)\s+\S+\s+` + arg, 0.9, false},
	{"smbmap-password", "smbmap |crackmapexec |netexec |nxc ", true, `(?:smbmap|crackmapexec|netexec|nxc)\s[^\n]*?\s-p\s+` + arg, 0.9, false},
	{"ipmi-password", "ipmitool ", true, `ipmitool\s[^\n]*?-P\s*` + arg, 0.9, false},
	{"lftp-password", "lftp ", true, `lftp\s[^\n]*?-u\s+["']?[^\s,"']+,([^\s"']{3,})`, 0.9, false},
	{"mail-password", "swaks ", true, `swaks\s[^\n]*?(?:-ap|--auth-password)[ =]` + arg, 0.9, false},
	{"openssl-key", "openssl ", true, `openssl\b[^\n]*?\s-[kK]\s+` + arg, 0.9, false},
	{"basic-authorization", "authorization", true, `(?i)authorization["'\s:=]{1,6}(?:["'])?basic\s+([A-Za-z0-9+/]{6,}={0,2})`, 0.9, false},
	{"basic-header", "basic ", true, `(?i)basic\s+([A-Za-z0-9+/]{14,}={1,2})`, 0.85, true},
	{"bearer-authorization", "bearer", true, `(?i)bearer["'\s:=]{1,4}([A-Za-z0-9._~+/=|-]{12,})`, 0.9, true},
	{"token-authorization", "authorization", true, `(?i)authorization["'\s:=]{1,6}(?:token|apikey|api-key|key|ssws|digest|aws4-hmac-sha256|hmac|negotiate|ntlm|splunk|genie ?key)?\s*(?:token=)?["']?([A-Za-z0-9._~+/=:-]{16,})`, 0.85, true},
	{"header-key", "x-", true, `(?i)x-[a-z-]*(?:key|token|auth|secret|session|signature|password)[a-z-]*["'\s:=]{1,6}([^\s"',;]{8,})`, 0.85, true},
	{"cookie", "cookie", true, `(?i)cookie["'\s:=]{1,5}[^\n]{0,80}?\b(?:\w*sess\w*|sid|\w*auth\w*|\w*token\w*|connect\.sid|jwt|remember\w*|\w*csrf\w*)=([^\s;"']{12,})`, 0.8, true},
	{"plain-auth", "PlainAuth(", true, `PlainAuth\([^,\n]*,[^,\n]*,\s*` + quotedArg, 0.85, false},
	{"secure-string", "ConvertTo-SecureString", true, `(?i)ConvertTo-SecureString\s+(?:-(?:String|Force|AsPlainText)\s+)*` + arg, 0.9, false},
	{"credential-call", "basicAuthentication(|basicAuth(|Credential(|Credentials(|BasicAuth(|basic_auth(|DigestAuth(|set_auth(|setauth(|NTLMAuth(", true, `(?i)\w+\(\s*["'][^"'\n]{1,80}["']\s*,\s*` + quotedArg, 0.85, false},
	{"bind-call", "bind(|bind_s(|authenticate(|login(", true, `(?i)\w+\(\s*[$\w>.-]+\s*,\s*["'][^"'\n]{1,120}["']\s*,\s*` + quotedArg, 0.85, false},
	{"auth-tuple", "auth", true, `auth\s*[=:]\s*[\[(]\s*["'][^"'\n]{1,80}["']\s*,\s*` + quotedArg, 0.9, false},
	{"database-call", "connect(|getConnection(|mysqli(|createConnection(|MongoClient(|PDO(|sqlalchemy(|DirectoryEntry(", true, `(?i)\w+\(\s*["'][^"'\n]{2,200}["']\s*,\s*["'][^"'\n]{1,80}["']\s*,\s*` + quotedArg, 0.85, false},
	{"setter", "setPassword(|setPasswd(|setPwd(|setSecret(|setToken(|setApiKey(|setAccessKey(|setSecretKey(|setPrivateKey(|setPassphrase(|set_password(|withPassword(|.password(", true, `(?i)[.\w]+\(\s*["']([^"'\n]{4,200})["']\s*\)`, 0.85, false},
	{"identified-by", "identified ", true, `(?i)identified\s+(?:with\s+\S+\s+)?by\s+(?:password\s+)?(?:["']([^"'\n]{3,120})["']|([^\s"';]*\d[^\s"';]*);?)`, 0.9, false},
	{"sql-role", "alter role |alter user |create role |create user ", true, `(?i)(?:alter|create)\s+(?:role|user)\s[^\n;]{1,80}?\spassword\s+` + quotedArg, 0.9, false},
	{"sql-password", "with password|encrypted password|set password", true, `(?i)\w+\s+password\s+(?:for\s+\S+\s+)?(?:=\s*)?(?:password\()?` + quotedArg, 0.9, false},
	{"keystroke", "keystroke |SendKeys|send_keys|sendkeys|xdotool type|typeText(|type_text(", true, `\w+(?: type)?[ (]+` + quotedArg, 0.8, true},
	{"curl-option", "CURLOPT_", true, `CURLOPT_\w*(?:PASSWORD|USERPWD|PASSWD)\s*,\s*` + quotedArg, 0.9, false},
	{"mosquitto-password", "mosquitto_", true, `mosquitto_\w+\b[^\n]*?\s-P\s+` + arg, 0.9, false},
	{"ssh-keygen-passphrase", "ssh-keygen ", true, `ssh-keygen\b[^\n]*?\s-[PN]\s+` + arg, 0.9, false},
	{"keychain-password", "security add-", true, `security add-\S+\s[^\n]*?-w\s+` + arg, 0.9, false},
	{"wifi-qr-code", "wifi:", true, `(?i)wifi:(?:[^\n]*;)?P:((?:[^;\\\n]|\\.){4,64})`, 0.95, false},
	{"telegram-url", "tgram://", true, `tgram://(\d{6,12}:[\w-]{24,})`, 0.95, false},
	{"vault-login", "vault login |rclone obscure |bw unlock |bw login |op signin ", true, `\w+ \w+[ \t]+(?:-\S+[ \t]+)*(?:<<<[ \t]*)?` + arg, 0.85, false},
	{"here-string", "luksOpen |passwd |chpasswd |ssh-add |kinit |--password-stdin |--with-token |--stdin |sudo -S |--passphrase-fd 0 ", true, `[^\n]*?<<<\s*` + arg, 0.85, false},
	{"stats-auth", "stats auth ", true, `stats auth\s+[^\s:]+:(\S{3,})`, 0.9, false},
	{"jwt-secret", "jwt.sign(|jwt.verify(|jwt.encode(|jwt.decode(|createHmac(", true, `[\w.]+\((?:[^()\n,]|\([^()\n]*\)|\{[^{}\n]*\})+,\s*` + quotedArg, 0.8, false},
	{"auth-call", ":auth(|.auth(|.AUTH(", true, `.auth\(\s*["']([^"'\n]*(?:[a-z][0-9]|[0-9][A-Za-z]|[a-z][-_.!#$&*+][A-Z])[^"'\n]*)["']\s*\)`, 0.8, false},
	{"cmdkey", "cmdkey", true, `(?i)cmdkey\b[^\n]*?/pass:` + arg, 0.9, false},
	{"option", "--password|--passwd|--pass|--pwd|--secret|--token|--api-key|--apikey|--access-key|--secret-key|--auth-token|--access-token|--client-secret|--private-key|--registration-token|-token|-password", true, `(?i)-{1,2}[a-z-]+[ =]` + arg, 0.85, false},
	{"fallback", "env::var(", true, `(?i)env::var\(\s*"\w*(?:KEY|TOKEN|SECRET|PASS|PASSWD|PASSWORD|PWD|PW)"\s*\)\s*\.(?:ok\(\)\s*\.)?unwrap_or(?:_else)?\((?:\|_?\| ?)?(?:String::from\()?` + quotedArg, 0.8, false},
	{"ansible-password", "ansible_", true, `ansible_(?:ssh_|become_|sudo_)?pass(?:word)?\s*[=:]\s*["']?([^\s"'{]{3,})`, 0.9, false},
	{"cisco-password", "enable |username ", true, `(?i)(?:enable|username \S{4,}(?: privilege \d+)?)\s+(?:secret|password)\s+(?:\d\s+)?(\S{4,})`, 0.85, false},
	{"cisco-privileged", "username ", true, `(?i)username \S{2,} privilege \d+ (?:secret|password)\s+(?:\d\s+)?(\S{4,})`, 0.85, false},
	{"radius-key", "radius-server |tacacs-server ", true, `(?i)(?:radius|tacacs)-server (?:host \S+ )?(?:[^\n]{0,40}? )?key\s+(?:\d\s+)?(\S{4,})`, 0.85, false},
	{"plain-text-password", "plain-text-password ", true, `plain-text-password(?:-value)? (\S{4,})`, 0.85, false},
	{"cookie-option", "curl ", true, `curl\s[^\n]*?(?:-b|--cookie)[ =]?["']?[^"'\n]{0,80}?\b(?:\w*sess\w*|sid|\w*auth\w*|\w*token\w*|jwt)=([^\s;"']{12,})`, 0.85, true},
	{"snmp-option", "snmpwalk|snmpget|snmpset|snmpbulkwalk|snmpgetnext", true, `snmp\w+\b[^\n]*?\s-c\s*` + arg, 0.85, false},
	{"echoed-password", "echo ", true, `(?:echo|printf)\s+(?:-\w+\s+)?` + arg + `\s*(?:\|\s*(?:sudo\s+)?(?:cryptsetup|gpg|openssl|borg|restic|veracrypt|zfs|smbpasswd|kinit)\b|>{1,2}\s*\S*(?:pass|pwd|secret)[\w.-]*\s*$)`, 0.85, false},
	{"ipsec-secret", ": psk |: eap |: xauth |: ntlm ", true, `: (?i:psk|eap|xauth|ntlm) ` + quotedArg, 0.9, false},
	{"snmp-access", "rocommunity|rwcommunity", true, `(?i)r[ow]community6?\s+(\S{4,})`, 0.85, false},
	{"isakmp-key", "isakmp key |isakmp-key ", true, `(?i)isakmp[- ]key\s+(?:\d\s+)?(\S{4,})\s+(?:address|hostname)\b`, 0.9, false},
	{"parameter-pair", "<param-name>|<parameter-name>|<env-entry-name>", true, `(?i)<[a-z-]+-name>[^<\n]*(?:pass|pwd|secret|token|api_?key)[^<\n]*</[a-z-]+-name>\s*(?:<env-entry-type>[^<\n]*</env-entry-type>\s*)?<[a-z-]+-value>([^<\n]{3,200})</`, 0.85, false},
	{"named-value", "<name>", true, `(?i)<name>[^<\n]*(?:password|passwd|secret|token|secret\.key)</name>\s*<value>([^<\n]{3,200})</`, 0.85, false},
	{"vault-dev-token", "VAULT_DEV_ROOT_TOKEN_ID|-dev-root-token-id", true, `(?:VAULT_DEV_ROOT_TOKEN_ID["']?|-dev-root-token-id)[ =:]\s*` + arg, 0.85, false},
	{"relay-password", "]:587|]:465|]:25|]:submission", true, `\]:\w+\s+[^\s:]+:([^\s:]{3,80})`, 0.9, false},
	{"user-and-password", "-u |-U |--user |--username |--user=|--username=", true, `(?:-u|-U|--user(?:name)?)[ =][^\s-]\S*\s+(?:-p|-P|-pw|--pass(?:word)?)[ =]` + arg, 0.85, false},
	{"poetry-password", "http-basic.", true, `http-basic\.\S+\s+[^\s=:-]\S*\s+` + arg, 0.85, false},
	{"wireless-key", "iwconfig ", true, `iwconfig\s+\S+\s[^\n]*?\bkey\s+(?:s:)?` + arg, 0.85, false},
	{"hashed-literal", "password_hash(|hash_password(|make_password(|generate_password_hash(|hashpw(|bcrypt.hash(|hashSync(|bcrypt(", true, `[\w.]+\(\s*b?` + quotedArg, 0.8, false},
	{"created-user", "create_superuser(|create_user(|createUser(|create_admin(", true, `\w+\(\s*["'][^"'\n]{1,80}["']\s*,\s*["'][^"'\n@]{1,60}@[^"'\n]{1,80}["']\s*,\s*` + quotedArg, 0.85, false},
	{"sql-login", "sp_addlogin|sp_password", true, `(?i)sp_\w+\s+(?:@\w+\s*=\s*)?N?(?:'[^'\n]*'|NULL|\w+)\s*,\s*(?:@\w+\s*=\s*)?N?'([^'\n]{3,120})'`, 0.9, false},
	{"masked-in-logs", "::add-mask::", true, `::add-mask::([^\s"']{4,})`, 0.85, false},
	{"redis-user", "setuser ", true, `(?i)setuser\s+\S+\s[^\n]*?>([^\s"';]{3,})`, 0.9, false},
	{"switched-on", "switch (|switch(", true, `switch ?\(\s*\w*(?i:pin|password|passwd|passcode|pw)\w*\s*\)\s*\{?\s*case\s+` + quotedArg, 0.8, false},
	{"driver-call", "getConnection(|connect(", true, `\w+\(\s*[A-Za-z_][\w.]*\s*,\s*["'][^"'\n]{1,80}["']\s*,\s*` + quotedArg, 0.85, false},
	{"oauth-of-host", "oauth\":|token\":|bearer\":", true, `\w+"\s*:\s*\{\s*"[\w-]+(?:\.[\w-]+)+"\s*:\s*"([^"\s]{16,200})"`, 0.85, true},
	{"openssl-password", "openssl passwd ", true, `openssl passwd\s+(?:-\w+\s+)*["']?([^\s"'|;&<>()$-][^\s"'|;&<>()]{2,80})`, 0.85, false},
	{"drush-password", "user:password |user-password ", true, `user[:-]password\s+[^\s=:"']\S*\s+(?:--password=)?` + arg, 0.85, false},
	{"agent-token", "set-agent-token ", true, `set-agent-token\s+\S+\s+` + arg, 0.85, false},
	{"registry-login", "cargo login |npm login |owner login ", true, `\w+ login[ \t]+(?:--?\S+[ \t]+)*` + arg, 0.85, true},
	{"encrypted-string", "encrypt_string ", true, `encrypt_string\s+(?:--?\S+\s+)*` + arg, 0.85, false},
	{"snmp-user", "snmpwalk|snmpget|snmpset|snmpbulkwalk", true, `snmp\w+\b[^\n]*?\s-[AX]\s*` + arg, 0.9, false},
	{"httpie-auth", "http |https |xh ", true, `(?:https?|xh)\s[^\n]*?(?:-a|--auth)[ =](?:"[^"\n:]+:([^"\n]{3,})"|'[^'\n:]+:([^'\n]{3,})'|[^\s"':]+:([^\s"'|;&<>]{3,}))`, 0.9, false},
	{"redis-user-auth", "AUTH ", true, `AUTH [a-z][a-z0-9_-]{1,20} ([^\s"';]{4,80})[ \t]*(?:\n|$)`, 0.85, true},
	{"register-line", "register => |register=>", true, `register ?=> ?[^\s:@]+:([^\s:@]{3,80})@`, 0.9, false},
	{"bind-password", "bindpw ", true, `bindpw\s+` + arg, 0.85, false},
	{"vpn-auth", "auth-user-pass ", true, `auth-user-pass\s+[^\s/.]+\s+` + arg, 0.85, false},
	{"answer-file", "<password>", true, `(?i)<password>\s*<value>([^<\n]{3,200})</value>`, 0.9, false},
	{"setting-value", "<setting name=", true, `(?i)<setting name="[^"\n]*(?:key|pass|pwd|secret|token)[^"\n]*"[^>\n]*>\s*<value>([^<\n]{4,200})</value>`, 0.85, false},
	{"cipher-call", "openssl_encrypt(|openssl_decrypt(", true, `\w+\([^,\n]{1,60},\s*["'][\w-]+["']\s*,\s*` + quotedArg, 0.85, false},
	{"signed-with", ".signWith(", true, `.signWith\([\w.]+,\s*` + quotedArg, 0.8, false},
	{"stored-setting", "set value", true, `(?i)set value\s*=\s*["']([^"'\n]{6,200})["']\s+where\s+\w+\s*=\s*["'][^"'\n]*(?:key|pass|pwd|secret|token)[^"'\n]*["']`, 0.85, false},
	{"sip-account", "sip:|sips:", true, `sips?:[A-Za-z0-9_.+-]{1,40}:([^\s:@/;"'<>]{4,60})@[\w.-]+`, 0.9, false},
	{"printed-password", "printf ", true, `printf\s+["']([^"'\n\\]{3,80})(?:\\n|\n)[^"']{0,120}["']\s*\|\s*(?:sudo\s+)?(?:passwd|smbpasswd|cryptsetup|htpasswd)\b`, 0.85, false},
	{"oracle-connection", "system/|sysdba/|scott/|sys/|hr/|apps/", true, `\w+/([^\s@/"':]{4,40})@(?://)?[\w.-]+(?::\d+)?(?:/\w+)?(?:\s|$|["';)])`, 0.85, false},
	{"snmp-community", "snmp-server community", true, `(?i)snmp-server community\s+(\S{4,})`, 0.85, false},
}

type compiledForms struct {
	res   []*pattern.Pattern // form → pattern
	words *keyword.Set
	owner []int // word → form
}

var commandTable = sync.OnceValue(func() *compiledForms {
	t := &compiledForms{}
	var words []string
	for i, f := range forms {
		t.res = append(t.res, pattern.New(`\A(?:`+f.pattern+`)`))
		for _, w := range strings.Split(f.words, "|") {
			words = append(words, w)
			t.owner = append(t.owner, i)
		}
	}
	t.words = keyword.New(words)
	return t
})

// commandReach bounds, in bytes, how far behind its word a form may reach.
const commandReach = 400

// commands finds secrets in shell commands, headers, calls and settings of known form.
func commands(text string, out []match.Match, budget *match.Budget) []match.Match {
	t := commandTable()
	done := make([]int, len(forms))
	t.words.Each(text, func(h keyword.Hit) bool {
		i := t.owner[h.Word]
		if h.Start < done[i] || text[h.End-1] != '(' && h.Start > 0 && alnum(text[h.Start-1]) && alnum(text[h.Start]) && !(lower(text[h.Start-1]) && upper(text[h.Start])) {
			return true
		}
		if h.Start > 0 && text[h.Start] == '-' && (alnum(text[h.Start-1]) || text[h.Start-1] == '_') { // the tail of a name, no option
			return true
		}
		to := min(len(text), h.End+commandReach)
		if !budget.Spend(to - h.Start) {
			return false
		}
		m := t.res[i].FindStringSubmatchIndex(text[h.Start:to])
		if m == nil {
			return true
		}
		start, end := m[0], m[1]
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				start, end = m[g], m[g+1]
			}
		}
		start, end = h.Start+start, h.Start+end
		done[i] = end
		if forms[i].rule == "user-and-password" && plain(strings.ReplaceAll(text[start:end], "_", "")) && clients.Contains(text[max(0, h.Start-60):h.Start]) { // mysql -u root -p shop
			return true
		}
		if forms[i].rule == "option" && strings.HasSuffix(strings.TrimRight(text[h.Start:start], " ="), "-stdin") { // docker login --password-stdin registry.lan
			return true
		}
		if bracketed(text[end:]) { // --token=sha256~<your-token>
			return true
		}
		if commandValue(&forms[i], text[start:end]) && !(forms[i].rule == "basic-authorization" && end < len(text) && text[end] == '(') { // base64(client:secret)
			out = append(out, match.Match{Rule: forms[i].rule, Kind: match.Credential, Start: start, End: end, Confidence: forms[i].conf})
		}
		return true
	})
	return out
}

// clients are programs that ask for a password behind -p, so that what stands there is a database.
var clients = keyword.New([]string{"mysql", "mariadb", "psql", "pg_dump", "pg_restore"})

// bracketed reports whether s begins with words in angle brackets, joined by hyphens.
func bracketed(s string) bool {
	const longest = 60
	if len(s) < 3 || s[0] != '<' || !letter(s[1]) {
		return false
	}
	i := strings.IndexByte(s[:min(len(s), longest)], '>')
	return i > 1 && strings.Trim(strings.ToLower(s[1:i]), "abcdefghijklmnopqrstuvwxyz-_") == ""
}

// commandValue tells a secret from what only stands in its place.
func commandValue(f *form, s string) bool {
	if i := strings.IndexByte(s, ':'); f.rule == "curl-user" && i >= 0 {
		s = s[i+1:]
	}
	if f.rule == "database-call" && s == stockSecret {
		return true
	}
	if value.Placeholder(s) || value.Reference(s) && !((shells.Has(f.rule) || literals.Has(f.rule)) && dotted(s)) || named(s) || strings.HasPrefix(s, "-") || strings.HasPrefix(s, "<") || typeName(strings.Trim(s, "`")) {
		return false
	}
	if strings.HasSuffix(s, "]") && strings.Trim(s[:len(s)-1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" { // [--password PASS]
		return false
	}
	if f.random {
		return made(s)
	}
	if f.rule == "user-and-password" && (strings.Trim(s, "0123456789.:/abcdefghijklmnopqrstuvwxyz") == "" && strings.Trim(s[:1], "0123456789") == "" && (value.ShapeOf(s).Digit == len(s) || strings.ContainsAny(s, ":/")) || strings.Contains(s, "/")) { // a port, a path
		return false
	}
	if f.rule == "oracle-connection" && !(value.ShapeOf(s).Digit > 0 && value.ShapeOf(s).Lower+value.ShapeOf(s).Upper >= 3 && !value.Version(s)) { // user/tiger12@orcl; no path, no package
		return false
	}
	if f.rule == "vault-login" && member(s) { // vault login -method=userpass username=me
		return false
	}
	if f.rule == "redis-auth" { // AUTH PLAIN, AUTH RFC2554
		return made(s) || passwordLike(s) || phrased(s) || lower(s[0]) && value.ShapeOf(s).Digit > 0
	}
	if f.rule == "cisco-password" && strings.HasSuffix(s, "`") { // `Enable Secret autorotation` of a list of features
		return false
	}
	if plain(s) && (talk.Has(strings.ToLower(s)) || describes(s) && !shells.Has(f.rule) || f.rule == "cisco-password" || f.rule == "option" && len(s) < 6) {
		return false
	}
	if f.rule == "option" && s[0] == '(' && strings.Trim(s, "(#!)0123456789.,;:GHgh-") == "" { // Add --secret-service-collection (#539)
		return false
	}
	if f.rule == "option" && mount.MatchString(s) { // --secret id=npmrc,src=$HOME/.npmrc
		return false
	}
	return f.rule != "option" || made(s) || value.ShapeOf(s).Digit > 0 && !measured(s) || strings.ContainsAny(s, "!@#$%^&*")
}

// member reports whether s is a name and what it is set to: username=me.
func member(s string) bool {
	name, v, ok := strings.Cut(s, "=")
	return ok && v != "" && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// mount is where an option of a program that builds images takes a secret from.
var mount = pattern.New(`^(?:id|type|src|source|env|target)=[\w./$~-]+(?:,|$)`)

// named reports whether s is a word for a secret, in the place of one: P:パスワード;;.
func named(s string) bool {
	found := false
	for _, l := range []*lexicon{english(), japanese()} {
		l.set.Each(s, func(h keyword.Hit) bool {
			found = found || h.Start == 0 && h.End == len(s)
			return !found
		})
	}
	return found && !ascii(s)
}

// shells are the forms whose value can be nothing but a password, however it ends.
var shells = keyword.NewList(`root-password user-password sshpass smb-user mysql-password redis-password rdp-password ldap-password zip-password openssl-pass gpg-passphrase htpasswd curl-user wget-password mosquitto-password ssh-keygen-passphrase keychain-password net-use-password vault-login here-string stats-auth netrc putty-password ipmi-password lftp-password mail-password rabbitmq-password smbmap-password task-password sentinel-password secure-string echoed-password snmp-option sqlcmd-password require-password cisco-privileged identified-by sql-password sql-role ipsec-secret snmp-access isakmp-key poetry-password wireless-key redis-user sql-login openssl-password drush-password encrypted-string snmp-user httpie-auth register-line bind-password vpn-auth`)

// literals are the forms whose value is a string in quotes, so that a dot in it joins no names.
var literals = keyword.NewList(`driver-call hashed-literal created-user plain-auth auth-call credential-call bind-call auth-tuple database-call setter curl-option`)

// spelledOut reports whether s is words with a digit joined by dots: Kiefern.Nadel9.
func spelledOut(s string) bool {
	sh := value.ShapeOf(s)
	return sh.Digit > 0 && sh.Other == strings.Count(s, ".") && sh.High == 0 && !value.File(s)
}

// dotted reports whether s is words joined by dots that lead to nothing in a program: brass.monkey, Dandelion.Fluff, Kiefern.Nadel9.
func dotted(s string) bool { return value.Words(strings.ToLower(s)) || spelledOut(s) }

func made(s string) bool {
	sh := value.ShapeOf(s)
	return value.UUID(s) || value.Random(s) >= 0.5 && !value.Identifier(s) || sh.Hex && sh.Len >= 16 || sh.Digit >= 3 && sh.Lower+sh.Upper >= 4 && sh.Len >= 10 && !value.Identifier(s)
}

// A login said as a pair: "credentials for the builder: ship:walnut88", "admin login is admin / pepper-rocket".
var pairPattern = pattern.New(`\A(?i)(?:(?:credentials?|creds|logins?|log[- ]?in|logs in|sign[- ]?in|account|auth|access|ssh|connect|connects|rdp|vnc|ftp|sftp|smb|telnet|user ?/ ?pass(?:word)?|user:pass(?:word)?|id ?/ ?(?:pw|pass)|bind)\b|ログイン|アカウント|認証情報|接続情報|(?:BASIC|ベーシック)認証|引き?継ぎ)[^\n.;]{0,60}?(?:\bis(?: still| now| currently)?\b|\bare\b|\bwas\b|:|=|->|→|\]|\bas\b|\bw/|\bwith\b|\busing\b|は|[(\[])\s*["'` + "`" + `]?([A-Za-z0-9._@+\\-]{2,60})["'` + "`" + `]?(?: / |/|:| : |: |、| \| |, | and | with | plus | then | \+ |と|\n)\s*["'` + "`" + `]?([^\s"'` + "`" + `,;。、」)]{3,80})`)

var pairWords = keyword.New([]string{"credential", "creds", "認証情報", "接続情報", "BASIC認証", "Basic認証", "basic認証", "ベーシック認証", "引き継ぎ", "引継ぎ", "login", "log in", "log-in", "logs in", "sign in", "sign-in", "signin", "account", "ログイン", "アカウント", "auth", "access", "ssh", "connect", "rdp", "vnc", "ftp", "sftp", "smb", "telnet", "user/pass", "user:pass", "id/pw", "id/pass", "bind"})

func pairs(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	pairWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done {
			return true
		}
		if h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start]) {
			return true
		}
		to := min(len(text), h.End+180)
		if !budget.Spend(2 * (to - h.Start)) {
			return false
		}
		m := pairPattern.FindStringSubmatchIndex(text[h.Start:to])
		if m == nil {
			return true
		}
		user, start, end := text[h.Start+m[2]:h.Start+m[3]], h.Start+m[4], h.Start+m[5]
		s := strings.TrimRight(text[start:end], ".!?]")
		if !pairValue(text, user, s, h.Start+m[3], h.Start+m[0]) || value.Otherwise(text, start, start+len(s)) >= value.Strong && !passwordLike(s) && !(hexadecimal(s) && accounts.Has(strings.ToLower(user)) && strings.HasPrefix(text[h.Start+m[3]:], " / ")) || text[start-1] == '/' && value.Pull(s) {
			return true
		}
		done = end
		out = append(out, match.Match{Rule: "login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.8})
		return true
	})
	return out
}

// hexadecimal reports whether s is digits and letters of hexadecimal, no longer than what people take for a password.
func hexadecimal(s string) bool {
	const longest = 16
	sh := value.ShapeOf(s)
	return sh.Hex && sh.Digit > 0 && sh.Lower+sh.Upper > 0 && len(s) <= longest
}

// joinedByWord reports whether user and password are joined by a word that joins much else: root with Gr4nite.
func joinedByWord(s string) bool {
	return hasAnyPrefix(strings.TrimLeft(s, "\"'`"), []string{" with ", " plus ", " then ", " + "})
}

func pairValue(text, user, s string, sepAt, from int) bool {
	sh := value.ShapeOf(s)
	spaced := sepAt+2 < len(text) && strings.Contains(text[sepAt:min(len(text), sepAt+4)], " / ")
	if value.Placeholder(s) || value.Reference(s) && !(spaced && value.Words(s)) || measured(s) || s[0] == '#' && sh.Digit == sh.Len-1 || sh.Digit == sh.Len && (strings.Contains(user, ".") || sh.Len < 6) && !(address(user) && sh.Len >= 4) || notUsers.Has(strings.ToLower(user)) {
		return false
	}
	if joinedByWord(text[sepAt:]) && !passwordLike(s) && !(address(user) && (sh.Digit > 0 && sh.Upper > 0 && sh.Lower >= 3 || phrased(s))) {
		return false
	}
	if strings.ContainsAny(s, "<>") || strings.Contains(s, "://") || strings.HasPrefix(s, "//") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "--") || strings.Contains(strings.ToLower(text[max(0, from-12):sepAt]), "e.g") {
		return false
	}
	if plain(s) && (describes(s) || len(s) < 4) || sh.High > 0 && (sh.Digit == 0 || strings.ContainsAny(s, "（(")) {
		return false
	}
	strong := sh.Digit > 0 && sh.Lower+sh.Upper > 0 || strings.ContainsAny(s, "!@#$%^&*") || strings.Count(s, "-") >= 2
	if text[sepAt] == '\n' {
		return passwordLike(s)
	}
	if strings.HasPrefix(text[sepAt:], " and ") || strings.HasPrefix(text[sepAt:], ", ") || strings.HasPrefix(text[sepAt:], "と") {
		return (sh.Digit > 0 && sh.Lower+sh.Upper > 0 || mixedWords(s) || address(user) && phrased(s)) && !technical(s) && (strings.Contains(user, "@") || mixedWords(s) || (sh.Upper > 0 || sh.Other > 0) && !value.Identifier(s))
	}
	if strings.EqualFold(text[from:min(len(text), from+len("cred"))], "cred") && accounts.Has(strings.ToLower(user)) && strings.IndexByte(":/", text[sepAt]) >= 0 && plain(s) { // credentials for the shop: admin:raspberry
		return len(s) >= 6 && !describes(s) && !meta.Has(strings.ToLower(s)) && !roles.Has(strings.ToLower(s))
	}
	return strong && !(value.Identifier(s) && sh.Digit > 0 && strings.Contains(user, "/")) || (spaced || address(user) && strings.IndexByte(":/", text[sepAt]) >= 0 && plain(s)) && !describes(s) && text[sepAt] != ','
}

// address reports whether a user is told by an address: sales@corp.io.
func address(user string) bool {
	at := strings.IndexByte(user, '@')
	return at > 0 && strings.Contains(user[at:], ".")
}

// notUsers are words in the place of a user that make a pair something else: "login: username / password".
var notUsers = keyword.NewList(`credential credentials creds login account auth access username user name password pass email e-mail id the a an your my our http https token key and or not read write get post on off yes no true false v1 v2`)

// A login said without any word for it: "root/Triangle99", "it's admin/Winter-2".
var barePair = pattern.New(`(?i)(?:^|[\s("'` + "`" + `])(?:root|admin|administrator|guest|sa|postgres|ubuntu|ec2-user|oracle|mysql|sysadmin|superuser|operator|jenkins|deploy|pi|user|ops|svc|test)(?:/| / |: ?)([^\s"'` + "`" + `,;/、。)]{5,60})`)

// asLogin says behind a pair that it is one.
var asLogin = pattern.New(`^["'` + "`" + `]? as (?:the |its |their |a )?(?:login|logins|credentials|creds)\b`)

var barePairWords = keyword.New([]string{"root", "admin", "administrator", "guest", "sa", "postgres", "ubuntu", "ec2-user", "oracle", "mysql", "superuser", "operator", "jenkins", "deploy", "pi", "user", "ops", "svc", "test"})

func barePairs(text string, out []match.Match, budget *match.Budget) []match.Match {
	done := 0
	barePairWords.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || h.End >= len(text) || text[h.End] != '/' && text[h.End] != ':' && !strings.HasPrefix(text[h.End:], " / ") {
			return true
		}
		from := max(0, h.Start-1)
		if h.Start > 0 && alnum(text[from]) && !strings.HasSuffix(strings.ToLower(text[max(0, h.Start-3):h.Start]), "sys") {
			return true
		}
		if before := text[max(0, h.Start-5):h.Start]; strings.HasSuffix(before, "run ") || strings.HasSuffix(before, "yarn ") || strings.HasSuffix(before, "pnpm ") { // pnpm run test:browser-e2e
			return true
		}
		if !budget.Spend(80) {
			return false
		}
		m := barePair.FindStringSubmatchIndex(text[from:min(len(text), h.End+80)])
		if m == nil || from+m[0] > h.Start { // the pattern begins with what stands before the word
			return true
		}
		start, end := from+m[2], from+m[3]
		s := strings.TrimRight(text[start:end], ".:")
		sh := value.ShapeOf(s)
		if strings.HasSuffix(text[from:start], ": ") && !(chiefs.Has(strings.ToLower(strings.Trim(text[from:start], " (\"'`:\n"))) && passwordLike(s)) { // root: Velvet@840
			return true
		}
		if mixedWords(s) || chiefs.Has(strings.ToLower(strings.Trim(text[from:start], " (\"'`:\n"))) && byHand(text, start, start+len(s)) || alone(text, from, end) && sh.Digit >= 2 && sh.Lower >= 4 && sh.Lower+sh.Digit == sh.Len && !value.Numbered(s) && value.Otherwise(text, start, start+len(s)) == value.None {
			done = end
			out = append(out, match.Match{Rule: "bare-login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.66})
			return true
		}
		if chief := strings.ToLower(text[h.Start:h.End]); text[h.End] == ':' && chiefs.Has(chief) && sh.Digit >= 3 && sh.Lower+sh.Upper >= 1 && sh.Other == 0 && len(s) >= 8 && len(s) <= 24 && !value.Numbered(s) && (h.Start == 0 || strings.IndexByte(" \n", text[from]) >= 0) && !strings.HasSuffix(text[from:start], " ") { // admin:08cdfa0df3 works
			done = end
			out = append(out, match.Match{Rule: "bare-login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.66})
			return true
		}
		said := asLogin.MatchString(text[end:min(len(text), end+32)]) && sh.Lower == sh.Len && !describes(s) && !roles.Has(s) // admin:intranet as login
		bang := strings.Contains(text[from:start], " / ") && strings.ContainsAny(text[start:end], "!#$%&*")
		if sh.Digit == 0 && !bang && !said || sh.Lower+sh.Upper < 3 || sh.Upper == 0 && sh.Other == 0 && !said && !(sh.Digit >= 2 && strings.Contains(text[from:start], " / ")) || value.Reference(s) && !bang || value.Placeholder(s) || measured(s) || technical(s) || value.Versioned(s) || value.Digest(s) ||
			strings.Contains(s, "@") && strings.Contains(s, ".") || strings.ContainsAny(s, "=()<>{}:") {
			return true
		}
		done = end
		out = append(out, match.Match{Rule: "bare-login-pair", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.65})
		return true
	})
	return out
}

// chiefs are accounts that a colon and a space may part from their password.
var chiefs = keyword.NewList(`root admin administrator postgres sa`)

// alone reports whether nothing but space stands on the line of what lies between from and end.
func alone(text string, from, end int) bool {
	return opensLine(text, from, " \t\r") && endsLine(text, end)
}
