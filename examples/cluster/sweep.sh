#!/usr/bin/env bash
# One task of a Slurm array: works on its share of the cells of a sweep. See docs/cluster.md.
#
#   sbatch --array=1-8 examples/cluster/sweep.sh GRID OUT
#
#SBATCH --job-name=sweep
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A_%a.log
# A minute before the time limit, and at once on preemption, the script is told by SIGTERM.
#SBATCH --signal=B:TERM@60
set -euo pipefail
grid=${1:?the grid, a TOML file} out=${2:?the folder of the sweep}
program=${SWEEP:-target/release/examples/sweep}
if ((SLURM_ARRAY_TASK_MIN != 1 || SLURM_ARRAY_TASK_MAX != SLURM_ARRAY_TASK_COUNT)); then
  echo 'an array of tasks 1 to N is needed: sbatch --array=1-N' >&2
  exit 2
fi

stop() {
  stopped=yes
  kill -TERM "$worker" 2>/dev/null || true
}
stopped=no
"$program" --grid "$grid" --out "$out" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --threads "${SLURM_CPUS_PER_TASK:-1}" --json &
worker=$!
trap stop TERM

# The signal cuts `wait` short, before the worker has written its checkpoint; the last one says how it ended.
while kill -0 "$worker" 2>/dev/null; do wait "$worker" || true; done
status=0
wait "$worker" || status=$?
# Told to stop before the end: back into the queue. Preemption requeues the task anyway, and this then does nothing.
if [[ $stopped == yes && $status != 0 ]]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" 2>/dev/null || true
fi
exit "$status"
