#!/usr/bin/env bash
# Everything that needs a GPU, with one command: tests/gpu/run.sh
#
# Installs this checkout into the Python at hand without touching its other packages, compiles the kernels for this GPU,
# runs the tests marked gpu, compute-sanitizer (memcheck, racecheck, initcheck) where it is present and works, the speed
# tables beside peers and floor, with ours as a CUDA graph too, and a short pretraining
# (its log goes with the results, its checkpoints to runs/gpu). Nothing is downloaded.
#
#   OUT=folder      where results go (default docs/results/gpu)
#   SKIP="a b"      steps not to run, of: kernels tests sanitizer bench pretrain
#   PYTHON=python3  the Python that has torch with CUDA
#
# Ends with one line per step. Exit status 0: every step that was not skipped by name did well.
set -uo pipefail
cd "$(dirname "$0")/../.."
OUT=$(mkdir -p "${OUT:-docs/results/gpu}" && cd "${OUT:-docs/results/gpu}" && pwd)
PYTHON=${PYTHON:-python3}
SKIP=" ${SKIP:-} "
summary=()
status=0

lacking() {  # prints which of the modules named cannot be imported
  "$PYTHON" - "$@" <<'PY'
import importlib.util, sys
print(" ".join(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))
PY
}

step() {  # step NAME "MODULES IT NEEDS" COMMAND...
  local name=$1 needs=$2
  shift 2
  if [[ $SKIP == *" $name "* ]]; then
    summary+=("$name: skipped, as asked")
    return
  fi
  # shellcheck disable=SC2086
  local missing
  missing=$(lacking $needs)
  if [[ -n $missing ]]; then
    summary+=("$name: NOT RUN, this Python lacks: $missing (install them, or SKIP=\"$name\")")
    status=1
    return
  fi
  echo "== $name"
  local start=$SECONDS
  if "$@" 2>&1 | tee "$OUT/$name.log"; then
    summary+=("$name: ok, $((SECONDS - start)) s")
  else
    summary+=("$name: FAILED, see $OUT/$name.log")
    status=1
  fi
}

tests() { "$PYTHON" -m pytest -q tests/gpu -m gpu -o filterwarnings=default; }

sanitizer() {
  # On some virtual machines the tool is there but refuses the device; then it says so and nothing has been checked.
  compute-sanitizer --error-exitcode 9 "$PYTHON" -c "import torch; torch.ones(1, device='cuda')" \
    || { echo "compute-sanitizer does not work on this machine; SKIP=sanitizer leaves it out"; return 1; }
  # Our kernels alone; the option has had two names.
  local only="" help name tool
  help=$(compute-sanitizer --help)
  for name in --kernel-regex --kernel-name; do
    if [[ $help == *"$name"* ]]; then only="$name kns=run_warps"; fi
  done
  for tool in memcheck racecheck initcheck; do
    echo "-- $tool"
    # Without torch's cache of memory every tensor is an allocation of its own, whose ends the tool knows.
    # shellcheck disable=SC2086
    PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --tool "$tool" $only --error-exitcode 9 \
      "$PYTHON" -m pytest -q tests/gpu/test_gpu_ops.py -m gpu -o filterwarnings=default \
      -k "kernels_answer or ((attention_equals or segments_equal or neighbour_sums) and (float32 or neighbour))" || return 1
  done
}

kernels() { "$PYTHON" -m usg.ops.build_cuda --here; }

bench() {
  local ops="usg bench ops --device cuda --rounds 30"
  $ops --case relations large --compile --json "$OUT/ops-float32.json" \
    && $ops --case levi levi-words power-law --json "$OUT/ops-float32-more.json" \
    && $ops --case relations large levi --dtype bfloat16 --json "$OUT/ops-bfloat16.json" \
    && $ops --case relations levi --bias-only --json "$OUT/ops-bias.json"
}

pretrain() {
  usg pretrain fit --config configs/pretrain/world.yaml --trainer.max_steps 200 --trainer.accelerator gpu \
    --data.world.train 4000 --trainer.default_root_dir runs/gpu --overwrite true
}

"$PYTHON" -c "import torch; assert torch.cuda.is_available(), 'torch sees no CUDA device'" || exit 1
missing=$(lacking setuptools numpy networkx pyarrow)
if [[ -n $missing ]]; then
  echo "tests/gpu/run.sh: $PYTHON lacks $missing, which usg requires; install them first" >&2
  exit 1
fi
"$PYTHON" -m pip install --quiet --no-deps --no-build-isolation -e . || exit 1
PATH="$(dirname "$("$PYTHON" -c 'import sys; print(sys.executable)')"):$PATH"
"$PYTHON" - <<'PY' | tee "$OUT/machine.txt"
import platform, torch
print(torch.cuda.get_device_name(), "torch", torch.__version__, "CUDA", torch.version.cuda, "Python", platform.python_version())
PY

step kernels "" kernels
step tests "pytest" tests
if command -v compute-sanitizer > /dev/null; then
  step sanitizer "pytest" sanitizer
else
  summary+=("sanitizer: not here (no compute-sanitizer on PATH)")
fi
step bench "torch_geometric" bench
step pretrain "lightning jsonargparse safetensors" pretrain

echo "== summary"
printf '%s\n' "${summary[@]}" | tee "$OUT/summary.txt"
exit $status
