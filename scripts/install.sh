#!/usr/bin/env bash
# Installs what the project needs into the project's own folders. Each step runs once per lock file; a step that was
# cut short runs again, because its stamp is written last.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'QuantaTrade: %s\n' "$1" >&2
  exit 1
}

step() {
  printf '\033[1m==>\033[0m %s\n' "$1"
}

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
  fail 'Python 3.11 or 3.12 is missing. Install it (Debian: apt install python3 python3-venv) and run this again.'
}

check_node() {
  command -v node >/dev/null || fail 'Node.js is missing. Install Node.js 20 or newer with npm and run this again.'
  command -v npm >/dev/null || fail 'npm is missing. Install npm (it comes with Node.js) and run this again.'
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node.js $(node --version) is too old. Install Node.js 20 or newer and run this again."
}

stamped() { # stamped FILE LOCK...: true when FILE is as new as every lock
  local stamp=$1 lock
  shift
  [ -f "$stamp" ] || return 1
  for lock in "$@"; do
    [ "$lock" -nt "$stamp" ] && return 1
  done
  return 0
}

install_python() {
  local stamp=.venv/.installed python uv
  stamped "$stamp" uv.lock pyproject.toml && return
  python=$(find_python)
  step "Python packages (first time: about half a minute, 600 MB)"
  [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv ||
    fail "Python cannot make a virtual environment. Install its venv module (Debian: apt install python3-venv)."
  uv=$(command -v uv || true)
  if [ -z "$uv" ]; then
    .venv/bin/python -c 'import uv' 2>/dev/null ||
      { .venv/bin/python -m ensurepip >/dev/null && .venv/bin/python -m pip install --quiet uv; } ||
      fail 'The package installer uv could not be fetched. Check the network and run this again.'
    uv=.venv/bin/uv
  fi
  UV_PROJECT_ENVIRONMENT=.venv "$uv" sync --frozen --inexact --python .venv/bin/python ||
    fail 'Python packages could not be installed. Check the network and run this again.'
  touch "$stamp"
}

install_node() {
  local stamp=node_modules/.installed
  stamped "$stamp" package-lock.json && return
  step 'Node packages: compiler, chain node, contract libraries, web app'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail 'Node packages could not be installed. Check the network, remove node_modules and run this again.'
  touch "$stamp"
}

check_node
install_python
install_node
