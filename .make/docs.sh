# Writes docs/cli, a Markdown page and a man page for each command, from the
# command tree itself.
cd "$(dirname "$0")/.." || exit 1
go run ./internal/tools/manual docs/cli
