#!/usr/bin/env bash
# Sets up .venv with exactly what requirements.lock names, and this project as an editable install.
#
#   PYTHON=python3.12         the interpreter to use; otherwise what scripts/find_python.sh finds
#   ARGUS_TORCH_INDEX=URL     take torch and torchvision from that index and leave CUDA's packages out
#
# Runs again only when the lock, pyproject.toml, the interpreter or the index has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
VENV=.venv
STAMP=$VENV/.argus-installed

say() { printf '%s\n' "$*" >&2; }

fingerprint() {
  { cat requirements.lock pyproject.toml scripts/install.sh; echo "${ARGUS_TORCH_INDEX:-}"; } | cksum
}

if [[ -f $STAMP && -x $VENV/bin/python && $(cat "$STAMP") == "$(fingerprint)" ]]; then
  exit 0
fi

if [[ ! -x $VENV/bin/python ]]; then
  found=$(scripts/find_python.sh)
  mapfile -t pythons <<<"$found"
  for python in "${pythons[@]}"; do
    say "Creating $VENV with $("$python" --version) ($python)"
    if "$python" -m venv "$VENV" >&2; then
      break
    fi
    rm -rf "$VENV"
  done
  if [[ ! -x $VENV/bin/python ]]; then
    say "Could not create $VENV. On Debian and Ubuntu the module is a package of its own: apt-get install python3-venv"
    exit 1
  fi
fi

installer=("$VENV/bin/python" -m pip install --disable-pip-version-check)
if [[ ! -x $VENV/bin/uv || $("$VENV/bin/uv" --version 2>/dev/null) != "uv $UV_VERSION"* ]]; then
  say "Installing uv $UV_VERSION"
  "${installer[@]}" --quiet "uv==$UV_VERSION" || say "uv cannot be had here; using pip, which takes longer."
fi
if [[ -x $VENV/bin/uv ]]; then
  # Compiled at once, as pip does: a start imports thousands of files in a dozen processes, and where bytecode is not
  # written (PYTHONDONTWRITEBYTECODE, read-only images) each of them would compile all of it at every start.
  installer=("$VENV/bin/uv" pip install --compile-bytecode --python "$VENV/bin/python")
  # The default of 30 s is short for CUDA's packages on a slow line.
  export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300}
fi

lock=requirements.lock
if [[ -n ${ARGUS_TORCH_INDEX:-} ]]; then
  say "Installing torch and torchvision from $ARGUS_TORCH_INDEX"
  mapfile -t torch < <(grep -E '^torch(vision)?==' "$lock" | cut -d' ' -f1)
  "${installer[@]}" --no-deps --index-url "$ARGUS_TORCH_INDEX" "${torch[@]}"
  lock=$(mktemp)
  trap 'rm -f "$lock"' EXIT
  # A build for the CPU satisfies the pin (2.14.1+cpu is 2.14.1) and needs none of CUDA's packages.
  grep -vE '^(nvidia-|cuda-|triton==)' requirements.lock >"$lock"
fi

say "Installing the locked requirements (the first time takes minutes: torch and its libraries are large)"
# --no-deps: the lock is complete, and without CUDA's packages it is so on purpose.
"${installer[@]}" --no-deps -r "$lock"
"${installer[@]}" --no-deps -e .
"$VENV/bin/python" -m compileall -q serve_app argus_client reflex_frontend

# Defaults for whatever runs in this environment, `serve run` by hand included; what is set already wins. No telemetry,
# and the middleware that gives Ray's own errors the service's form.
site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cat >"$site/argus_environment.pth" <<'PTH'
import os; os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0"); os.environ.setdefault("RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH", "serve_app.http.edge:build_middlewares")
PTH

fingerprint >"$STAMP"
say "Installed. Commands are in $VENV/bin; try: $VENV/bin/argus --help"
