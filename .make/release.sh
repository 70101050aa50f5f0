# Builds what is published, into dist: an archive for each platform, a Debian
# package for each of Linux, and their checksums. The same commit, built by the
# same Go, gives the same bytes, wherever and whenever it is built.
#   PLATFORMS="linux/amd64 …" release.sh   builds only these
cd "$(dirname "$0")/.." || exit 1
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
nfpm_version=v2.43.0
umask 022
export LC_ALL=C TZ=UTC

stop() {
	echo "release: $*" >&2
	exit 1
}

tar --version 2>/dev/null | grep -q GNU || stop "needs GNU tar, which can leave the time out of an archive"

# A checkout of another user is git's to distrust, but this only asks.
ask_git() { git -c safe.directory="$PWD" "$@"; }

version=${VERSION:-$(ask_git describe --tags --always --dirty)}
SOURCE_DATE_EPOCH=$(ask_git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
{ [ -n "$version" ] && [ -n "$SOURCE_DATE_EPOCH" ]; } || stop "needs a git checkout, for the version and its time"

# nfpm is built once, at the version pinned here.
nfpm_is_there() {
	[ "$(cat .tools/nfpm.version 2>/dev/null)" = "$nfpm_version" ] && [ -x .tools/nfpm ] && return
	echo "Building nfpm $nfpm_version; this takes a minute, once" >&2
	GOBIN=$PWD/.tools CGO_ENABLED=0 go install "github.com/goreleaser/nfpm/v2/cmd/nfpm@$nfpm_version" || return 1
	echo "$nfpm_version" >.tools/nfpm.version
}

build() { # os arch
	CGO_ENABLED=0 GOOS=$1 GOARCH=$2 GOAMD64=v1 GOARM64=v8.0 GOFLAGS='' \
		go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o "dist/stage/$1_$2/ghostcm" ./cmd/ghostcm
}

archive() { # os arch
	name=ghostcm_${version}_$1_$2
	mkdir "dist/stage/$name" && cp -r "dist/stage/$1_$2/ghostcm" LICENSE README.md .env.example completions docs "dist/stage/$name/" || return 1
	chmod -R u=rwX,go=rX "dist/stage/$name"
	tar -C dist/stage --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar -cf - "$name" |
		gzip -9n >"dist/$name.tar.gz"
}

pages() {
	mkdir dist/stage/man1 && for page in docs/cli/man1/*.1; do
		gzip -9nc "$page" >"dist/stage/man1/${page##*/}.gz" || return 1
	done
}

# Debian's versions begin with a digit; a commit without a tag is before all others.
deb_version() {
	case $version in
	v[0-9]*) echo "${version#v}" | tr - + ;;
	*) echo "0~git.$version" | tr - + ;;
	esac
}

package() { # arch
	ARCH=$1 DEB_VERSION=$(deb_version) .tools/nfpm package -f .make/nfpm.yaml -p deb -t "dist/ghostcm_${version}_$1.deb"
}

{ rm -rf dist && mkdir -p dist/stage && pages; } || stop "cannot write dist"
for platform in $platforms; do
	os=${platform%/*} arch=${platform#*/}
	{ build "$os" "$arch" && archive "$os" "$arch"; } || stop "$platform failed"
	if [ "$os" = linux ]; then
		{ nfpm_is_there && package "$arch"; } || stop "the package for $arch failed"
	fi
done
rm -rf dist/stage
(cd dist && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .) || stop "checksums"
cat dist/SHA256SUMS
