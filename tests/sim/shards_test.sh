#!/usr/bin/env bash
# The two recipes of docs/howto/campaign.md, taken from the page itself, on a small campaign: the merged shards must say what one
# process says. GNU parallel is used when it is there, else the same lines run one after the other; Slurm is played by its variables.
set -euo pipefail
coterie=$1 page=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir bin
ln -s "$coterie" bin/coterie
PATH=$folder/bin:$PATH
small=(--clients 6 --duration 1)

# What does not depend on the time it took.
told() { grep -v '^speed:' "$1"; }

coterie sim --seeds 1..12 "${small[@]}" --reached >whole.txt

recipe=$(grep -m1 'parallel coterie sim' "$page" | sed 's/1\.\.100000/1..12 --clients 6 --duration 1/; s/16/3/g; s/^ *//')
if command -v parallel >/dev/null; then
  bash -c "$recipe"
else
  for shard in 1 2 3; do
    bash -c "$(sed "s/.*| parallel //; s/'>'/>/; s/{}/$shard/g" <<<"$recipe")"
  done
fi
coterie sim merge --reached shard.*.jsonl >merged.txt
diff <(told whole.txt) <(told merged.txt)

mkdir slurm
cd slurm
sed -n '/#!\/bin\/sh/,/--results/p' "$page" | sed 's/^    //; s/1\.\.1000000/1..12 --clients 6 --duration 1/' >campaign.sbatch
grep -q SLURM_ARRAY_TASK_ID campaign.sbatch
for task in 1 2 3 4; do
  SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=4 sh campaign.sbatch >/dev/null
done
coterie sim merge --reached shard.*.jsonl >merged.txt
diff <(told ../whole.txt) <(told merged.txt)

# A shard that is missing is said, one that is there twice is refused.
coterie sim merge shard.1.jsonl shard.2.jsonl | grep -q '^shards 1 2 of 4'
status=0
coterie sim merge shard.1.jsonl shard.1.jsonl 2>error.txt || status=$?
[ "$status" = 65 ]
grep -q 'shard 1 is there twice' error.txt
