#!/usr/bin/env bash
# Prints the interpreters that Argus can be installed with, a line each, the best first; fails where there is none.
#
#   PYTHON=python3.12         that one alone
#
# Those that were built with optimisations come first, in the order of the names below and of PATH. Compiled by pyenv's
# defaults a Python lacks them: its own code takes half as long again (docs/decisions/0023).
set -euo pipefail

NAMES=(python3 python3.14 python3.13 python3.12 python3.11)

say() { printf '%s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# A distribution's own, below /usr, is always optimised and does not say so. `argus doctor` has the same rule.
is_optimised() {
  "$1" -c 'import sys, sysconfig
options = sysconfig.get_config_var("CONFIG_ARGS") or ""
sys.exit(sys.base_prefix != "/usr" and "--enable-optimizations" not in options)' 2>/dev/null
}

if [[ -n ${PYTHON:-} ]]; then
  mapfile -t candidates < <(command -v "$PYTHON" || true)
else
  mapfile -t candidates < <(type -ap "${NAMES[@]}" | awk '!seen[$0]++')
fi

first=() second=()
for candidate in "${candidates[@]}"; do
  if ! is_new_enough "$candidate"; then
    continue
  elif is_optimised "$candidate"; then
    first+=("$candidate")
  else
    second+=("$candidate")
  fi
done

if [[ -z ${first[*]}${second[*]} ]]; then
  say "Argus needs Python 3.11 or newer; found: $("${PYTHON:-python3}" --version 2>/dev/null || echo none)."
  say "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv), or name it: make install PYTHON=/path/to/python3"
  exit 1
fi
printf '%s\n' "${first[@]}" "${second[@]}" | sed '/^$/d'
