#!/usr/bin/env bash
# Checks that the documentation agrees with the program: check.sh PIXIE
set -u
cd "$(dirname "$0")/.."
pixie=$1
passed=0 failed=0
check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $name"
  fi
}

settings_page_is_current() {
  diff <(sed -n '/^|/p' docs/settings.md) <("$pixie" man --markdown) >&2 ||
    { echo "make it anew: see CONTRIBUTING.md" >&2; return 1; }
}
options_exist() { # every --option that the documents name is one of pixie's, ./dev's or a named tool's
  local option missing=0
  for option in $(grep -ohE '(pixie|^) [^`]*--[a-z][a-z-]+' README.md docs/*.md | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
    "$pixie" --help | grep -q -- "$option" || { echo "no such option: $option" >&2; missing=1; }
  done
  return $missing
}
manual_is_sound() { [ -z "$("$pixie" man | groff -man -Tutf8 -ww 2>&1 >/dev/null)" ]; }
links_lead_somewhere() {
  local file link missing=0
  for file in *.md docs/*.md; do
    for link in $(grep -oE '\]\([^):]+\)' "$file" | tr -d '()]'); do
      [ -e "$(dirname "$file")/${link%%#*}" ] || { echo "$file: no $link" >&2; missing=1; }
    done
  done
  return $missing
}
executable_is_as_told() { # one static file, under 16 MB
  ! ldd "$pixie" >/dev/null 2>&1 && [ "$(stat -c %s "$pixie")" -lt 16000000 ]
}
rom_names_are_told() {
  local name
  for name in $("$pixie" roms | awk 'NR > 1 && /UEFI|BIOS/ {print $1}'); do
    grep -q "$name" docs/roms.md || { echo "docs/roms.md doesn't tell of $name" >&2; return 1; }
  done
}
unit_is_sound() { ! command -v systemd-analyze >/dev/null || systemd-analyze verify --man=no "$@" 2>&1 | grep -v 'is not executable' | { ! grep .; }; }

check "docs/settings.md is made from the settings table" settings_page_is_current
check "the documents name only options that exist" options_exist
check "the manual page formats without a warning" manual_is_sound
check "links lead to files" links_lead_somewhere
check "the executable is static and under 16 MB" executable_is_as_told
check "docs/roms.md tells of every embedded ROM" rom_names_are_told
check "the units are sound" unit_is_sound packaging/pixie.service packaging/pixie.socket
echo "$passed passed, $failed failed"
[ $failed = 0 ]
