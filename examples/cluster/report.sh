#!/usr/bin/env bash
# Writes records.csv and failures.csv of a sweep whose array has ended. See docs/cluster.md.
#
#   sbatch --dependency=afterany:JOB examples/cluster/report.sh GRID OUT
#
#SBATCH --job-name=sweep-report
#SBATCH --cpus-per-task=1
#SBATCH --time=00:30:00
#SBATCH --output=%x-%j.log
set -euo pipefail
grid=${1:?the grid, a TOML file} out=${2:?the folder of the sweep}

"${SWEEP:-target/release/examples/sweep}" --grid "$grid" --out "$out" --json
