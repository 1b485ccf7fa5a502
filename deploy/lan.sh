# SPDX-License-Identifier: EUPL-1.2
# What --lan adds to deploy/run, which reads this file: https on the local network. Only nginx listens there.

# The machine's addresses that others may reach, one a line.
own_addresses() {
	ip -4 -o address show up scope global | sed -n 's/.* inet \([0-9.]*\).*/\1/p'
}

listed() {
	local text
	text=$(paste -s -d ' ')
	printf '%s' "${text// /, }"
}

# The one from which this machine goes out, since that network is the phones' too; nothing is sent to find it.
choose_lan_address() {
	local own
	mapfile -t own < <(own_addresses)
	if [[ $lan_address ]]; then
		[[ $(ip -4 route get "$lan_address" 2>/dev/null) == local\ * ]] ||
			fail "$lan_address is not an address of this machine; it has $(printf '%s\n' "${own[@]:-none}" | listed)."
		return 0
	fi
	lan_address=$(ip -4 route get 1.1.1.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
	[[ -z $lan_address ]] || return 0
	((${#own[@]} > 0)) || fail 'this machine has no IPv4 address on a local network; connect it first.'
	((${#own[@]} == 1)) || fail "this machine has more than one address: $(printf '%s\n' "${own[@]}" | listed); choose with --lan-address."
	lan_address=${own[0]}
}

# A name for certificates: what the machine calls itself, when that can stand in one. The authority's own name, with this
# in it, has 64 characters at most.
lan_host() {
	local host=${HOSTNAME%%.*}
	[[ ${host,,} =~ ^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$ ]] || host=turf
	printf '%s' "${host,,}"
}

prepare_lan() {
	step "$root/deploy/install-packages" lan || fail 'packages that --lan needs are missing.'
	choose_lan_address
	want_free_port --https-port "$https_port" "$lan_address"
	want_free_port --start-port "$start_port" "$lan_address"
	lan_news=$("$root/deploy/lan-certificate" "$dir/lan" "$lan_address" "$(lan_host)" 2>&"$err") ||
		fail "the certificate could not be written to $dir/lan."
}

# https's own port need not be told.
lan_url() {
	local port=:$https_port
	[[ $port != :443 ]] || port=''
	printf 'https://%s%s/' "$lan_address" "$port"
}

start_url() {
	local port=:$start_port
	[[ $port != :80 ]] || port=''
	printf 'http://%s%s/' "$lan_address" "$port"
}

tell_lan() {
	local others
	others=$(own_addresses | grep -vxF "$lan_address" | listed)
	printf '\nOn a phone in the same network:\n'
	qrencode -t ANSIUTF8 "$(start_url)"
	printf '  1. Point its camera at this code, or open %s , and do what that page says: once for each phone.\n' "$(start_url)"
	printf '  2. Then open the invitation below with it. From then on it taps at %s , or a team leader watches at %sleader.html\n' "$(lan_url)" "$(lan_url)"
	[[ -z $lan_news ]] || printf '  %s\n' "$lan_news"
	printf '  Nothing opens? Phone and machine must be in one network, and a firewall here must let in TCP ports %s and %s.\n' "$start_port" "$https_port"
	[[ -z $others ]] || printf '  This machine is also %s; --lan-address takes another address than %s.\n' "$others" "$lan_address"
	printf '  certificate authority %s, SHA-256\n  %s\n' "$(near "$dir/lan/ca.crt")" \
		"$(openssl x509 -in "$dir/lan/ca.crt" -noout -fingerprint -sha256 | cut -d = -f 2)"
}
