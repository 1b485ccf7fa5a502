# SPDX-License-Identifier: EUPL-1.2
# What --door adds to deploy/run, which reads this file: turfdoor, invitations, and the command turf as one of the devices.

door_port='' keys_folder='' invitation='' own_state='' joined_at='' worker_invitation='' leader_invitation='' own_invitation=''

# As whom turfdoor serves; its database is in a folder of that user.
run_turfdoor() {
	(cd "$dir" && exec setpriv "${server[@]}" --pdeathsig TERM -- "$turfdoor" --database door/database "$@") {lock}>&- 2>&1
}

# The ids of the teams in turfd's configuration, one a line. turfd has checked the form of the file.
read_teams() {
	perl -0777 -ne '
		my $text = qr/"(?:[^"\\]|\\.)*"/s;
		s{($text)|\#[^\n]*|//[^\n]*|/\*.*?\*/}{$1 // " "}gse;
		my ($list) = /\bteams\s*[=:]\s*\(((?:$text|[^")])*)\)/s;
		print "$1\n" while ($list // "") =~ /\bid\s*[=:]\s*"([^"]*)"/g;
	' "$config"
}

# ---- turfdoor ------------------------------------------------------------------------------------

# nobody cannot reach a folder in --dir by its whole path, which turfdoor remembers. So as root the public keys are in /tmp,
# and a link in --dir leads there.
make_keys_folder() {
	if ((${#server[@]} == 0)); then
		keys_folder=$dir/door-keys
		[[ ! -L $keys_folder ]] || rm -f "$keys_folder"
		mkdir -p "$keys_folder" && chmod 755 "$keys_folder"
		return
	fi
	remove_linked_keys
	keys_folder=$(mktemp -d /tmp/turf-keys-XXXXXXXXXX) && chown nobody: "$keys_folder" && chmod 755 "$keys_folder" &&
		ln -sfn "$keys_folder" "$dir/door-keys"
}

remove_linked_keys() {
	local target
	target=$(readlink "$dir/door-keys") || return 0
	[[ $target != /tmp/turf-keys-* ]] || rm -rf "$target"
	rm -f "$dir/door-keys"
}

make_database() {
	local told
	if ((${#server[@]})); then own_folder "$dir/door"; else mkdir -p -m 700 "$dir/door"; fi &&
		make_keys_folder || fail "the folders of turfdoor could not be made in $dir."
	[[ -e $dir/door/database/data.mdb ]] || told=$(run_turfdoor create --org "$org" --host localhost) ||
		fail "turfdoor's database could not be made: $told"
	told=$(run_turfdoor publish "$keys_folder") || fail "turfdoor could not publish its keys: $told"
	[[ -e $dir/door-keys/$org.json ]] || fail "$dir/door belongs to another organisation than $org; give another --dir, or --fresh."
}

# Invitations are made before the broker starts, so that it has their keys from the beginning.
start_turfdoor() {
	local deadline=$((SECONDS + 20)) teams
	mapfile -t teams < <(read_teams)
	((${#teams[@]})) || fail "deploy/run finds no teams in $config, for the invitations; write teams = ( { id = \"oost\"; ... } ); in the file itself."
	make_database
	printf '%s\n' "$(pages_url)" "${teams[@]:0:8}" > "$dir/invitations"
	invite "http://127.0.0.1:$http_port/" worker "${teams[@]:0:8}"
	own_invitation=$invitation
	make_invitations
	start_child "$dir" "$dir/turfdoor.log" '' "$turfdoor" --database door/database serve --listen 127.0.0.1:0
	turfdoor_pid=$!
	until door_port=$(sed -n 's/^.*door-listening port=\([0-9]*\).*$/\1/p' "$dir/turfdoor.log") && [[ $door_port ]]; do
		kill -0 "$turfdoor_pid" 2>/dev/null || fail_ended "turfdoor did not start" "$turfdoor_pid" "$dir/turfdoor.log"
		((SECONDS < deadline)) || fail "turfdoor did not listen within 20 s; its log is $dir/turfdoor.log."
		sleep 0.05
	done
}

wipe_door() {
	remove_linked_keys
	rm -rf "$dir/door" "$dir/door-keys" "$dir/invitations" "$dir/login" "$dir/state" "$dir/turfdoor.log"
}

# ---- Invitations ---------------------------------------------------------------------------------

pages_url() {
	if [[ $lan ]]; then lan_url; else printf 'http://127.0.0.1:%s/' "$http_port"; fi
}

# Sets `invitation`. The link that turfdoor prints has the name in its tokens for a host; what follows the # is the code.
invite() {
	local origin=$1 role=$2 team told options=()
	shift 2
	for team; do options+=(--team "$team"); done
	told=$(run_turfdoor invite --role "$role" --note "$role" "${options[@]}") || fail "turfdoor could not invite: $told"
	invitation=$origin$(grep -o '#join=.*' <<< "$told")
}

make_invitations() {
	local place
	mapfile -t place < "$dir/invitations"
	invite "${place[0]}" worker "${place[@]:1}"
	worker_invitation=$invitation
	invite "${place[0]}" leader all
	leader_invitation=$invitation
}

# With a QR code where a phone can use it.
tell_invitation() {
	local who=$1 link=$2
	printf '  %s\n' "$who"
	[[ $link != https:* ]] || printf '%s' "$link" | qrencode -t ANSIUTF8 # arguments can be read by everyone on the machine
	printf '    %s\n' "$link"
}

tell_invitations() {
	printf '\nInvitations, each good for one device within 72 hours:\n'
	tell_invitation "for a worker, of the teams $(tail -n +2 "$dir/invitations" | paste -s -d ,)" "$worker_invitation"
	tell_invitation 'for a team leader, of all teams' "$leader_invitation"
	printf '  For the next device, this prints new ones:\n    %s%s %s --background\n' "$(near "$root/deploy/run")" \
		"$([[ $dir -ef $root/build/run ]] || printf ' --dir %q' "$(near "$dir")")" "$([[ $lan ]] && echo --lan || echo --door)"
}

# Of one that runs already, with the programs that it was started with.
tell_invitations_again() {
	local owner
	owner=$(stat -c %u "$dir")
	((owner == EUID)) || fail "turf in $dir was started by $(user_name "$owner"); only that user can invite."
	exec {lock}< /dev/null # held by the one that runs; what is started here has nothing to close
	if ((EUID == 0)); then as_nobody; else as_ourselves; fi
	[[ -r $dir/invitations ]] || fail "$dir/invitations cannot be read."
	make_invitations
	tell_invitations
}

# ---- The command turf ----------------------------------------------------------------------------

# A state folder of our own, if turf of whoever starts this has joined a real organisation, or has joined while this one is
# open: it would go on showing tokens.
choose_state() {
	local state=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
	local outbox=${TURF_OUTBOX:-${state:+$state/turf/$org}}
	[[ -z $outbox ]] || joined_at=$([[ ! -e $outbox/data.mdb ]] || "$build/turf" status --org "$org" 2> /dev/null | sed -n 's/^teams: .*, //p')
	if [[ $joined_at && ! ( $door && $joined_at == http://127.0.0.1:* ) ]] || [[ -z $outbox && $door ]]; then own_state=$dir/state; fi
}

turf_join() {
	env ${own_state:+XDG_STATE_HOME="$own_state" TURF_OUTBOX=} "$build/turf" join "$own_invitation" --org "$org" 2>&1
}

# Each run joins with a new invitation: the database may be another one, and tokens may be used up. Where the usual outbox cannot be used,
# because there is no home folder for example, another one is.
join_command_line() {
	local told
	told=$(turf_join) || {
		own_state=$dir/state
		told=$(turf_join) || fail "the command turf could not join: $told"
	}
}

tell_state() {
	[[ $door || -z $joined_at ]] ||
		printf '  # The command turf of this account has joined %s, and shows its tokens here too. This broker is open and refuses\n  # them: type the next line first, or start deploy/run with --door.\n' "$joined_at"
	[[ -z $own_state ]] || printf '  export XDG_STATE_HOME=%q%s%s\n' "$own_state" "${TURF_OUTBOX:+ TURF_OUTBOX=}" \
		"${joined_at:+   # turf has joined $joined_at before}"
}
