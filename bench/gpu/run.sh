#!/usr/bin/env bash
# Measures on a machine with a GPU, without a network: bench/gpu/run.sh FOLDER OUT [PARTS], FOLDER being what bench/gpu/pack.sh packed. The
# machine's python3 has torch and transformers. PARTS: rows (a study by both engines), 135M, 3B, compile, webgpu; without them, all but compile.
set -uo pipefail
folder="$(cd "$1" && pwd)" out="$(mkdir -p "$2" && cd "$2" && pwd)"
shift 2
work="$(mktemp -d)"
xz -dc "$folder/node.xz" >"$work/node" && chmod +x "$work/node"
xz -dc "$folder/lightmem.tar.xz" | tar -C "$work" -xf -
python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$work/site" "$folder"/*.whl || exit 1
export PYTHONPATH="$work/site" PATH="$work:$PATH" LIGHTMEM_PYTHON=python3 LIGHTMEM_BENCH_FOLDER="$work" TRANSFORMERS_VERBOSITY=error HF_HUB_DISABLE_PROGRESS_BARS=1
cd "$work/lightmem"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
node dist/cli/bin.js doctor 2>&1 | tee "$out/doctor.txt"
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(rows 135M 3B webgpu)
if [[ " ${parts[*]} " == *" rows "* ]]; then
  for engine in lightmem peft; do
    settings="kind: $engine"
    [ "$engine" = lightmem ] || settings="kind: peft, precision: f32"
    sed "s/kind: ENGINE/$settings/; s/ENGINE/$engine/" bench/gpu/rows.yaml >"$work/$engine.yaml"
    (cd "$work" && time node lightmem/dist/cli/bin.js study run "$engine.yaml") 2>&1 | tail -30 >"$out/rows-$engine.txt"
  done
  node bench/gpu/compare.mjs "$work/rows-lightmem" "$work/rows-peft" | tee "$out/rows.txt"
fi
node .lightmem/bench/build/bench/gpu.js "${parts[@]}" > >(tee "$out/gpu.json") 2> >(grep -v -i 'warn' | tee "$out/gpu.log" >&2)
rm -rf "$work"
