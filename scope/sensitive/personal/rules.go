package personal

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
)

// Separators as people write them inside numbers.
const sep = `[ .\-/:]?`

// japaneseForms, between a cue and a number, make it one of a form or of a sample.
var japaneseForms = keyword.New([]string{"例", "形式", "桁", "入力", "サンプル", "ダミー", "以上", "半角", "テスト"})

// identityRules are national identity, tax and travel documents. With a cue the shape is enough: people mistype, and test
// data seldom has right check digits. Without a cue a check digit or a telling shape is asked for.
var identityRules = []rule{
	{name: "us-ssn", kind: match.Personal, cues: []string{"ssn", "social security", "social-security", "soc sec", "社会保障番号"}, pattern: `\d{3}[ .\-]?\d{2}[ .\-]?\d{4}`, check: usSSN, shapes: []string{"999-99-9999", "999 99 9999"}, alone: usSSN, conf: 0.95},
	{name: "us-ssn-last4", kind: match.Personal, cues: []string{"ssn", "social security number", "social"}, pattern: `(?i)(?:last (?:four|4)|ends? (?:in|with)|ending(?: in)?)[^\d\n]{0,30}(\d{4})`, conf: 0.85},
	{name: "us-itin", kind: match.Personal, cues: []string{"itin", "taxpayer identification", "taxpayer id", "tax id"}, pattern: `9\d{2}[ .\-]?\d{2}[ .\-]?\d{4}`, check: usITIN, shapes: []string{"999-99-9999"}, alone: usITIN, conf: 0.9},
	{name: "us-ein", kind: match.Personal, cues: []string{"ein", "employer identification", "federal tax id"}, pattern: `\d{2}-?\d{7}`, conf: 0.8},
	{name: "jp-my-number", kind: match.Personal, cues: []string{"マイナンバー", "個人番号", "my number", "mynumber", "individual number"}, pattern: `\d{4}[ \-]?\d{4}[ \-]?\d{4}`, valid: myNumber, conf: 0.95},
	{name: "jp-health-insurance", kind: match.Health, cues: []string{"保険証", "被保険者", "保険者番号", "健康保険"}, pattern: `(?:[^\d\n]{0,12})(\d{2,8}[ \-・]\d{3,8}|\d{4,8}(?:[ \-・]?\d{1,8})?)`, conf: 0.85},
	{name: "jp-health-insurance", kind: match.Health, cues: []string{"記号番号", "記号・番号", "記号及び番号"}, pattern: `(?:[^\d\n]{0,12})(\d{1,8}[ \-・]\d{1,8})`, conf: 0.85},
	{name: "jp-employment-insurance", kind: match.Personal, cues: []string{"雇用保険"}, pattern: `\d{4}[ \-]?\d{6}[ \-]?\d`, conf: 0.9},
	{name: "jp-pension-number", kind: match.Personal, cues: []string{"基礎年金番号", "年金番号", "年金手帳", "厚生年金", "国民年金"}, pattern: `\d{4}-?\d{6}`, conf: 0.9},
	{name: "jp-residence-card", kind: match.Personal, cues: []string{"在留カード", "residence card"}, pattern: `[A-Za-z]{2}\d{8}[A-Za-z]{2}`, conf: 0.9},
	{name: "jp-driving-licence", kind: match.Personal, cues: []string{"運転免許", "免許証", "免許番号"}, pattern: `\d{2}[ \-]?\d{2}[ \-]?\d{6}[ \-]?\d{2}|\d{12}|\d{4}[ \-]\d{4}[ \-]\d{4}`, conf: 0.9},
	{name: "jp-membership", kind: match.Personal, cues: []string{"社員番号", "職員番号", "従業員番号", "学籍番号", "学生番号", "学生証番号", "会員番号", "受験番号", "お客様番号", "住民票コード", "受給者番号", "介護保険"},
		pattern: `^[^\s\d、。]{2,6}(?:の番号)?(?:は|:|：|が| |「){1,3}([A-Za-z]{0,3}-?\d{4,12}(?:-\d{1,6})?)\b`, refuse: japaneseForms, conf: 0.75},
	{name: "passport", kind: match.Personal, cues: []string{"passport", "パスポート", "旅券", "reisepass", "passeport", "pasaporte", "passaporto", "护照", "여권", "travel document"}, pattern: `\b(?:[A-Za-z]\d{3}[A-Za-z]\d{4}|[A-Za-z]{0,3}\d{6,9}[A-Za-z]?|[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}\d?)\b`, check: func(s string) bool { return countDigits(s) >= 3 }, conf: 0.9},
	{name: "driving-licence", kind: match.Personal, cues: []string{"driver's license", "drivers license", "driver license", "driving licence", "driving license", "driver's licence", "driver licence",
		"license number", "licence number", "dl number", "dl no", "dl#", "my dl", "his dl", "her dl", "dl is", "dl:", "führerschein", "fahrerlaubnis", "licence:", "license:", "permis de conduire", "patente", "permiso de conducir", "rijbewijs", "cnh"},
		unless:  keyword.New([]string{"copyright", "©", "spdx", "redistribut", "public license", "general public", "license: bsd", "license: gpl", "license: mit", "license: apache", "licence: mit", "licence: bsd", "licence: apache", "licence: gpl", "license: mpl", "licence: mpl", "open source", "opensource"}),
		pattern: `\b[A-Za-z]{0,5}[ \-]?\d{1,4}(?:[ \-]?[\dA-Za-z]{2,6}){1,4}\b|\b[A-Z]\d{6,14}\b`, check: func(s string) bool { return len(s) >= 6 && countDigits(s) >= 5 }, conf: 0.8},
	{name: "uk-nino", kind: match.Personal, cues: []string{"national insurance", "nino", "ni number", "n.i. number"}, pattern: `(?i)\b[A-Z]{2}[ \-]?\d{2}[ \-]?\d{2}[ \-]?\d{2}[ \-]?[A-D]?\b`, shapes: []string{"AA999999A", "AA 99 99 99 A"}, alone: ukNINO, conf: 0.9},
	{name: "uk-utr", kind: match.Personal, cues: []string{"utr", "unique taxpayer"}, pattern: `\d{5} ?\d{5}`, conf: 0.8},
	{name: "es-nif", kind: match.Personal, cues: []string{"nif", "dni", "nie", "documento nacional", "cédula", "identidad"}, pattern: `(?i)\b(?:\d{7,8}|[XYZ][ \-]?\d{7})[ \-]?[A-Z]\b`, shapes: []string{"99999999A", "99999999-A", "A9999999A", "A-9999999-A"}, alone: esNIF, conf: 0.9},
	{name: "it-fiscal-code", kind: match.Personal, cues: []string{"codice fiscale", "fiscal code", "cod. fisc", "c.f."}, pattern: `(?i)\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b`, shapes: []string{"AAAAAA99A99A999A"}, alone: itFiscalCode, conf: 0.95},
	{name: "it-vat", kind: match.Personal, cues: []string{"partita iva", "p. iva", "p.iva", "piva"}, pattern: `(?:IT)?\d{8}_?\d{3}`, conf: 0.8},
	{name: "it-identity-card", kind: match.Personal, cues: []string{"carta identita", "carta di identita", "carta d'identità", "carta di identità", "carta identità", "identity card", "id card", "carta d'identita"}, pattern: `(?i)\b(?:[A-Z]{2} ?\d{7}|\d{7}[A-Z]{2}|[A-Z]{2}\d{5}[A-Z]{2})\b`, conf: 0.85},
	{name: "it-driving-licence", kind: match.Personal, cues: []string{"patente"}, pattern: `(?i)\b(?:[A-Z]{2}\d{7}[A-Z]|U1\w{7}[A-Z])\b`, conf: 0.85},
	{name: "pl-pesel", kind: match.Personal, cues: []string{"pesel"}, pattern: `\d{11}`, valid: plPESEL, conf: 0.9},
	{name: "fi-hetu", kind: match.Personal, cues: []string{"henkilötunnus", "hetu", "henkilötunnukseni", "sotu", "finnish personal"}, pattern: `(?i)\b\d{6}[+\-A-FU-Y]?\d{3}[0-9A-Z]\b`, shapes: []string{"999999-999A", "999999-9999", "999999+999A", "999999A999A", "999999A9999"}, alone: fiHETULong, conf: 0.9},
	{name: "kr-rrn", kind: match.Personal, cues: []string{"rrn", "resident registration", "주민등록번호", "주민번호", "foreigner registration", "alien registration", "외국인등록번호", "frn"}, pattern: `\d{6}[ \-]?\d{7}`, shapes: []string{"999999-9999999"}, alone: krRRNCentury, valid: krRRNChecked, conf: 0.9},
	{name: "kr-passport-licence", kind: match.Personal, cues: []string{"business registration", "korean driver", "운전면허", "여권번호", "사업자등록번호", "brn"}, pattern: `[A-Z]?\d{2,3}[ \-]?\d{2,6}[ \-]?\d{2,6}(?:[ \-]?\d{2})?`, conf: 0.85},
	{name: "cn-resident-id", kind: match.Personal, cues: []string{"身份证", "resident identity", "identity card number", "公民身份"}, pattern: `\d{17}[\dXx]`, shapes: []string{"999999999999999999", "99999999999999999A"}, alone: cnResidentID, conf: 0.95},
	{name: "tw-id", kind: match.Personal, cues: []string{"身分證", "taiwan id", "national id"}, pattern: `\b[A-Z][12]\d{8}\b`, shapes: []string{"A999999999"}, alone: twID, conf: 0.9},
	{name: "hk-id", kind: match.Personal, cues: []string{"hkid", "hong kong id", "香港身份證"}, pattern: `\b[A-Z]{1,2}\d{6}\([\dA]\)|\b[A-Z]{1,2}\d{6}[\dA]\b`, conf: 0.9},
	{name: "sg-nric", kind: match.Personal, cues: []string{"nric", "fin", "singapore id"}, pattern: `(?i)\b[A-Z]\d{7}[A-Z]\b`, shapes: []string{"A9999999A"}, alone: sgNRIC, conf: 0.9},
	{name: "sg-uen", kind: match.Personal, cues: []string{"uen", "unique entity number"}, pattern: `\b(?:\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z])\b`, conf: 0.8},
	{name: "my-mykad", kind: match.Personal, cues: []string{"mykad", "my kad", "kad pengenalan", "malaysian ic", "ic number"}, pattern: `\d{6}-?\d{2}-?\d{4}`, conf: 0.9},
	{name: "pk-cnic", kind: match.Personal, cues: []string{"cnic", "nicop"}, pattern: `\d{5}-?\d{7}-?\d`, shapes: []string{"99999-9999999-9"}, alone: anyCase, conf: 0.9},
	{name: "ae-emirates-id", kind: match.Personal, cues: []string{"emirates id", "eid", "uae id"}, pattern: `784-?\d{4}-?\d{7}-?\d`, shapes: []string{"999-9999-9999999-9"}, alone: func(s string) bool { return strings.HasPrefix(s, "784") }, conf: 0.9},
	{name: "sa-national-id", kind: match.Personal, cues: []string{"iqama", "saudi id"}, pattern: `[12]\d{9}`, conf: 0.85},
	{name: "lk-nic", kind: match.Personal, cues: []string{"sri lankan nic", "nic number", "nic no"}, pattern: `\d{9}[VvXx]|\d{12}`, conf: 0.85},
	{name: "cz-rodne-cislo", kind: match.Personal, cues: []string{"rodné číslo", "rodne cislo", "rodné čislo"}, pattern: `\d{6}/?\d{3,4}`, conf: 0.9},
	{name: "ro-cnp", kind: match.Personal, cues: []string{"cnp", "cod numeric personal"}, pattern: `[1-9]\d{12}`, conf: 0.9},
	{name: "bg-egn", kind: match.Personal, cues: []string{"egn", "егн"}, pattern: `\d{10}`, conf: 0.85},
	{name: "hr-oib", kind: match.Personal, cues: []string{"oib"}, pattern: `\d{11}`, conf: 0.9},
	{name: "hu-taj", kind: match.Personal, cues: []string{"taj szám", "taj-szám", "taj number"}, pattern: `\d{3}[ -]?\d{3}[ -]?\d{3}`, conf: 0.85},
	{name: "pe-co-id", kind: match.Personal, cues: []string{"cédula de ciudadanía", "cédula", "cedula", "documento de identidad"}, pattern: `\d{1,3}(?:\.?\d{3}){2,3}`, conf: 0.85},
	{name: "th-national-id", kind: match.Personal, cues: []string{"บัตรประชาชน", "เลขประจำตัวประชาชน", "thai national id", "thai id", "tnin"}, pattern: `\d[ \-]?\d{4}[ \-]?\d{5}[ \-]?\d{2}[ \-]?\d`, conf: 0.9},
	{name: "in-aadhaar", kind: match.Personal, cues: []string{"aadhaar", "aadhar", "adhaar", "uidai", "आधार"}, pattern: `\d{4}` + sep + `\d{4}` + sep + `\d{4}`, shapes: []string{"9999 9999 9999", "9999-9999-9999"}, alone: aadhaar, conf: 0.9},
	{name: "in-pan", kind: match.Personal, cues: []string{"pan card", "pan number", "pan no", "pan", "permanent account number"}, pattern: `(?i)\b(?:[A-Z]{5}\d{4}[A-Z]|[A-Z]\d{4}[A-Z]{5})\b`, shapes: []string{"AAAAA9999A"}, alone: inPAN, conf: 0.9},
	{name: "in-voter-id", kind: match.Personal, cues: []string{"voter id", "voter", "vote", "epic number", "epic no", "elector"}, pattern: `(?i)\b[A-Z]{3}\d{7}\b`, conf: 0.85},
	{name: "vehicle-registration", kind: match.Personal, unless: keyword.New([]string{"company's registration", "company registration", "charity", "companies house"}), cues: []string{"vehicle registration", "registration number", "vehicle number", "vehicle reg", "registration plate", "license plate", "licence plate", "number plate", "car plate", "plate number", "plates", "car reg", "reg no", "kennzeichen", "nummernschild", "plaka", "plakası", "immatriculation",
		"matrícula", "targa", "kenteken", "ナンバープレート", "車両番号", "車のナンバー"}, pattern: `(?i)\b(?:\d?[A-Z]{1,3}[ \-]?\d{1,4}(?:[ \-]?[A-Z]{1,3})?(?:[ \-]?\d{1,4})?|[A-ZÄÖÜ]{1,3}[ \-][A-Z]{1,2}[ \-]?\d{1,4}[EH]?|\d{2} ?[A-Z]{1,3} ?\d{2,4}|[A-Z]{3}[ \-]?\d{3}[A-Z]{2})\b`, check: func(s string) bool { return len(s) >= 5 && countDigits(s) >= 2 }, conf: 0.75},
	{name: "jp-plate", kind: match.Personal, cues: []string{"ナンバー", "プレート", "車", "登録番号"}, pattern: `\p{Han}{1,4} ?\d{2,3}[A-Z]? ?[ぁ-んA-Z] ?(?:\d{2}-\d{2}|\d{4}|[・.]{1,3}\d{1,3})`, conf: 0.85},
	{name: "vat-id", kind: match.Personal, cues: []string{"ust-idnr", "ust-id", "ust-id-nr", "umsatzsteuer", "vat number", "vat id", "vat no", "vat reg", "vat registration", "vat code", "vat", "tva", "btw", "btw-nummer", "mwst", "nif-iva"}, pattern: `(?i)\b(?:ATU\d{8}|[A-Z]{2} ?\d{8,12}|[A-Z]{2}(?:[ .\-]\d{3}){3,4}|\d{8}_?\d{3}|[A-Z]{2}[A-Z0-9]{2}\d{7,9}|NL\d{9}B\d{2})\b`, shapes: []string{"AA999999999"}, alone: deVAT, conf: 0.8},
	{name: "de-commercial-register", kind: match.Personal, cues: []string{"handelsregister", "amtsgericht", "registergericht", "hrb", "hra"}, pattern: `(?i)\bHR[AB][ \-]?\d{1,6}\b`, conf: 0.7},
	{name: "uk-driving-licence", kind: match.Personal, shapes: []string{"AAAAA999999AA9AA", "AAAAA999999A99AA", "AAAAA999999AA99A", "AAAA9999999AA9AA"}, pattern: `$^`, alone: ukDriver, conf: 0.9},
	{name: "th-national-id", kind: match.Personal, cues: []string{"thai national id", "thai id", "national id", "เลขประจำตัวประชาชน", "บัตรประชาชน"}, pattern: `\d[ \-]?\d{4}[ \-]?\d{5}[ \-]?\d{2}[ \-]?\d`, conf: 0.9},
	{name: "in-gstin", kind: match.Personal, cues: []string{"gstin", "gst number", "gst"}, pattern: `\b(?:\d{2})?[A-Z]{5}\d{4}[A-Z](?:[A-Z0-9]Z[A-Z0-9])?\b`, shapes: []string{"99AAAAA9999A9A9", "99AAAAA9999A9AA"}, alone: anyCase, conf: 0.85},
	{name: "ca-sin", kind: match.Personal, cues: []string{"sin", "social insurance", "nas", "numéro d'assurance sociale"}, pattern: `\d{3}[ \-]?\d{3}[ \-]?\d{3}`, shapes: []string{"999-999-999"}, alone: caSIN, conf: 0.9},
	{name: "br-cpf", kind: match.Personal, cues: []string{"cpf"}, pattern: `\d{3}\.?\d{3}\.?\d{3}[\-.]?\d{2}`, shapes: []string{"999.999.999-99"}, alone: brCPF, conf: 0.9},
	{name: "br-cnpj", kind: match.Personal, cues: []string{"cnpj"}, pattern: `\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}`, shapes: []string{"99.999.999/9999-99"}, alone: brCNPJ, conf: 0.85},
	{name: "br-rg", kind: match.Personal, cues: []string{"rg", "registro geral"}, pattern: `\d{2}\.?\d{3}\.?\d{3}-?[\dXx]`, conf: 0.8},
	{name: "mx-curp", kind: match.Personal, cues: []string{"curp"}, pattern: `(?i)\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d\b`, shapes: []string{"AAAA999999AAAAAA99", "AAAA999999AAAAAAA9"}, alone: mxCURP, conf: 0.95},
	{name: "mx-rfc", kind: match.Personal, cues: []string{"rfc"}, pattern: `\b[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3}\b`, conf: 0.85},
	{name: "ar-dni", kind: match.Personal, cues: []string{"dni", "cuit", "cuil"}, pattern: `\d{2}\.?\d{3}\.?\d{3}|\d{2}-?\d{8}-?\d`, conf: 0.85},
	{name: "cl-rut", kind: match.Personal, cues: []string{"rut", "run"}, pattern: `\d{1,2}\.?\d{3}\.?\d{3}-[\dKk]`, check: clRUT, shapes: []string{"99.999.999-9", "99.999.999-A", "9.999.999-9", "9.999.999-A"}, alone: clRUT, conf: 0.85},
	{name: "nl-bsn", kind: match.Personal, cues: []string{"bsn", "burgerservicenummer", "sofinummer"}, pattern: `\d{3}[ .]?\d{3}[ .]?\d{3}|\d{4}[ .]\d{2}[ .]\d{3}`, valid: nlBSN, conf: 0.9},
	{name: "be-national-number", kind: match.Personal, cues: []string{"rijksregisternummer", "numéro national", "national register number", "registre national", "niss", "insz"}, pattern: `\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}`, shapes: []string{"99.99.99-999.99"}, alone: beNationalNumber, conf: 0.9},
	{name: "fr-nir", kind: match.Personal, cues: []string{"nir", "sécurité sociale", "securite sociale", "insee", "numéro de sécu"}, pattern: `[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?: ?\d{2})?`, shapes: []string{"999999999999999", "9 99 99 99 999 999 99", "99999AA99999999"}, alone: frNIR, conf: 0.9},
	{name: "fr-tax-number", kind: match.Personal, cues: []string{"numéro fiscal", "spi"}, pattern: `[0-3]\d ?\d{2} ?\d{3} ?\d{3} ?\d{3}`, conf: 0.85},
	{name: "de-tax-id", kind: match.Personal, cues: []string{"steuer-id", "steuer id", "steueridentifikationsnummer", "steuer-idnr", "idnr", "identifikationsnummer", "steuernummer", "st.-nr.", "st-nr", "german tax"}, pattern: `\b\d{13}\b|\d{2}[ /]?\d{3}[ /]?\d{3}[ /]?\d{3}|\d{2,3}/\d{3,4}/\d{4,5}`, valid: deTaxID, conf: 0.9},
	{name: "de-social-insurance", kind: match.Personal, cues: []string{"social security", "german social", "sozialversicherungsnummer", "rentenversicherungsnummer", "rentenversicherung", "sozialversicherung", "rvnr", "versicherungsnummer", "sv-nummer"}, pattern: `\b\d{2} ?\d{6} ?[A-Z] ?\d{3}\b`, conf: 0.9},
	{name: "de-identity-card", kind: match.Personal, cues: []string{"personal id card", "german id", "personalausweisnummer", "personalausweis", "ausweisnummer", "ausweis", "identity card", "id card"}, pattern: `(?i)\b[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?\b|\b[A-Z]\d{8}\b`, check: func(s string) bool { return countDigits(s) >= 3 }, conf: 0.85},
	{name: "at-social-insurance", kind: match.Personal, cues: []string{"sozialversicherung", "svnr"}, pattern: `\d{4} ?\d{6}`, conf: 0.85},
	{name: "ch-ahv", kind: match.Personal, cues: []string{"ahv", "avs"}, pattern: `756\.?\d{4}\.?\d{4}\.?\d{2}`, shapes: []string{"999.9999.9999.99", "9999999999999"}, alone: chAHV, conf: 0.95},
	{name: "se-personnummer", kind: match.Personal, cues: []string{"organisationsnummer", "orgnummer", "orgnr", "org.nr", "org nr", "organisation number", "organization number", "pnr", "samordningsnummer", "personnummer", "swedish personal"}, pattern: `(?:\d{2})?\d{6}[-+ ]?\d{4}`, shapes: []string{"999999-9999", "99999999-9999", "999999+9999"}, alone: sePersonnummer, conf: 0.9},
	{name: "dk-cpr", kind: match.Personal, cues: []string{"cpr", "cpr-nummer", "personnummer"}, pattern: `\d{6}-?\d{4}`, check: dkCPR, conf: 0.9},
	{name: "no-fodselsnummer", kind: match.Personal, cues: []string{"fødselsnummer", "fodselsnummer", "personnummer", "norwegian id"}, pattern: `\d{6} ?\d{5}`, shapes: []string{"999999 99999"}, alone: noFodselsnummer, valid: noFodselsnummer, conf: 0.9},
	{name: "pt-nif", kind: match.Personal, cues: []string{"nif", "contribuinte", "número de contribuinte"}, pattern: `\d{3} ?\d{3} ?\d{3}`, valid: ptNIF, conf: 0.85},
	{name: "gr-afm", kind: match.Personal, cues: []string{"afm", "αφμ", "amka", "αμκα"}, pattern: `\d{11}|\d{9}`, conf: 0.85},
	{name: "ie-pps", kind: match.Personal, cues: []string{"pps", "ppsn"}, pattern: `(?i)\b\d{7}[A-Z]{1,2}\b`, check: nil, valid: iePPS, conf: 0.9},
	{name: "tr-tckn", kind: match.Personal, cues: []string{"tckn", "tc kimlik", "kimlik no", "kimlik numarası", "kimlik", "t.c. kimlik", "turkish id"}, pattern: `\d{11}`, valid: trTCKN, conf: 0.9},
	{name: "ru-passport-inn", kind: match.Personal, cues: []string{"паспорт", "Паспорт", "инн", "ИНН", "снилс", "СНИЛС", "snils", "inn"}, pattern: `\d{2} ?\d{2} ?\d{6}|\d{3}-\d{3}-\d{3}[ -]\d{2}|\d{10,12}`, conf: 0.85},
	{name: "ua-tax-number", kind: match.Personal, cues: []string{"рнокпп", "іпн", "ідентифікаційний"}, pattern: `\d{10}`, conf: 0.85},
	{name: "za-id", kind: match.Personal, cues: []string{"south african id", "sa id", "rsa id", "id number"}, pattern: `\d{13}`, shapes: []string{"9999999999999"}, alone: zaID, conf: 0.85},
	{name: "ng-nin", kind: match.Personal, cues: []string{"nin", "bvn", "national identification number", "bank verification"}, pattern: `\d{11}`, conf: 0.85},
	{name: "ph-id", kind: match.Personal, cues: []string{"umid", "philsys", "pagibig", "pag-ibig", "philhealth", "sss number", "tin", "tax id", "as your id"}, pattern: `\d{4}-?\d{7}-?\d|\d{3}-\d{3}-\d{3}(?:-\d{3,5})?|\d{12}|\b\d{9}\b`, conf: 0.85},
	{name: "il-id", kind: match.Personal, cues: []string{"teudat zehut", "תעודת זהות", "israeli id"}, pattern: `\d{9}`, conf: 0.85},
	{name: "au-tfn", kind: match.Personal, cues: []string{"tfn", "tax file"}, pattern: `\d{3} ?\d{3} ?\d{2,3}`, valid: auTFN, conf: 0.9},
	{name: "au-abn", kind: match.Personal, cues: []string{"abn", "australian business"}, pattern: `\d{2} ?\d{3} ?\d{3} ?\d{3}`, shapes: []string{"99 999 999 999"}, alone: auABN, conf: 0.85},
	{name: "au-acn", kind: match.Personal, cues: []string{"acn", "australian company"}, pattern: `\d{3} ?\d{3} ?\d{3}`, valid: auACN, conf: 0.85},
	{name: "nz-ird", kind: match.Personal, cues: []string{"ird", "nhi number"}, pattern: `\d{2,3}[- ]?\d{3}[- ]?\d{3}|\b[A-Z]{3}\d{4}\b`, conf: 0.85},
	{name: "vn-id", kind: match.Personal, cues: []string{"cccd", "cmnd", "căn cước"}, pattern: `\d{12}|\d{9}`, conf: 0.85},
	{name: "id-nik", kind: match.Personal, cues: []string{"nik", "ktp"}, pattern: `\d{16}`, conf: 0.85},
	{name: "imei", kind: match.Personal, cues: []string{"imei", "imei1", "imei2", "端末識別番号", "製造番号"}, pattern: `\b\d{15}\b`, conf: 0.7},
	{name: "own-number", kind: match.Personal, cues: []string{"my", "his", "her", "their", "customer's", "client's", "patient's", "user's", "employee's", "wife's", "husband's", "mother's", "father's", "son's", "daughter's"},
		pattern: `(?i)^[\w'’]*\s(?:[A-Za-zÀ-ÿ'/-]+ ){0,5}?(?:number|no\.?|id|card|licen[cs]e|identifier|insurance|certificate|permit)(?: \([^)\n]{1,24}\))?\s?(?:is|was|=|:)\s?["']?([A-Z]{0,6}[ -]?\d[\dA-Za-z.\-/]{4,24})`, check: func(s string) bool { return countDigits(s) >= 5 && len(s) <= 24 }, refuse: notOwn, conf: 0.7},
	{name: "own-number", kind: match.Personal, cues: []string{"my", "his", "her", "their", "customer's", "client's", "patient's", "user's", "employee's", "applicant's", "wife's", "husband's", "mother's", "father's", "son's", "daughter's"},
		pattern: `(?i)^[\w'’]*\s(?:[\p{L}\p{M}'’./()-]+ ){1,7}?(?:is|was|=|:)\s?["']?((?:[A-Z]{1,4}[ -]?)?\d{2,}(?:[ .\-/]?\d+)*(?:[ .\-/]?[A-Z])?)\b`, check: ownNumber, refuse: notOwnCount, conf: 0.65},
	{name: "id-number", kind: match.Personal, cues: []string{"student id", "student number", "employee id", "employee number", "staff id", "personnel number", "badge number", "membership number", "member number", "national id", "id card number", "identity number", "personal number", "citizen id", "personal identification number", "personal identity number", "identification number", "tax number", "tax id", "tax identification", "taxpayer number", "taxpayer identification", "身分証番号", "個人識別番号"}, pattern: `\b[A-Z]{0,3}\d{2,6}(?:[ .\-/]?\d{2,6}){1,4}[A-Z]?\b`, check: func(s string) bool { return len(s) >= 7 && countDigits(s) >= 6 }, conf: 0.8},
}

