# Writes docs/commands.md from the help of the built program and all its commands.
# shellcheck disable=SC2016 # backquotes are Markdown's
cd "$(dirname "$0")/.." || exit 1

# describe prints the help of one command, then of those below it.
describe() {
	text=$(bin/ghostcm "$@" --help 2>&1) || { echo "ghostcm $* --help failed" >&2; exit 1; }
	printf '\n## ghostcm%s\n\n```text\n%s\n```\n' "${*:+ $*}" "$text"
	names=$(printf '%s\n' "$text" | awk '/^Available Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print $1 }')
	for name in $names; do
		case $name in help) ;; *) (describe "$@" "$name") || exit 1 ;; esac
	done
}

{
	printf '# Commands\n\nWritten by `make docs` from the help of the program.\n'
	describe
} >docs/commands.md.new || { rm -f docs/commands.md.new; exit 1; }
mv docs/commands.md.new docs/commands.md
