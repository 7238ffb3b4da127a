package entropy

// cueWords say that a value near them is a credential. Underscores stand for a space, a hyphen or nothing as well.
const cueWords = `token secret api_key apikey access_key accesskey auth_key private_key secret_key signing_key encryption_key sonar_login license_key account_key service_key password passwd pwd
	passphrase credential credentials bearer authorization x-api-key client_secret app_secret webhook_secret shared_secret connection_string access_token refresh_token auth_token
	session_key master_key deploy_key write_key subscription_key app_key application_key consumer_key hmac jwt oauth sas_token psk pre-shared when_you_call when_calling to_call to_access to_authenticate to_connect to_log_in to_sign_in api_token do_not_check_in do_not_commit don't_commit never_commit shamir your_share your_part key_share
	接続するとき 呼び出すとき 呼ぶとき 叩くとき アクセスするとき ログインするとき 認証するとき 認証には 接続には
	トークン シークレット キー 秘密鍵 パスワード 認証情報 アクセスキー APIキー 鍵`

// shortCues say the same where they stand right before the value.
const shortCues = `key keys auth apitoken authcode passkey pat signature_key sid secret_id client_id app_id application_id consumer_id reporter_id`

// vendors are names of services that hand out credentials, where the name is seldom anything else.
const vendors = `abuseipdb abyssale ai21 accuweather adafruit adobe adzuna agora airbrake airtable airvisual aiven alchemy alconost alegra aletheia algolia alibaba aliyun alienvault amadeus
	ambee amplitude anthropic anypoint mulesoft apacta apideck apiflash apify apilayer apimatic apitemplate appcues appfollow appoptics appsynergy apptivo artifactory jfrog artsy asana
	assemblyai atera atlassian audd auth0 authress autodesk autoklose avaza aviationstack aws amazonaws aylien ayrshare azure openai bannerbear baremetrics beamer beebole besnappy
	billomat binance bitbar bitcoinaverage bitfinex bitly bitmex bittrex blazemeter blitapp blocknative blynk bombbomb borgbase braintree braintrust brandfetch brevo browserbase browserstack browshot
	bscscan buddyns budibase bugherd bugsnag buildkite bulksms buttercms bybit caflou calendarific calendly calorieninja campayn canny capsulecrm carboninterface censys cerebras cexio
	chartmogul chatfuel checkly checklyhq checkvist circleci clarifai clearbit clerk clicksend clickup clickhouse clockify cloudconvert cloudelements cloudflare cloudimage cloudinary cloudmersive
	cloudsight cloudsmith cloverly cockroachdb codacy codeclimate codecov codeium codemagic codequiry cohere coinapi coinbase coinlayer coinmarketcap commercejs companyhub confluent contentful conversiontools convertapi convertkit
	convier couchbase countrylayer coveralls craftmypdf cratesio crowdin cryptocompare currencycloud currencyfreaks currencylayer currencyscoop currentsapi customerio cypress dailyco dandelion dareboost
	databox databricks datadog datagov deepai deepgram deepl deepseek delighted demio detectify detectlanguage dfuse diffbot digitalocean discord disqus ditto docparser dockerhub documo docusign
	doppler dotdigital dovico dronahq droneci dropbox duffel duply dwolla dynalist dynatrace dyspatch eagleeye easyinsight easypost edamam edenai elasticemail elevenlabs enablex endorlabs envoyapi
	etherscan ethplorer etsy eventbrite everhour exchangerate extractorapi facebook faceplusplus fastforex fastly fauna fibery figma fileio finage financialmodelingprep findl finicity finnhub
	firebase firecrawl fireworks fixerio flatio fleetbase flickr flightapi flightlabs flightstats flowflu flutterwave flyio formbucket formcraft formsite foursquare frameio freshbooks freshdesk fullcontact fullstory
	fxmarket geckoboard gengo geoapify geocodify geocodio geoipify getemail getgeoapi getresponse gitter glassnode gocanvas gocardless godaddy gofile grafana graphcms graphhopper groovehq
	groq gtmetrix gumroad gyazo happyscribe harness hashicorp hasura helcim helicone hellosign helpcrunch helpscout hereapi heroku hetzner hightail hologram honeybadger honeycomb hubspot huggingface
	hunterio hybiscus hypertrack ibmcloud iconfinder iexcloud imagekit imagga impala infisical influxdb infura infracost insightly instabot instamojo instapaper intercom interseller intra42 intrinio invoiceocean ionic ip2location
	ipapi ipgeolocation ipinfo ipinfodb ipqualityscore ipstack jenkins jotform jumpcloud jupiterone juro kagi kanbantool karmacrm keenio keycdn kickbox klaviyo klipfolio knapsackpro kontent kraken kucoin
	kylas langfuse langsmith languagelayer larksuite launchdarkly leadfeeder lemlist lemonsqueezy lendflow lessannoyingcrm lexigram linearapi linkedin linkpreview linode liveagent livestorm livekit loadmill lob_api locationiq
	logdna loggly loginradius logzio lokalise looker loyverse lunchmoney magicbell mailboxlayer mailchimp mailerlite mailersend mailgun mailjet mailmodo mailsac mandrill mapbox mapquest marketstack mattermost maxmind
	meaningcloud mediastack meilisearch meistertask meraki mesibo messagebird metabase metrilo mindmeister mistral mixmax mixpanel mockaroo mongodb monkeylearn moonclerk moonshot moosend moralis mrticktock mux_token
	myfreshworks myintervals nasdaq nethunt netlify netsuite neutrino newrelic new_relic newsapi newscatcher nexmo nftport ngrok nicereply nightfall noticeable novita numverify nutritionix nvidia nylas nytimes oanda
	octopus_deploy okta omnisend onedesk onelogin onepagecrm onepassword 1password onesignal onfleet oopspam opencage openrouter openuv openweather openweathermap pyowm opsgenie optimizely overloop owlbot packagecloud pagarme pagerduty
	pandadoc pandascore paperform paralleldots parsehub parseur pastebin paydirt paydirtapp paymo paymoapp paymongo paypal paystack pdflayer pdfshift peopledatalabs pepipost perplexity phrase_app pinata pinecone
	pipedream pipedrive pivotaltracker pixabay plaid planetscale planyo plivo podio pollsapi poloniex polygonscan portainer positionstack posthog postman postmark powrbot prefect prodpad prospectcrm protonmail proxycrawl
	psigate pubnub pulumi purestake pushbullet pusher pushover pypi qdrant qualaroo qubole quicknode rabbitmq railway_token rapidapi raygun razorpay readme_api reallysimplesystems rebrandly recaptcha rechargepayments recurly
	refiner rentman replicate requestfinance restpack revampcrm rev_ai ringcentral ritekit roaring rocketreach rockset rollbar route4me rownd rubygems runpod salesblink salescookie salesflare salesforce salesmate
	sanity_token satismeter saucelabs sauce scaleway scalingo scalr scrapeowl scraperapi scraperbox scrapestack scrapfly scrapingant scrapingbee screenshotapi screenshotlayer scrutinizer securitytrails segment_write selectpdf
	semaphore sendbird sendgrid sendinblue sengrid sentry serpapi serphouse serpstack settlemint sheety sherpadesk shipday shippo shodan shopify shortcut_api shotstack shutterstock sidekiq signable signalwire signaturit
	signupgenius sigopt simfin simplesat simplynoted simvoly sinch sirv siteleaf skrapp skrappio skybiometry slack smartsheet smartystreets snapchat snipcart snowflake snyk solarwinds sonarcloud sonarqube sourcegraph sparkpost
	speechtext splunk spoonacular sportmonks sportsmonk spotify spotinst squarespace squareup sslmate stability stackhawk statuscake statuspage statuspal stitchdata stockdata storecove stormboard stormglass storyblok
	storychief strava stripe stripo stytch sugester sumologic sumo_logic supabase supernotes surveyanyplace surveybot surveysparrow survicate swiftype tailscale tallyfy tatum tavily taxjar teamcity teamgate teamwork
	technicalanalysisapi telegram teletype telnyx tencent terraform textmagic the_odds_api thingsboard thinkific thousandeyes ticketmaster tickettailor tiingo tiktok timecamp timezoneapi todoist toggl together_ai tokeet
	tomorrowio tomtom tradier transferwise travelpayouts travisci travis trello truenas twelvedata twilio twitch twitter tyntec typeform typetalk ubidots uclassify unifyid unplugg unsplash upcdatabase uplead
	uploadcare upstash uptimerobot upwave urlscan userflow userstack vagrantcloud vatlayer vbout vercel verimail veriphone versioneye viewneo virustotal visualcrossing voiceflow voicegain voodoosms vouchery voyageai vpnapi
	vultr vyte walkscore wandb weatherapi weatherbit weatherstack web3storage webex webflow webscraper webscraping websitepulse weightsandbiases wepay whoxy wistia worksnaps workstack worldcoinindex worldweather wrike
	yandex yelp youneedabudget yousign youtube zapier zendesk zenkit zenrows zenscrape zenserp zeplin zerobounce zerotier zipapi zipbooks zipcodeapi zipcodebase zoho zonkafeedback zoom_api zulip zulipchat
	mapbox maptiler mercadopago midtrans minio mollie moyasar nomics nozbe omise pagerduty papertrail paddle paperspace pingdom pluralsight prismic qonto quay quickbooks readwise redis_labs retool
	revolut rootly rudderstack safetyculture sailthru scale_ai sendy shipstation shutterfly smtp2go snov socketlabs sorare splitio statsig axonaut allsports apifonica apimetrics avaza besttime betterstack bitly braintree captaindata centralstationcrm chatfule checio clickhelp clicksend cliengo clientary clinchpad clockwork_sms closecrm cloze
	coinapi coinlib convertapi currentsapi d7network diggernaut discord django eagleeyenetworks ecostruxure exchangeratesapi extractorapi fetchrss flexport flightapi fmfw formio geocodify geoip geoipifi getemails getgeoapi getsandbox gitalk githubapp
	gradle hashicorp hereapi hiveage holidayapi html2pdf iexapis ipapi ipquality line_messaging line_notify m3o madkudu mailjet mattermost mavenlink maxmind metaapi microsoft_teams nasdaq_data_link nuget opencagedata partnerstack pganalyze
	photoroom phrase_access planetscale planview pollsapi postageapp postbacks protocolsio pubnub qase railwayapp rawg reachmail repairshopr replyio restpack robinhood runrunit saladcloud satismeter scraperapi screenshotapi scrutinizer sendbird sentry
	sinch smartsheets solarwinds sourcegraph spectralops speechtext squareapp storyblok teamwork tefter telegram terraform_cloud testingbot the_odds_api timezoneapi toggl trufflehog twitch twitter vpnapi webex zipapi statsig sendwithus tableau tatumio tidio tines trustpilot twingate typesense unleash urbanairship
	vonage wakatime weaviate whatsapp wakatime wit_ai woocommerce workable workos xendit xero zuora ilert instana squadcast rundeck argocd spacelift bitrise appcenter applitools percy codefresh kubecost`

