package value

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// programs are names of programs, libraries and services that notes on systems are full of, and that no dictionary tells from a
// made-up word.
var programs = keyword.NewList(`putty puttygen qt gtk ack acme acpi adguard airflow akka alacritty alembic algolia alertmanager algo alpine amazon amqp anaconda android angular ansible antigravity apache apcupsd apparmor appimage apt aptitude aqua arangodb argo argocd aria2
	asciidoctor asdf asterisk astro atlantis atom atuin audacity auditd authelia authentik autofs autossh avahi awk awscli azure babel backblaze bacula balena bandit bareos bash bats bazel beanstalkd beets bind bitbucket bitwarden
	black blender bluez bookworm boost borg borgbackup borgmatic bosh btrfs buildah buildkit buildkite bullseye bun bundler bunyan busybox cadvisor caddy calibre calico capistrano carapace cargo cassandra ccache celery centos ceph certbot chezmoi chrome
	chromedriver chromium chrony chronyd cilium circleci clamav clang clickhouse clippy clonezilla cloudflared cmake cockpit cockroach codeberg codecov collectd colima composer concourse conda conduit confluence confluent conky consul containerd coredns coreos cosign
	couchdb cpanel crio cron cronicle crontab crowdsec cryptsetup ctags cucumber cups curl cypress dagger darktable datadog dbeaver dbus debezium debian deno dependabot devcontainer devpi dhcpcd diceware direnv discourse django dmesg dnsmasq docker dokku
	dolphin doppler dotnet dovecot dpkg drone dropbear drupal duckdb duplicati duplicity dynamodb eclipse ejabberd elasticsearch electron elixir emacs ember envoy esbuild eslint etcd etckeeper ettercap exim exiftool express fail2ban falco fastapi fastify fedora
	feedly ffmpeg figma filebeat filezilla firebase firefox firewalld flake8 flannel flask flatpak fluentbit fluentd flux fluxcd flyway foreman forgejo freebsd freeipa freenas freeradius fzf gatsby gcloud gdb gentoo gerrit getty ghost ghostscript gimp git gitea github gitlab
	gitleaks gitolite glances glusterfs gnome gnuplot gnupg goaccess gocryptfs gogs golangci goland gopass goreleaser grafana gradle grails graphite graphql graphviz graylog grep greylog groovy grpc gunicorn gvisor hadoop haproxy harbor hasura haskell heimdall helm helmfile
	heroku hibernate homebrew homeassistant hostapd htop httpd httpie hugo hydra hyperv icinga imagemagick inkscape insomnia influxdb ingress inotify intellij invoiceninja ipmitool iptables isort istio jaeger jackett java jekyll jellyfin jenkins jest jetbrains jira jitsi joplin journalctl
	journald jupyter jquery julia junit k3d k3s k9s kafka kaniko karpenter kdump keepalived keepass keepassxc kerberos keycloak kibana kind kitty knative kodi kong kotlin kubeadm kubectl kubelet kubernetes kubeseal kustomize kyverno lambda laravel lastpass launchd ldapsearch
	lefthook lego leiningen lerna letsencrypt libreoffice libvirt lidarr lighttpd liquibase litestream livebook lldb llvm logrotate logstash loki longhorn lsof lubuntu luigi lxc lxd lynis lynx magento mailcow mailgun mailhog mailman mailpit make mariadb markdownlint mastodon matomo
	mattermost maven mcrypt meilisearch memcached mercurial metabase metallb meteor minikube minio mise mkcert mkdocs mocha mongodb mongoose monit mosh mosquitto mpd msmtp multipass munin mutt mypy mysql nagios nano nats navidrome neovim nessus netbeans netbox netcat netdata netlify
	networkd networkmanager nextcloud nexus nftables nginx ngrok nix nixos nmap nmcli node nodejs nodered nomad notion npm numpy nuxt nvim nvm obsidian octoprint octopus odoo okta ollama onedrive openbao openbsd opencv openebs openldap openshift openssh openssl opensuse
	opentofu openvpn openwrt opnsense oracle osquery ossec otelcol outlook owncloud packer pandas pandoc papermerge paperless passbolt pdfsam percona pfsense pgadmin pgbackrest pgbouncer pgpool phabricator phantomjs photoprism phpmyadmin pihole pinentry pipx playwright plesk plex
	pnpm podman poetry polkit portainer postfix postgres postgresql postgrest postman powerdns powershell prettier prisma procmail prometheus promtail prosody protobuf proxmox pulumi puma pulsar puppet puppeteer pycharm pydantic pyenv pytest python pytorch qbittorrent qemu qgis quarkus
	quay rabbitmq rails rancher raspbian rclone rdesktop react readarr realmd redash redis redmine redpanda redshift remmina renovate resolvconf resolved restic retool rhel rocketchat rollup roundcube rspec rsnapshot rsync rsyslog rubocop ruby ruff runc rundeck rust rustup sabnzbd saltstack
	samba sbt scala scikit scoop screen seafile sed selenium selinux semaphore semgrep sendmail sentry shellcheck shorewall sidekiq signoz skaffold slack slurm smartctl smartd smbclient snapcraft snapd snapper snort snyk solr sonarqube sonarr sops spamassassin spark sphinx splunk spring sqlite
	squid squirrelmail sshd sshfs sssd starship step strapi storybook strace strongswan stunnel subversion sudo superset supervisor supervisord supabase suricata svelte swagger swarm swift syncoid syncthing sysctl syslog systemctl systemd tailscale tailwind talos tcpdump tekton teleport
	telegraf telnet tempo tensorflow terraform terragrunt thanos thunderbird tilt timescaledb timeshift tmux tomcat traccar traefik transmission trello trivy truenas trufflehog typesense typescript typora ubuntu udev udisks ufw unbound unicorn unifi upstart uptimekuma uvicorn vagrant
	valgrind valkey varnish vault vaultwarden vector velero veracrypt vercel victoriametrics vim virtualbox virtualenv vite vitest vmware vscode vsftpd vue wallabag wazuh webmin webpack weblate werkzeug wget wiremock wireguard wireshark wordpress xcode xen xfce xrdp yarn yubikey zabbix zammad
	zellij zfs zigbee2mqtt zipkin zookeeper zoxide zsh zulip mqtt sdkman rpassword github-cli 7-zip 7zip luks
	gpg2 pg8000 psycopg2 radare2 rabin2 r2frida frida objection apktool jadx ghidra mdbook mdbooks burp burpsuite mitmproxy hashcat metasploit sqlmap nikto gobuster shiro keycloakx gitguardian pygitguardian ggshield pymdown mastg masvs wstg rbac abac hydra kratos osxkeychain wincred libsecret kwallet secretservice seahorse`)