// moneyRules are accounts; cards and IBANs have files of their own.
var moneyRules = []rule{
	{name: "us-bank-account", kind: match.Financial, cues: []string{"bank account", "account number", "account no", "acct", "acct#", "checking account", "savings account", "account #", "a/c no", "a/c", "direct deposit"}, pattern: `\b\d{3,6}[ \-]?\d{3,6}(?:[ \-]?\d{1,6})?\b|\b\d{6,17}\b`, check: func(s string) bool { return len(s) >= 6 && len(s) <= 17 }, conf: 0.85},
	{name: "us-routing-number", kind: match.Financial, cues: []string{"routing", "aba", "rtn"}, pattern: `\d{9}|\d{4}-\d{4}-\d`, check: abaRouting, conf: 0.9},
	{name: "uk-sort-code", kind: match.Financial, cues: []string{"sort code", "sort-code"}, pattern: `\d{2}[- ]?\d{2}[- ]?\d{2}`, conf: 0.85},
	{name: "swift-code", kind: match.Financial, cues: []string{"swift code", "bic code", "swift/bic", "bic"}, pattern: `\b[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b`, conf: 0.75},
	{name: "jp-bank-account-type", kind: match.Financial, cues: []string{"普通", "当座", "(普)", "(当)"}, pattern: `\d{7}`, conf: 0.85},
	{name: "jp-bank-account", kind: match.Financial, cues: []string{"口座番号", "口座", "普通預金", "普通口座", "当座", "振込先", "ゆうちょ"}, pattern: `\d{5,8}(?:[ \-]\d{5,8})?`, conf: 0.9},
	{name: "bank-code", kind: match.Financial, cues: []string{"ifsc", "clabe", "bsb", "upi id", "blz", "bankleitzahl", "kontonummer", "konto", "numéro de compte", "número de cuenta", "conto corrente", "rekeningnummer"}, pattern: `\b[A-Z]{4}0[A-Z0-9]{6}\b|\b\d[\d \-]{4,20}\d\b|\b[\w.]+@[a-z]+\b`, conf: 0.85},
	{name: "card-security-code", kind: match.Financial, cues: []string{"cvv", "cvc", "cvv2", "cvc2", "security code", "セキュリティコード", "セキュリティ番号", "裏面の3桁", "裏面の三桁", "裏の3桁", "裏面3桁", "裏面の数字"}, pattern: `[^\w\n]{0,3}(?:is|are|=|:|は)?[^\w\n]{0,3}\b(\d{3,4})\b`, conf: 0.85},
}