// commonVendors are names that are everyday words too: they count only right before or behind the value.
const commonVendors = `abstract age aha airship apollo appointed autopilot aeroworkflow box blogger boostnote bulbul cashboard caspio chatbot checkout cicero close cloudplan clustdoc coda collect2 column commodities
	copper courier credit customerguru debounce deno deputy dnscheck duo eraser enigma exportsdk feedier flat float form front fulcrum gcp google gemini generic getgist gist goodday guardian guru harvest hive holistic humanity hunter
	juro jina kanban knock line linear loggly luno magnetic manifest mite miro mixin moderation monday nasa nimble node notion onfido parsers particle pendo persona polygon privacy prospect quickbase ramp raven rev
	segment shortcut smooch square squid stitch streak survey swell tavily tempo tmetric todo twist uber user verifier weather wit wiz workday xai zoom pusher render railway rapid sauce supabase teams wave wise zap elastic daily
	planet pocket ghost bolt button canvas chain cloud compass contact crisp cronitor dash data.gov dd doc doit drift drip dub echo edge ember flow fly forge fusion harbor helm honey iron jade lever loom lambda less
	meta mode mint modal mural nova onyx opal orbit outreach oyster paragon plain plane prodigy pulse quill radar rev ro rocket route sanity shift sketch spark stack stream swift tally thrive tribe vault vero vivid zest bot do`

// codeVendors give out credentials, but what stands behind their names is a commit id as often as not.
const codeVendors = `github gitlab bitbucket gitea npm docker sops git gerrit`
