# SPDX-License-Identifier: EUPL-1.2
# Makes the page turfd.conf(5) of docs/configuration.md, so that the settings are described in one place. It knows the Markdown
# that this document uses: headings, paragraphs, lists with "- ", code indented by four spaces, tables, `code`, *names of
# sections* and [links](address). A table whose first column is "setting" becomes a list, any other stays a table.

BEGIN {
	print "'\\\" t" # man runs tbl on pages that begin so
	print ".\\\" Made of docs/configuration.md; change that."
	print ".Dd November 30, 2026\n.Dt TURFD.CONF 5\n.Os turf @VERSION@"
	print ".Sh NAME\n.Nm turfd.conf\n.Nd configuration of turfd"
	print ".Sh DESCRIPTION"
}

# Each sentence begins a line, as man pages want it.
function plain(text)
{
	gsub(/\. +/, ".\n", text)
	return text
}

# `code` in bold and never hyphenated, *emphasis* in italics, links without their brackets. Web addresses stay, paths in
# the tree do not.
function inline(text, out, piece, address)
{
	gsub(/\\/, "\\e", text)
	out = ""
	while (match(text, /`[^`]*`|\*[^*]+\*|\[[^]]*\]\([^)]*\)/)) {
		piece = substr(text, RSTART, RLENGTH)
		out = out plain(substr(text, 1, RSTART - 1))
		text = substr(text, RSTART + RLENGTH)
		if (piece ~ /^`/) {
			piece = substr(piece, 2, length(piece) - 2)
			gsub(/-/, "\\-", piece)
			gsub(/ /, " \\%", piece)
			out = out "\\fB" (out ~ /[^ \n]$/ ? "" : "\\%") piece "\\fR"
		} else if (piece ~ /^\*/) {
			out = out "\\fI" substr(piece, 2, length(piece) - 2) "\\fR"
		} else {
			address = piece
			sub(/^[^(]*\(/, "", address)
			sub(/\)$/, "", address)
			sub(/^\[/, "", piece)
			sub(/\].*/, "", piece)
			out = out piece (address ~ /^http/ ? " \\%(" address ")" : "")
		}
	}
	text = out plain(text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}

function sentence(label, text)
{
	return text == "" ? "" : label inline(text) (text ~ /\.$/ ? "" : ".")
}

function capital(text)
{
	return toupper(substr(text, 1, 1)) substr(text, 2)
}

# Ends the block that is open, unless it is of the kind that goes on.
function enter(kind)
{
	if (kind == block)
		return 0
	if (block == "code")
		print ".Ed"
	else if (block == "bullets" || block == "settings")
		print ".El"
	else if (block == "table")
		print ".TE"
	block = kind
	fresh = 0
	return 1
}

function setting_row(cells, n, name, i)
{
	name = cells[1]
	gsub(/`/, "", name)
	print ".It Ic " name
	print sentence("", capital(cells[2]))
	for (i = 3; i <= n; i++)
		if (cells[i] != "")
			print (i == 3 ? ".br\n" : "") (cells[i] == "required" ? "Required." : sentence(capital(heads[i]) ": ", cells[i]))
}

function table_row(cells, n, bold, i, line)
{
	line = ""
	for (i = 1; i <= n; i++)
		line = line (i > 1 ? "\t" : "") inline(cells[i])
	print line
}

/^\|---/ { next }

/^\|/ {
	line = $0
	gsub(/^\| *| *\|$/, "", line)
	n = split(line, cells, / *\| */)
	if (block != "settings" && block != "table") {
		enter(cells[1] == "setting" ? "settings" : "table")
		for (i = 1; i <= n; i++)
			heads[i] = cells[i]
		if (block == "settings") {
			print ".Bl -tag -width Ds"
		} else {
			layout = ""
			for (i = 1; i <= n; i++)
				layout = layout (i > 1 ? "2 " : "") "l"
			print ".Pp\n.TS\n" layout "."
			table_row(cells, n)
		}
	} else if (block == "settings") {
		setting_row(cells, n)
	} else {
		table_row(cells, n)
	}
	next
}

/^## / {
	enter("")
	print ".Sh " toupper(substr($0, 4))
	fresh = 1
	next
}

/^# / { fresh = 1; next }

/^    / {
	if (enter("code"))
		print ".Bd -literal -offset indent"
	line = substr($0, 5)
	gsub(/\\/, "\\e", line)
	sub(/^[.']/, "\\\\\\&&", line)
	print line
	next
}

/^- / {
	if (enter("bullets"))
		print ".Bl -bullet"
	print ".It"
	print inline(substr($0, 3))
	next
}

/^  [^ ]/ && block == "bullets" { print inline(substr($0, 3)); next }

/^$/ { next_paragraph = 1; next }

{
	enter("")
	if (next_paragraph && !fresh)
		print ".Pp"
	next_paragraph = fresh = 0
	print inline($0)
}

END {
	enter("")
	print ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/turf/turfd.conf"
	print "Where the service unit expects the configuration.\n.El"
	print ".Sh EXAMPLES\nThe smallest file that works:"
	print ".Bd -literal -offset indent"
	print "org = \"de-kop\";\nname = \"Sociaal Werk De Kop\";\nstore = \"/var/lib/turf\";"
	print "broker = { address = \"mqtt://127.0.0.1\"; };\nteams = ( { id = \"oost\"; name = \"Team Oost\"; } );"
	print ".Ed\n.Sh SEE ALSO\n.Xr turfctl 8 ,\n.Xr turfd 8"
}
