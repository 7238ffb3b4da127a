package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// talk holds words that follow "the password is" when someone talks about passwords instead of telling one.
var talk = keyword.NewList(`a an the this that these those my your our his her its their it he she we they you i not never no always only also still now then already too very so
	as at by for from in into of off on onto or out over per than to under up upon via with within without and but if because when where while until unless
	after before during since between be been being is are was were am do does did done has have had having can could may might must shall should will would
	incorrect correct invalid valid wrong right required optional mandatory missing present absent empty blank null undefined unknown known secret private public
	weak strong safe unsafe secure insecure long short hidden visible plain plaintext clear cleartext new old same different unique random temporary permanent default
	static dynamic available unavailable expired stale fresh due set unset kept held stored saved hashed salted encrypted decrypted encoded decoded sent shown
	used reused rotated changed reset revoked leaked lost found gone given taken read written printed logged exposed compromised protected checked verified validated
	compared generated created deleted removed replaced updated passed supplied provided entered typed asked needed managed handled loaded fetched obtained
	injected mounted masked redacted omitted ignored accepted rejected denied allowed forbidden prohibited limited restricted shared synced cached
	well good bad ok okay fine better best worst easy hard simple complex trivial important critical essential sensitive confidential just simply
	one two three four five six seven eight nine ten twice once again some any all each every both either neither none more less most least many few several enough
	what who how why which whatever something anything nothing everything here there everywhere nowhere somewhere elsewhere inside outside
	used-by case-sensitive characters chars digits bytes letters words days hours minutes seconds ms bits times true false yes about above below
	at-least minimum maximum max min up-to based bound tied part subject prone likely unlikely able unable supposed meant intended designed
	auth token key password user username bearer text string type value field input number integer boolean object array list map struct class function method
	http https json xml yaml base64 hex utf-8 sha256 sha1 md5 bcrypt argon2 argon2id scrypt pbkdf2 hmac rsa aes jwt oauth oauth2 saml oidc ldap kerberos
	vault kms aws azure gcp github gitlab keychain keyring 1password bitwarden lastpass env environment variable config configuration settings file server client
	database db cookie session header url uri query body request response form page screen dialog prompt admin root service api app application
	policy policies requirement requirements rule rules field fields hash hashes manager managers reset resets history strength length complexity expiry expiration rotation
	validation authentication authorization verification confirmation protection storage handling management entry input box prompt hint hints checker check checks
	it's its don't doesn't isn't won't can't cannot let lets see use uses using make makes need needs want wants get gets go goes come comes
	enabled disabled active inactive visible optional locked unlocked open closed ready done complete incomplete pending failed failing successful
	longer shorter stronger weaker older newer larger smaller greater higher lower tbd todo fixme wip n/a na sample demo example placeholder redacted
	normal normally usually typically often sometimes rarely generally currently previously later soon today tomorrow yesterday
	defaults contains appears comes holds gives lives needs takes works fails returns expires changes matches refers belongs stays remains goes means depends exists resides applies requires supports allows provides consists
	falsch richtig korrekt vergessen gespeichert erforderlich abgelaufen ungültig verschlüsselt geändert incorrecta incorrecto correcta correcto obligatoria obligatorio guardada guardado cifrada cifrado olvidada olvidado oublié oubliée incorrecte invalide requis requise obligatoire stocké stockée haché hachée
	like unlike similar equal equivalent identical irrelevant relevant useful useless vulnerable resistant immune susceptible eligible
	passkey passkeys sso webauthn certificate certificates biometrics fingerprint mtls
	unclear fake dummy fictional made-up random stolen broken chosen sold bought stole swapped guessed
	us them him me one's everyone anyone nobody somebody someone people users admins developers attackers clients servers
	in-memory read-only write-only one-time single-use short-lived long-lived hard-coded hardcoded built-in opaque transparent
	kept-in recovered retrieved transmitted submitted received returned issued granted signed unsigned scoped bearer-type fixed broken leaking legacy lived deprecated`)

// talkSuffixes end words that describe: "is stored", "is expiring", "is changeable".
var talkSuffixes = []string{"ed", "ing", "able", "ible", "ally", "ly", "ive", "ous", "ful", "less", "tion", "sion", "ment", "ness", "ity", "ized", "ised", "ent", "ant", "wn", "ten", "ept", "al"}

// Describes reports whether a plain word describes a secret instead of being one: stored, optional, case-sensitive.
func Describes(w string) bool { return describes(w) }

// Meta reports whether a word behind one for a secret makes both the name of something about it: renewal, widget.
func Meta(w string) bool { return meta.Has(w) }

