# SPDX-License-Identifier: EUPL-1.2
# Makes a manual page from its source: replaces each line "@OPTIONS PROGRAM ARGUMENTS@" by the options that this command prints
# as its help, so that each option is described in one place, the program's table (base/options.h). `programs`: their folder.

# Prints an item and its text, if the list does not have them yet: several commands may take the same option.
function print_option(item, text) {
	if ((item, text) in printed)
		return
	printed[item, text] = 1
	gsub(/\\/, "\\e", text)
	gsub(/--/, "\\-\\-", text)
	gsub(/[.] /, ".\n", text)
	print item
	print toupper(substr(text, 1, 1)) substr(text, 2) (text ~ /[.]$/ ? "" : ".")
}

# Turns "ID|all" into Ar ID Ns | Ns Cm all, and "[FILE]" into Op Ar FILE.
function value_of(value,    optional, words, n, i, macros) {
	optional = sub(/^\[/, "", value) && sub(/\]$/, "", value)
	n = split(value, words, "|")
	for (i = 1; i <= n; i++)
		macros = macros (i > 1 ? " Ns | Ns " : "") (words[i] ~ /^[a-z]/ ? "Cm " : "Ar ") words[i]
	return (optional ? " Op " : " ") macros
}

# An option is a line that begins with two blanks and its name, with the lines after it that begin with ten blanks or more.
# In an overview, a heading stands before the options; the lines before the heading are commands.
function options_of(command,    line, words, items, texts, n, i, open) {
	while ((command | getline line) > 0) {
		if (line ~ /^[Oo]ptions.*:$/)
			n = 0
		if (match(line, /^  --[a-z-]+( [^ ]+)?  +[^ ]/)) {
			split(substr(line, 1, RLENGTH - 1), words, " ")
			items[++n] = ".It Fl \\-" substr(words[1], 3) (words[2] == "" ? "" : value_of(words[2]))
			texts[n] = substr(line, RLENGTH)
			open = 1
		} else if (open && match(line, /^          +[^ ]/)) {
			texts[n] = texts[n] " " substr(line, RLENGTH)
		} else {
			open = 0
		}
	}
	if (close(command) != 0) {
		print "docs/man/options.awk: cannot run " command > "/dev/stderr"
		exit 1
	}
	for (i = 1; i <= n; i++)
		print_option(items[i], texts[i])
}

/^\.Bl / { split("", printed) }
/^@OPTIONS .*@$/ { options_of(programs "/" substr($0, 10, length($0) - 10)); next }
{ print }