// everyday are the programs whose names are words or names that people make passwords of.
var everyday = keyword.NewList(`mongoose bandit snapper puppeteer acme algo alpine amazon anaconda android angular apache aqua argo asterisk astro atlantis atom audacity babel beets bind black blender bookworm boost borg bullseye bun bundler
	bunyan busybox caddy calibre cargo celery chrome cockpit colima composer concourse conduit confluence conky consul cron cucumber curl dagger dolphin drone eclipse electron elixir
	ember envoy express falco flannel flask flux foreman ghost gimp git glances gnome grails graphite groovy harbor heimdall helm hugo hydra ingress insomnia jackett jaeger java jest
	joplin julia kind kitty kong kotlin lambda lego longhorn lynx magento make mastodon maven mercurial meteor mocha multipass nats nexus node nomad notion obsidian octopus oracle
	outlook packer pandas paperless plex poetry prettier prosody pulsar puma puppet python quay rancher react rollup ruby rust samba scala scoop screen selenium semaphore sentry slack
	spark sphinx splunk spring squid starship step storybook superset supervisor swagger swarm swift tailwind teleport tempo thanos thunderbird tilt tomcat transmission trello unicorn
	vagrant varnish vault vector vim`)

// program returns how firmly a word is the name of a program: less so if it is an everyday word too, and not at all in quotes.
func (p place) program() Doubt {
	s := strings.ToLower(p.s)
	bare := strings.TrimRight(s, "0123456789")
	numbered := len(bare) < len(s) && len(bare) >= len(s)-2 && programs.Has(bare)
	const short = 6 // with so few letters a number makes no password of it
	switch {
	case p.quoted():
		return None
	case !programs.Has(s) && numbered && len(s) < short: // Qt6
		return Strong
	case !programs.Has(s) && numbered: // centos10
		return Some
	case !programs.Has(s):
		return None
	case everyday.Has(s):
		return Some
	}
	return Strong
}
