# Prints the go command: from PATH, or from where its installers put it, which a
# fresh shell's PATH often lacks. Prints "go" when there is none.
for go in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go/bin/go /opt/homebrew/bin/go /usr/local/bin/go "$HOME/go/bin/go"; do
	if [ -n "$go" ] && [ -x "$go" ]; then
		echo "$go"
		exit
	fi
done
echo go
