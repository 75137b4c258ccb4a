#!/bin/sh
# fetch-roms.sh MANIFEST FOLDER: puts the ROM files of an iPXE package into FOLDER, and beside them a file
# `origin` with one line: the package's name, version, and "pinned" or "installed".
#
# The packages of the manifest are tried in order, from this machine's own Debian mirror, with a private apt
# state: nothing is installed, root is not needed, the system's apt is not touched. After them comes the
# iPXE package that this machine has installed. FOLDER appears whole or not at all. A FOLDER that is there
# already is kept, but for one that holds something else than the manifest's first package and is more than
# a day old: then the first package may be had again.
set -eu

manifest=$1
folder=$2
installed=${PIXIE_INSTALLED_ROMS:-/usr/lib/ipxe}
mkdir -p "$(dirname "$folder")"
parent=$(cd "$(dirname "$folder")" && pwd)

say() { echo "-- ROMs: $*" >&2; }

# The manifest's entries of one kind, without blanks around the bars.
entries() { sed -n "s/^$1 *| *//p" "$manifest" | sed 's/ *| */|/g; s/ *$//'; }

first_version=$(entries package | head -n 1 | cut -d '|' -f 2)

is_good_enough() {
  [ -s "$folder/origin" ] || return 1
  [ "$(cut -d ' ' -f 2,3 "$folder/origin")" = "$first_version pinned" ] && return 0
  [ -z "$(find "$folder/origin" -mtime +0)" ]
}
if is_good_enough; then exit 0; fi

# What an interrupted run left behind.
find "$parent" -maxdepth 1 -name '.fetch.*' -mtime +0 -exec rm -rf {} +
work=$(mktemp -d "$parent/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The mirror of this machine: the one that most of Debian's main sections come from. apt knows an origin only
# once the package lists were updated; before that the sources are read, where Debian's own entries are
# those with a suite of Debian's and the section main.
mirror() {
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' \
    'Label: Debian' 'Component: main' 2>/dev/null | most_frequent)
  [ -n "$site" ] || site=$(configured_mirrors | most_frequent)
  [ -n "$site" ] && echo "$site"
}

most_frequent() { sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'; }

configured_mirrors() {
  suites=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}|stable|testing|unstable|sid")
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}//p' |
    awk -v suites="^($suites)(-updates)?\$" '$2 ~ suites && / main( |$)/ { print $1 }'
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v RS= -v FS='\n' -v suites="(^| )($suites)(-updates)?( |\$)" '{
      delete field
      for (i = 1; i <= NF; ++i) {
        name = value = $i
        sub(/:.*/, "", name)
        sub(/^[^:]*:[ \t]*/, "", value)
        field[tolower(name)] = value
      }
      if (field["types"] ~ /(^| )deb( |$)/ && field["components"] ~ /(^| )main( |$)/ &&
          field["suites"] ~ suites && tolower(field["enabled"]) != "no") print field["uris"]
    }' "$file" | cut -d " " -f 1
  done
}

private_apt() {
  apt-get -q -o Dir::Etc::sourcelist="$work/mirror.sources" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$work/lists" \
    -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 \
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
    -o Acquire::https::Timeout=20 -o APT::Sandbox::User="$(id -un)" "$@" >>"$work/apt.log" 2>&1
}

# Succeeds with the package file in $work/package.deb.
download() {
  name=$1 version=$2 suite=$3 sha256=$4
  for keyring in /usr/share/keyrings/debian-archive-keyring.gpg \
    /usr/share/keyrings/debian-archive-keyring.pgp; do
    [ ! -e "$keyring" ] || break
  done
  rm -rf "$work/lists" "$work/cache" "$work/download"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/download"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
    "$site" "$suite" "$keyring" >"$work/mirror.sources"
  : >"$work/apt.log"
  say "fetching package $name $version from suite $suite of this machine's mirror ..."
  if ! private_apt update || ! (cd "$work/download" && private_apt download "$name=$version"); then
    say "not had: $(sed -n 's/^E: //p' "$work/apt.log" | tail -n 1)"
    return 1
  fi
  mv "$work/download"/*.deb "$work/package.deb"
  found=$(sha256sum "$work/package.deb" | cut -d ' ' -f 1)
  if [ "$found" != "$sha256" ]; then
    say "refused: the SHA-256 of $name $version is $found, the manifest says $sha256"
    return 1
  fi
}

# take FROM NAME VERSION KIND: copies the manifest's ROM files into $work/roms; there must be one at least.
take() {
  mkdir -p "$work/roms"
  entries rom | cut -d '|' -f 6 | tr ',' '\n' | while read -r file; do
    if [ -f "$1/$file" ]; then cp -L "$1/$file" "$work/roms/$file"; fi
  done
  [ -n "$(ls "$work/roms")" ] || return 1
  echo "$2 $3 $4" >"$work/roms/origin"
}

from_packages() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || { say "this machine has no apt"; return 1; }
  site=$(mirror) || { say "apt knows no mirror on this machine"; return 1; }
  entries package >"$work/packages"
  while IFS='|' read -r name version suites sha256; do
    for suite in $(echo "$suites" | tr ',' ' '); do
      download "$name" "$version" "$suite" "$sha256" || continue
      dpkg -x "$work/package.deb" "$work/unpacked"
      take "$work/unpacked/usr/lib/ipxe" "$name" "$version" pinned && return 0
    done
  done <"$work/packages"
  return 1
}

from_installed() {
  [ -d "$installed" ] || return 1
  version=$(dpkg-query -W -f '${Version}' ipxe 2>/dev/null || echo unknown)
  take "$installed" ipxe "$version" installed
}

if ! from_packages && ! from_installed; then
  if [ -s "$folder/origin" ]; then
    say "keeping what was fetched before: $(cut -d ' ' -f 1,2 "$folder/origin")"
    touch "$folder/origin"
    exit 0
  fi
  cat >&2 <<END
-- ROMs: no iPXE package can be had here. Two other ways:
--   * configure with -DPIXIE_IPXE_BUNDLE=ipxeboot.tar.gz, the release bundle of the iPXE project
--     (https://ipxe.org), which holds the ROMs of every architecture;
--   * configure with -DPIXIE_ROMS_DIR=DIR, a folder with ROMs under the names of roms/manifest.txt.
END
  exit 1
fi

# Another build may have been quicker: its folder is as good.
if [ -e "$folder" ]; then mv "$folder" "$work/old"; fi
mv -T "$work/roms" "$folder" 2>/dev/null || [ -s "$folder/origin" ]
say "took $(cut -d ' ' -f 1,2 "$folder/origin") ($(cut -d ' ' -f 3 "$folder/origin")), kept in $folder"
