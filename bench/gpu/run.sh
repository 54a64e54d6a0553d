#!/usr/bin/env bash
# Measures on a machine with a GPU, without a network: bench/gpu/run.sh FOLDER OUT [PARTS], FOLDER being what bench/gpu/pack.sh packed. The
# machine's python3 has torch and transformers. What the repository holds is taken from it. PARTS: rows (a study by both engines), rows-webgpu (by ours on CPU and
# GPU), 135M, 3B, webgpu, int8, compile; without them, all but the last two.
set -uo pipefail
folder="$(cd "$1" && pwd)" out="$(mkdir -p "$2" && cd "$2" && pwd)"
shift 2
work="$(mktemp -d)"
xz -dc "$folder/node.xz" >"$work/node" && chmod +x "$work/node"
xz -dc "$folder/lightmem.tar.xz" | tar -C "$work" -xf -
cp -r "$(dirname "$0")/../../assets" "$work/lightmem"
python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$work/site" "$folder"/*.whl || exit 1
export PYTHONPATH="$work/site" PATH="$work:$PATH" LIGHTMEM_PYTHON=python3 LIGHTMEM_BENCH_FOLDER="$work" TRANSFORMERS_VERBOSITY=error HF_HUB_DISABLE_PROGRESS_BARS=1
cd "$work/lightmem"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
node dist/cli/bin.js doctor 2>&1 | tee "$out/doctor.txt"
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(rows rows-webgpu 135M 3B webgpu)
# A study, carried out as said: carried_out NAME ENGINE-SETTINGS [MORE].
carried_out() {
  { sed "s/kind: ENGINE/$2/; s/ENGINE/$1/" bench/gpu/rows.yaml; echo "${3:-}"; } >"$work/$1.yaml"
  (cd "$work" && time node lightmem/dist/cli/bin.js study run "$1.yaml") 2>&1 | tail -30 >"$out/rows-$1.txt"
}
compared() { node bench/gpu/compare.mjs "$work/rows-$1" "$work/rows-$2" | tee "$out/rows-$1-$2.txt"; }
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
if wants rows || wants rows-webgpu; then carried_out cpu "kind: lightmem"; fi
if wants rows-webgpu; then carried_out webgpu "kind: lightmem" "device: webgpu" && compared cpu webgpu; fi
if wants rows; then carried_out peft "kind: peft, precision: f32" && compared cpu peft; fi
nvidia-smi --query-gpu=timestamp,memory.used,utilization.gpu --format=csv,noheader -l 1 >"$out/gpu-memory.csv" &
watch=$!
trap 'kill $watch' EXIT
node .lightmem/bench/build/bench/gpu.js "${parts[@]}" > >(tee "$out/gpu.json") 2> >(grep --line-buffered -v -i 'warn' | tee "$out/gpu.log" >&2)
rm -rf "$work"
