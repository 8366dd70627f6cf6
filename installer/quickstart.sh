#!/usr/bin/env bash
# From a fresh clone to a running KSys, on Debian or Ubuntu with nothing but Python 3.11+ and pip:
#   bash installer/quickstart.sh demo [options of ksys-hmi]
#   bash installer/quickstart.sh test [options of pytest]
# Everything it makes lies in .venv; system libraries and fonts come from apt-get, where it may.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
stamp=$venv/.ksys-stamp

usage() {
  cat <<'USAGE'
usage: bash installer/quickstart.sh COMMAND [options]

  demo [options of ksys-hmi]   database, simulated plant, scheduler service and HMI on this machine
  test [options of pytest]     every test and check
USAGE
}

say() { printf 'quickstart: %s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

# --- Python and uv ---------------------------------------------------------------------------------------------------

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

find_uv() {
  local path
  for path in uv "${HOME:-/nonexistent}/.local/bin/uv" "$venv/tools/bin/uv"; do
    if "$path" --version >/dev/null 2>&1; then
      printf '%s\n' "$path"
      return
    fi
  done
}

install_uv() {
  say 'installing uv into .venv/tools'
  "$1" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --upgrade \
    --target "$venv/tools" uv >&2 || stop "pip could not install uv; see its message above"
}

# --- System packages -------------------------------------------------------------------------------------------------

# Debian 13 and Ubuntu 24.04 renamed the libraries whose time type grew to 64 bits.
glib_package() {
  local ID='' VERSION_ID='' renamed=24
  # shellcheck source=/dev/null
  if [ -r /etc/os-release ]; then . /etc/os-release; fi
  if [ "$ID" = debian ]; then renamed=13; fi
  if [ "${VERSION_ID%%.*}" -ge "$renamed" ] 2>/dev/null; then echo libglib2.0-0t64; else echo libglib2.0-0; fi
}

missing_libraries() {
  local known library package
  known=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null || true)
  while read -r library package; do
    case $known in *"$library "*) ;; *) printf '%s\n' "$package" ;; esac
  done <<LIBRARIES
libEGL.so.1 libegl1
libGL.so.1 libgl1
libglib-2.0.so.0 $(glib_package)
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-shape.so.0 libxcb-shape0
LIBRARIES
}

missing_fonts() {
  if ! command -v fc-list >/dev/null; then
    printf '%s\n' fontconfig fonts-nanum
  elif [ -z "$(fc-list :lang=ko file 2>/dev/null)" ]; then
    printf '%s\n' fonts-nanum
  fi
}

missing_packages() {
  [ "$(uname -s)" = Linux ] || return 0
  missing_libraries
  missing_fonts
  local python
  python=$(find_python)
  if [ -z "$python" ]; then
    printf '%s\n' python3 python3-pip
  elif [ -z "$(find_uv)" ] && ! "$python" -m pip --version >/dev/null 2>&1; then
    printf '%s\n' python3-pip
  fi
}

install_packages() {
  local as_root=()
  local install=(apt-get install -y --no-install-recommends "$@")
  command -v apt-get >/dev/null || stop "these are missing here (Debian's package names): $*"
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      say 'system packages are missing, and installing them needs rights. Run this, then start again:'
      printf '  sudo apt-get update && sudo %s\n' "${install[*]}" >&2
      exit 2
    fi
    as_root=(sudo -n)
  fi
  say "installing system packages: $*"
  "${as_root[@]}" apt-get update -qq >&2 || stop 'apt-get update failed; see its message above'
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" -qq >&2 </dev/null \
    || stop 'apt-get install failed; see its message above'
}

# --- The environment -------------------------------------------------------------------------------------------------

# What the environment was made from: the stamp in it says whether it still fits.
fingerprint() {
  sha256sum <"$root/pyproject.toml"
  printf '%s\n' "$root"
  "$1" -c 'import sys; print(sys.executable, sys.version)'
}

run_uv() {
  "$uv" "$@" || stop 'uv could not make the environment; see its message above'
}

build_environment() {
  local python=$1
  uv=$(find_uv)
  if [ -z "$uv" ]; then
    install_uv "$python"
    uv=$(find_uv)
    [ -n "$uv" ] || stop 'uv was installed but does not run here'
  fi
  export UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=$venv
  if [ ! -w "${HOME:-/nonexistent}" ]; then export UV_CACHE_DIR=$venv/cache; fi
  say 'preparing .venv (a few minutes the first time)'
  cd "$root"
  # Not `uv sync`: it keeps its lock file beside pyproject.toml, and the checkout may be read-only.
  run_uv venv --quiet --allow-existing --python "$python" "$venv"
  run_uv pip compile --quiet --all-extras --output-file "$venv/requirements.txt" pyproject.toml >/dev/null
  run_uv pip sync --quiet --compile-bytecode "$venv/requirements.txt"
  run_uv pip install --quiet --no-deps --editable .
  fingerprint "$python" >"$stamp"
}

prepare() {
  local packages python
  mapfile -t packages < <(missing_packages)
  if [ "${#packages[@]}" -gt 0 ]; then install_packages "${packages[@]}"; fi
  python=$(find_python)
  [ -n "$python" ] || stop 'Python 3.11 to 3.14 is needed (apt-get install python3 python3-pip)'
  mkdir -p "$venv"
  if command -v flock >/dev/null; then
    exec 9>"$venv/.ksys-lock"
    flock 9
  fi
  if [ "$(fingerprint "$python")" != "$(cat "$stamp" 2>/dev/null)" ]; then build_environment "$python"; fi
}

# --- Commands --------------------------------------------------------------------------------------------------------

command=${1:-}
case $command in
  demo | test) shift ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

case ${LC_ALL:-${LC_CTYPE:-${LANG:-C}}} in C | POSIX) export LC_ALL=C.UTF-8 ;; esac

(prepare)

if [ "$command" = demo ]; then
  exec "$venv/bin/ksys-hmi" --demo "$@"
fi
cd "$root"
export HYPOTHESIS_STORAGE_DIRECTORY=$venv/cache/hypothesis
exec "$venv/bin/python" -m pytest -o "cache_dir=$venv/cache/pytest" "$@"