// Harmless reports whether a name says that what it holds is no secret: public_key, issuerKeyHash, key_name.
func Harmless(name string) bool {
	parts := nameParts(name)
	for i, w := range parts {
		if openNames.Has(w) || i == len(parts)-1 && i > 0 && meta.Has(w) {
			return true
		}
	}
	return false
}

// describes reports whether a plain word describes a secret instead of being one.
func describes(w string) bool {
	written := strings.Trim(w, "'\"`*_()[]{}.,;:!?")
	w = strings.ToLower(written)
	if talk.Has(w) {
		return true
	}
	parts := strings.Count(w, "-") + 1
	if mixedWords(written) || parts >= 3 && written != w && plain(strings.ReplaceAll(w, "-", "")) && capitals(written) { // Crab-Eagle-Cookie
		return false
	}
	if i := strings.LastIndexByte(w, '-'); i >= 0 && plain(strings.ReplaceAll(w, "-", "")) { // auto-generated, case-sensitive
		last := w[i+1:]
		if talk.Has(last) || suffixed(last) && !notTalk.Has(last) && (parts < 3 || hasAnySuffix(last, "ed", "able", "ible", "ised", "ized")) {
			return true
		}
	}
	if a, b, ok := strings.Cut(w, "+"); ok && plain(a) && plain(b) { // computed+optional
		return describes(a) && describes(b)
	}
	return len(w) >= 5 && plain(w) && suffixed(w) && !notTalk.Has(w)
}

// capitals reports whether each part of a hyphenated word begins with a capital, and is no small word of a title.
func capitals(w string) bool {
	for _, p := range strings.Split(w, "-") {
		if len(p) < 3 || !upper(p[0]) || strings.ToLower(p[1:]) != p[1:] {
			return false
		}
	}
	return true
}

func suffixed(w string) bool {
	for _, s := range talkSuffixes {
		if len(w) > len(s)+1 && strings.HasSuffix(w, s) {
			return true
		}
	}
	return false
}

// notTalk are names and things that end like descriptions, and that people do use as passwords.
var notTalk = keyword.NewList(`firefly bumblebee nightingale sterling duckling dumpling pudding wedding kitten animal metal crystal royal festival cathedral coral medal petal canal signal general admiral arsenal carnival cereal journal hospital oval pedal rival sandal mammal jackal narwhal bengal senegal nepal portugal montreal capital vidal pascal marshal elephant diamant dragonfly butterfly lightning family italy monday morning spring string king wing ring sting viking kingkong garden chicken
	heaven seven eleven raven golden queen sweden eden brandy candy lovely billy kelly emily holly molly jelly olive love clive steve city kitty unity trinity`)

// meta are the words which, after a cue, make it the name of something about a secret: token_count, passwordPolicy.
var meta = keyword.NewList(`id ids name names url uri urls path paths file files filename dir directory folder length len size sizes type types field fields policy policies hash hashes hashed
	hasher hashing expiry expires expire expiration expired ttl header headers prefix suffix param params parameter count counts limit limits max min label labels hint hints
	placeholder format regex regexp pattern validator validate validation required enabled disabled rotation age variable var env ref refs reference arn alias
	location store storage manager provider service endpoint version versions algorithm algo alg strength reset confirm changed last created updated error errors message
	title prompt script command cmd eval set manager rules rule check checks checker usage used use uses valid invalid missing index idx column col row table schema
	encoding encoder decoder parser scanner detector filter plugin list map pool cache queue handler middleware factory builder generator interface class struct
	input form page screen view button box icon mode style color support option options opt flag flags info details status state event events callback listener
	request response exchange flow grant scope scopes audience issuer bucket budget window stream position offset ring chain pair frame board word words press pressed down up
	stroke note notes point points selector code codes source sources group groups setting settings config configuration key_id keyid budget price cost rate based
	less auth vault safe locker holder owner owners protected protection recovery recover forgot forgotten change changer update updater
	metadata data kind category section space padding iterations rounds bits bytes chars characters charset alphabet complexity history attempts attempt
	renewal renewals fixture fixtures tutorial tutorials widget widgets dialog dialogs wizard api apis sdk library libraries module modules package packages feature features integration integrations plugin plugins
	example examples guide guides docs documentation overview introduction migration sync sharing exposure leak leaks leakage breach breaches theft reuse guessing spraying stuffing cracking attack attacks
	hygiene management lifecycle generation agreement derivation wrapping ceremony escrow keygen generators entropy strengths`)

// plain reports whether w is letters only.
func plain(w string) bool {
	for i := 0; i < len(w); i++ {
		if !letter(w[i]) {
			return false
		}
	}
	return w != ""
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func lower(c byte) bool  { return c >= 'a' && c <= 'z' }
func upper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func alnum(c byte) bool  { return letter(c) || digit(c) }
func space(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
