#!/bin/sh
# bench/report writes README's table and the charts from results, and those of this tree are what it writes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || exit 77
fail() {
    echo "report_test: $1" >&2
    exit 1
}
# A folder of results may be out of a build that has no README.
[ ! -e README.md ] || python3 bench/report --check || fail "the tree"

mkdir "$work/results"
printf 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n' >"$work/README.md"
report() { python3 bench/report --results "$work/results" --readme "$work/README.md" "$@"; }
report
grep -q 'no results of it are committed' "$work/README.md" || fail "without results"

cat >"$work/results/peers.jsonl" <<'END'
{"bench": "peers", "date": "2026-01-02", "commit": "abc1234", "machine": {"cpu": "A CPU", "cores": 2, "caches": "L2 2M", "vectors": "avx2", "system": "Debian"}, "versions": {"Glia": "0.1.0", "PyTorch": "2.15.0", "RTNeural": null}}
{"title": "MLP", "kind": "training", "batch": 32, "threads": 2, "peer": "PyTorch eager", "glia_us": [40, 41, 45], "floor_us": 20, "peer_us": [200, 205, 180], "ratio": {"min": 4, "median": 5, "max": 5.004}, "memory_kib": {"glia": 2048, "peer": 6144}}
{"title": "Fashion CNN", "kind": "training", "batch": 128, "threads": 1, "peer": "PyTorch eager", "glia_us": [50], "floor_us": 20, "peer_us": [100], "ratio": {"min": 2, "median": 2, "max": 2}}
{"title": "MLP", "kind": "training", "batch": 32, "threads": 1, "peer": "PyTorch compiled", "glia_us": [50], "peer_us": [100], "ratio": {"min": 2, "median": 2, "max": 2}}
{"title": "CNN", "kind": "training", "batch": 128, "threads": 2, "peer": "PyTorch", "failed": "no memory: 3 bytes"}
{"title": "LSTM 16", "kind": "inference", "batch": 1, "threads": 1, "peer": "RTNeural", "glia_us": [0.3], "peer_us": [0.27], "ratio": {"min": 0.9, "median": 0.9, "max": 0.9}}
END
cat >"$work/results/scaling.jsonl" <<'END'
{"bench": "scaling", "glia": "0.1.0", "device": "cpu"}
{"doubles": "batch", "size": 1, "threads": 1, "step_us": 10}
{"doubles": "batch", "size": 2, "threads": 1, "step_us": 15}
END
code=0
report --check >"$work/said" || code=$?
[ "$code" -eq 1 ] || fail "--check of an old table ends with $code"
grep -q 'old' "$work/README.md" && fail "the first table stayed"
report
report --check || fail "--check of a new table"
cat >"$work/wanted" <<'END'
| MLP, batch 32 | 41.0 µs | 200 µs, PyTorch eager | **5.00** (4.00 to 5.00) | **2.00** (2.00 to 2.00) | 10.0 | 3.0 (2 MiB) |
| CNN, batch 128 | failed: no memory |  |  |  |  |  |
| LSTM 16 | 0.30 µs | 0.27 µs, RTNeural | **0.90** (0.90 to 0.90) |
END
grep -e '^| MLP' -e '^| CNN' -e '^| LSTM' "$work/README.md" >"$work/table"
diff "$work/wanted" "$work/table" || fail "the table"
grep -q '^| Fashion CNN, batch 128 | 2.2 | 1 | 2.00 | 40 % | 5.0 | the second' "$work/results/goals.md" || fail "the goals"
grep -q '^Measured on 2026-01-02 with commit abc1234: 2 cores of A CPU' "$work/README.md" || fail "the machine"
[ "$(sed -n '1p;$p' "$work/README.md" | tr '\n' ' ')" = "before after " ] || fail "what stands around the table"
for chart in peers scaling; do
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/results/$chart.svg" || fail "$chart.svg"
done
# A wrong folder or file changes nothing.
cp "$work/README.md" "$work/before"
if report --results "$work/nowhere" 2>"$work/said"; then fail "a folder that is not there"; fi
grep -q "no folder $work/nowhere" "$work/said" || fail "what it says of a folder that is not there"
for content in '' '{'; do
    cp -r "$work/results" "$work/broken"
    printf '%s' "$content" >"$work/broken/peers.jsonl"
    if report --results "$work/broken" 2>"$work/said"; then fail "peers.jsonl of '$content'"; fi
    grep -q "^report: $work/broken/peers.jsonl" "$work/said" || fail "what it says of peers.jsonl of '$content'"
    rm -r "$work/broken"
done
cmp -s "$work/README.md" "$work/before" || fail "README after a failure"
# Every peer may have failed.
sed -i -e '1b' -e '/failed/!d' "$work/results/peers.jsonl"
report
grep -q 'failed: no memory' "$work/README.md" || fail "nothing but failures"
printf 'no marks\n' >"$work/README.md"
if report 2>"$work/said"; then fail "README without marks"; fi
