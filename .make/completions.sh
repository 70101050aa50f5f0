# Writes the completions of the built program, so that packages can ship them.
cd "$(dirname "$0")/.." || exit 1
mkdir -p completions
for pair in bash:bash zsh:zsh fish:fish powershell:ps1; do
	file=completions/ghostcm.${pair#*:}
	bin/ghostcm completion "${pair%:*}" >"$file.new" || { rm -f "$file.new"; exit 1; }
	mv "$file.new" "$file"
done