// healthRules are patients', insurers' and prescribers' numbers.
var healthRules = []rule{
	{name: "uk-nhs", kind: match.Health, cues: []string{"nhs", "national health"}, pattern: `\d{3}[ \-]?\d{3}[ \-]?\d{4}`, shapes: []string{"999 999 9999"}, alone: ukNHS, conf: 0.9},
	{name: "au-medicare", kind: match.Health, cues: []string{"medicare"}, pattern: `\d{4}[ \-]?\d{5}[ \-]?\d(?:[ \-/]?\d)?`, shapes: []string{"9999 99999 9"}, alone: auMedicare, conf: 0.9},
	{name: "us-medicare", kind: match.Health, cues: []string{"medicare", "mbi"}, pattern: `(?i)\b[1-9][A-Z][A-Z0-9]\d-?[A-Z][A-Z0-9]\d-?[A-Z]{2}\d{2}\b`, shapes: []string{"9A99-A99-AA99", "9AA9-AA9-AA99", "9AA9-A99-AA99", "9A99-AA9-AA99"}, alone: func(s string) bool { return !strings.ContainsAny(s, "SLOIBZ") }, conf: 0.9},
	{name: "de-physician-number", kind: match.Health, cues: []string{"bsnr", "betriebsstättennummer", "betriebsstätte", "lanr", "arztnummer"}, pattern: `\b\d{7,9}\b`, conf: 0.8},
	{name: "de-health-insurance", kind: match.Health, cues: []string{"egk", "egk-nummer", "kvnr", "krankenversichertennummer", "versichertennummer", "krankenkasse", "krankenversicherung"}, pattern: `(?i)\b[A-Z]\d{9}\b`, conf: 0.9},
	{name: "us-dea", kind: match.Health, cues: []string{"dea", "medical license", "certificate number", "prescriber"}, pattern: `(?i)\b[A-Z][A-Z9]-?\d{7}\b`, shapes: []string{"AA9999999"}, alone: usDEA, conf: 0.85},
	{name: "us-npi", kind: match.Health, cues: []string{"npi", "national provider", "provider identifier", "provider id"}, pattern: `\d{10}|\d{4}[ \-]\d{3}[ \-]\d{3}`, valid: npi, conf: 0.85},
	{name: "patient-number", kind: match.Health, cues: []string{"insurance number", "insurance no", "insurance id", "health insurance number", "mrn", "medical record", "patient id", "patient number", "health card", "health insurance", "insurance policy", "policy number", "member id", "subscriber id", "krankenversichertennummer",
		"kvnr", "診察券", "患者番号", "患者ID", "カルテ"}, pattern: `\b[A-Za-z]{0,4}[ \-]?\d{2,}(?:[ \-]?\d{2,}){0,3}[A-Za-z]?\b`, check: func(s string) bool { return len(s) >= 5 }, conf: 0.8},
}

