package saying

import "testing"

// TestHardCoded reads passwords that programs hold in their source, beside what looks nearly alike and holds none.
func TestHardCoded(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want bool
	}{
		"compared":                            {`if creds.Secret != "open-heron" {`, true},
		"compared, the string first":          {`if ("Tango-Fox-12" == password) {`, true},
		"compared, first and another type":    {`if ("s3same!heron" !== secret)`, true},
		"a user of a database":                {`GRANT ALL ON shop.* TO 'shop'@'localhost' IDENTIFIED BY 'shopping';`, true},
		"a role of a database":                {`ALTER ROLE app PASSWORD 'shopping';`, true},
		"a role that is told one":             {`ALTER ROLE app PASSWORD '$1';`, false},
		"a role with a template":              {`CREATE USER app WITH PASSWORD '<password>';`, false},
		"compared with nothing":               {`if ("" == password) {`, false},
		"compared with a term":                {`if secret != "same-origin" {`, false},
		"compared with a kind":                {`if kind == "secret" {`, false},
		"two words and a mark":                {"JWT:\n  secret: \"garden#billing\"", true},
		"a route":                             {`post 'password' => 'users#reset_password'`, false},
		"a variable's default, a word":        {`POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-sturmh4ube}`, true},
		"a variable's default, of Spring":     {`spring.datasource.password=${DB_PW:brombeer3}`, true},
		"a default that is no password":       {`KEY_TYPE=${KEY_TYPE:-ed25519}`, false},
		"a fallback in Rust":                  {`let key = std::env::var("API_KEY").unwrap_or("f00d-b4r-9921".to_string());`, true},
		"a fallback in Rust that is none":     {`let key = std::env::var("API_KEY").unwrap_or("".to_string());`, false},
		"many marks":                          {`password = "q{{w}e)r${t]y(u[i>-_$#plumtree}}"`, true},
		"a template":                          {`password = "{{ vault_db_password }}"`, false},
		"a template in quotes":                {`token = "Bearer ${token}"`, false},
		"a connection of three strings":       {`new DirectoryEntry("LDAP://10.10.10.1", "domain\user", "secret")`, true},
		"a login at home":                     {"postgresql://user:secret@localhost/db", true},
		"an example of a login":               {"mysql://user:secret@example.com/db", false},
		"a proxy's example":                   {"http://user:pass@proxy:8080", false},
		"no login but a mail address":         {"https://mailto:johnny@heron.org", false},
		"an expression for logins":            {`re.compile(r'^.*?://[^:]+:(.*?)@.*?$')`, false},
		"bytes with types":                    {"byte[] secretKey = new byte[] {(byte)0x8f, (byte)0x3a, (byte)0x11, (byte)0x9c, (byte)0x7e, (byte)0x02, (byte)0xd4, (byte)0x6b};", true},
		"bytes in decimal":                    {"Secret: []byte{33, 9, 100, 114, 245, 164, 134, 217, 225, 26, 0, 172, 39, 248}", true},
		"bytes of several bases":              {`#define AESKEY {0x35, 0x34, 0x65, 0x9b, 0x1c, 0x2e, 023, 010, 041, 033}`, true},
		"numbers":                             {"key_indices = [201, 14, 88, 132, 9, 77, 250, 31, 190, 66, 12, 143]", false},
		"bytes in order":                      {"var keyTable = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200}", false},
		"one value again and again":           {"byte[] key = new byte[] {(byte)0x11, (byte)0x11, (byte)0x11, (byte)0x11, (byte)0x11, (byte)0x11, (byte)0x11, (byte)0x11};", false},
		"labels":                              {`usernameLabel:"Username or email:",passwordLabel:"Password:",rememberMeLabel:"Remember me:"`, false},
		"a command's output":                  {"SUMO_ACCESS_KEY=`etcdctl get /sumologic_secret`", false},
		"a variable's path":                   {"RESET_URL_PASSWORD=$BASE_URL/classroom/#/forgot_password", false},
		"a variable of Symfony":               {"db_password: '%env(DB_SECRET_VALUE)%'", false},
		"strings joined":                      {`echo 'password = '.$p['config']['daemon_password']."\n";`, false},
		"a digest's name":                     {"user.set_password Digest::SHA256.hexdigest pwtext", false},
		"a login without a password":          {"vault login -method=userpass username=my-username", false},
		"a place for a token behind its mark": {"oc login --token=sha256~<some-token-here> --server=localhost", false},
		"a connection of keys and values":     {`psycopg2.connect("dbname=suppliers user=postgres password=postgres")`, true},
		"such a connection in its place":      {`connect("user=username password=password dbname=mydb")`, false},
		"such a connection of variables":      {"user=$USER password=$PASSWORD host=db", false},
		"a token as user":                     {"https://9acf34ff1e738bcd6d5d" + "af102a8cfcb8a158e44e:x-oauth-basic@heron.org/x.git", true},
		"a variable as user":                  {"https://$HERON_TOKEN:x-oauth-basic@heron.org/x.git", false},
		"a format":                            {`fmt.Sprintf("postgres://%s:%s@%s:%d/%s", user, pass, host, port, db)`, false},
		"a row":                               {"INSERT INTO users (name, password) VALUES ('bob', 'sonnenblume');", true},
		"a row with a token":                  {"insert into credentials(service, token) values('ai21', 'ec2e14e9-0309-459b-" + "ba76-1e59e1f42b87');", true},
		"a row behind a call":                 {"INSERT INTO t (at, token) VALUES (now('x', 1), '9f8e7d6c5b4a3029" + "182736455463728a')", true},
		"a row with ids":                      {"INSERT INTO sessions (id, user_id) VALUES ('ec2e14e9-0309-459b-ba76-1e59e1f42b87', 7);", false},
		"a row with a key of a cache":         {"INSERT INTO cache (cache_key, etag) VALUES ('home', 'ec2e14e9-0309-459b-ba76-1e59e1f42b87');", false},
		"a row of places":                     {"INSERT INTO users (name, password) VALUES (?, ?);", false},
		"a row of names":                      {"INSERT INTO users (name, password) VALUES ('username', 'password');", false},
		"a row with a hash to come":           {"INSERT INTO users (name, password) VALUES ('bob', crypt('x', gen_salt('bf')));", false},
		"a token as curl's user":              {"curl -u 9f8e7d6c5b4a3029" + "182736455463728a: https://api.heron.org/v2/", true},
		"a variable as curl's user":           {"curl -u ${STRIPE_SECRET_KEY_FROM_ENV}: https://api.heron.org", false},
		"a name as curl's user":               {"curl -u administrator-account: https://api.heron.org", false},
		"a scope behind a port":               {`"resolved": "http://localhost:4873/@heron%2fb/-/b-2.0.0.tgz"`, false},
		"a password with a slash":             {"postgres://app:18/Oct@db.heron.org/x", true},
	} {
		t.Run(name, func(t *testing.T) {
			if ms := Scan(tc.text); (len(ms) > 0) != tc.want {
				t.Errorf("found %v in %q, want %v", ms, tc.text, tc.want)
			}
		})
	}
}
