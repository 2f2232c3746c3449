"""What `stdio_gate` adds to a round trip: the same server with and without it, in turns."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

EXAMPLES = os.path.join(sys.argv[1], "target", "release", "examples")
ROUNDS, CALLS = 7, 1500


def start(command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)


def median(process):
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {"text": "x" * 900}}}
    line, output = (json.dumps(call) + "\n").encode(), process.stdout.fileno()
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter_ns()
        process.stdin.write(line)
        answer = os.read(output, 65536)
        while not answer.endswith(b"\n"):
            answer += os.read(output, 65536)
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1000


with tempfile.TemporaryDirectory() as folder:
    policy = os.path.join(folder, "policy.json")
    with open(policy, "w") as file:
        json.dump({"version": "1", "default": "deny", "tools": {"read": {
            "deny_if": [{"conditions": [{"path": "args.text", "op": "contains", "value": "secret"}]}],
            "limits": [{"counter": "reads", "window": "minute", "max": 1000000000}]}}}, file)
    server = [os.path.join(EXAMPLES, "lenient_server")]
    gate = [os.path.join(EXAMPLES, "stdio_gate"), policy, "--grant", "live", "--", *server]
    plain, gated = start(server), start(gate)
    median(plain), median(gated)
    pairs = [(median(plain), median(gated)) for _ in range(ROUNDS)]
    for process in (plain, gated):
        process.stdin.close()
        process.wait()

added = statistics.median(with_gate - without for without, with_gate in pairs)
print("latency: median round trip %.1f us without, %.1f us with the gate; %.1f us added (median of %d rounds of %d calls)" % (
    statistics.median(without for without, _ in pairs), statistics.median(with_gate for _, with_gate in pairs), added, ROUNDS, CALLS))
print("latency: %d passed, %d failed" % ((1, 0) if added <= 100 else (0, 1)))
sys.exit(0 if added <= 100 else 1)