func countDigits(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if digit(s[i]) {
			n++
		}
	}
	return n
}

// notOwn are words that make a number the one of a thing: "my ticket number is 48812".
var notOwn = keyword.New([]string{"issue", "ticket", "order", "build", "version", "port", "line", "commit", "request", "invoice", "project", "job", "process", "page", "row", "task", "tracking", "part", "model", "chapter", "question", "room", "seat", "user id",
	"record", "session", "trace", "account id", "tenant", "cluster", "instance", "node", "graphics card", "sound card", "network card"})

// notOwnCount are further words that make a number one that counts or measures: "my record is 10000000", and of things that have numbers.
var notOwnCount = keyword.New([]string{"issue", "ticket", "order", "build", "version", "port", "commit", "request", "invoice", "project", "job", "process", "page", "row", "task", "tracking", "part", "model", "question", "record", "session", "trace", "tenant", "cluster", "instance", "node",
	"total", "count", "score", "size", "time", "date", "deadline", "year", "budget", "revenue", "result", "balance", "amount", "rate", "offset", "epoch", "hash", "latency", "population", "cost", "price", "sum", "average", "step", "sku", "isbn", "ean", "doi", "upc", "barcode", "serial", "firmware",
	"release", "revision", "pull", "bug", "meeting", "flight", "appointment", "limit", "timeout", "quota", "usage", "id range", "range", "example", "channel", "group", "thread", "message", "post", "video", "app", "bot", "repo", "workspace", "webhook", "shift", "birthday", "birth", "schedule", "release"})

// ownNumber accepts a number that is someone's whatever it is called: long enough, mostly digits, and no date.
func ownNumber(s string) bool {
	return countDigits(s) >= 7 && len(s) <= 22 && len(s)-countDigits(s) <= 6 && !dayFirst(s)
}

// dayFirst reports whether the digits of a number begin with a date of this century or the last.
func dayFirst(s string) bool {
	return len(s) >= 8 && digitsOnly(s[:8]) && (s[:2] == "19" || s[:2] == "20") && date(num(s[4:6]), num(s[6:8]))
}
