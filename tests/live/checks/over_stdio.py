"""`stdio_gate` in front of official servers: the same results with and without, and nothing hostile executes."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading

import hostile

ROOT, FOLDER = sys.argv[1], sys.argv[2]
EXAMPLES = os.path.join(ROOT, "target", "release", "examples")
PATIENCE = 60
OLD = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "live", "version": "0"}}
META = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                  "io.modelcontextprotocol/clientInfo": {"name": "live", "version": "0"},
                  "io.modelcontextprotocol/clientCapabilities": {}}}
METHODS = ["resources/list", "resources/templates/list", "resources/read", "resources/subscribe",
           "resources/unsubscribe", "prompts/list", "prompts/get", "completion/complete"]


class Peer:
    """A process that speaks in lines."""

    def __init__(self, command, env=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def write(self, data):
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def ask(self, method, params=None, id=1):
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        self.write(json.dumps(message).encode())
        return self.answer(id)

    def answer(self, id):
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                raise EOFError("the server has ended")
            self.seen.append(line)
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if message.get("id") == id and "method" not in message:
                return message

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            return self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed"


def gated(command, hidden):
    policy = os.path.join(FOLDER, "policy.json")
    with open(policy, "w") as file:
        json.dump({"version": "1", "default": "allow", "hide": [hidden] if hidden else [], "methods": METHODS}, file)
    return [os.path.join(EXAMPLES, "stdio_gate"), policy, "--grant", "live", "--", *command]


def steady(answer):
    """An answer without what differs between any two runs."""
    text = json.dumps(answer, sort_keys=True)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", "<time>", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d\b( [AP]M)?", "<time>", text)
    text = re.sub(r"\b[0-9a-f]{7,40}\b", "<hash>", text)
    return json.loads(text)


def without(answer, hidden):
    tools = answer.get("result", {}).get("tools")
    if tools is not None:
        answer["result"]["tools"] = [tool for tool in tools if tool["name"] != hidden]
        # A filtered list is its caller's alone, and says so.
        answer["result"].pop("cacheScope", None)
    return answer


def play(command, server, env):
    peer = Peer(command, env)
    answers = []
    for number, (method, params) in enumerate(server["traffic"]):
        if method.startswith("notifications/"):
            peer.write(json.dumps({"jsonrpc": "2.0", "method": method}).encode())
            continue
        answers.append((method, peer.ask(method, params, number)))
    return answers, peer.close()


def attack(command, server, env):
    """The labels of the lines that executed."""
    made = hostile.lines(server["hidden"], server["arguments"], server["decoy"], server["meta"])
    peer, raw, restarts = None, b"", 0
    opening = [step for step in server["traffic"][:2] if step[0] in ("initialize", "notifications/initialized")]
    for k, (_, line) in enumerate(made):
        if peer is None:
            peer = Peer(command, env)
            for method, params in opening:
                if method == "initialize":
                    peer.ask(method, params, 0)
                else:
                    peer.write(json.dumps({"jsonrpc": "2.0", "method": method}).encode())
        try:
            peer.write(line)
            # Whatever the line led to is done before this is answered.
            peer.ask("tools/call", {"name": server["decoy"], "arguments": server["fence"], **server["meta"]}, 5000 + k)
        except (EOFError, OSError):
            raw += b"".join(peer.seen)
            peer.close()
            peer, restarts = None, restarts + 1
    if peer is not None:
        marks = server["marks"](peer) if server.get("asks") else None
        raw += b"".join(peer.seen)
        peer.close()
    else:
        marks = None
    found = marks if marks is not None else server["marks"](raw)
    return [label for k, (label, _) in enumerate(made) if k in found], restarts, len(made)


def calls(*named):
    return [("tools/call", {"name": name, "arguments": arguments}) for name, arguments in named]


def old(*steps):
    return [("initialize", OLD), ("notifications/initialized", None), ("ping", {}), ("tools/list", {}), *steps]


def modern(*steps):
    return [(method, {**(params or {}), **META}) for method, params in [("server/discover", {}), ("tools/list", {}), *steps]]


def in_output(pattern):
    """Numbers of the marks that are in what was answered."""
    return lambda raw: {int(mark) for mark in re.findall(pattern, raw.decode(errors="replace"))}


def servers():
    files = os.path.join(FOLDER, "files")
    shutil.rmtree(files, ignore_errors=True)
    os.makedirs(files)
    with open(os.path.join(files, "a.txt"), "w") as file:
        file.write("alpha\n")
    memory = os.path.join(FOLDER, "memory.json")
    repository = os.path.join(FOLDER, "repository")
    shutil.rmtree(repository, ignore_errors=True)
    run = lambda *words: subprocess.run(["git", "-C", repository, *words], check=True, capture_output=True, text=True).stdout
    os.makedirs(repository)
    run("init", "-q")
    run("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")
    node = lambda name: ["node", os.path.join(FOLDER, "node_modules", "@modelcontextprotocol", name, "dist", "index.js")]
    policy = os.path.join(FOLDER, "open.json")
    with open(policy, "w") as file:
        json.dump({"version": "1", "default": "allow"}, file)

    def fresh_memory():
        with open(memory, "w") as file:
            file.write('{"type":"entity","name":"seed","entityType":"x","observations":["o"]}\n')

    def fresh_files():
        for name in os.listdir(files):
            if name.startswith("mark-"):
                os.remove(os.path.join(files, name))

    def fresh_branches():
        for branch in run("branch", "--list", "mark-*", "--format=%(refname:short)").split():
            run("branch", "-D", branch)

    def notes(peer):
        return {k for k in range(80)
                if "mark" in json.dumps(peer.ask("tools/call", {"name": "read_note", "arguments": {"title": "m%d" % k}}, 9000 + k))}

    everything = {
        "name": "server-everything (TypeScript)", "command": node("server-everything") + ["stdio"], "meta": {},
        "traffic": old(*calls(("echo", {"message": "hi"}), ("get-sum", {"a": 2, "b": 3}), ("get-tiny-image", {}),
                              ("get-annotated-message", {"messageType": "error", "includeImage": True}),
                              ("get-structured-content", {"location": "Chicago"}), ("get-resource-links", {"count": 3}),
                              ("no-such-tool", {}), ("get-sum", {"a": "x"})),
                       ("resources/list", {}), ("resources/templates/list", {}),
                       ("resources/read", {"uri": "demo://resource/static/document/features.md"}),
                       ("prompts/list", {}), ("prompts/get", {"name": "simple-prompt"}),
                       ("logging/setLevel", {"level": "debug"})),
        "hidden": "echo", "decoy": "get-sum", "fence": {"a": 1, "b": 1},
        "arguments": lambda k: {"message": "mark-%d." % k}, "marks": in_output(r"Echo: mark-(\d+)\."),
    }
    filesystem = {
        "name": "server-filesystem (TypeScript)", "command": node("server-filesystem") + [files], "meta": {},
        "traffic": old(*calls(("list_allowed_directories", {}), ("list_directory", {"path": files}),
                              ("read_text_file", {"path": os.path.join(files, "a.txt")}),
                              ("read_text_file", {"path": "/etc/passwd"}), ("get_file_info", {"path": files}),
                              ("search_files", {"path": files, "pattern": "*.txt"}))),
        "hidden": "write_file", "decoy": "list_directory", "fence": {"path": files}, "fresh": fresh_files,
        "arguments": lambda k: {"path": os.path.join(files, "mark-%d" % k), "content": "x"},
        "marks": lambda raw: {int(name[5:]) for name in os.listdir(files) if name.startswith("mark-")},
    }
    memories = {
        "name": "server-memory (TypeScript)", "command": node("server-memory"), "env": {"MEMORY_FILE_PATH": memory}, "meta": {},
        "traffic": old(*calls(("read_graph", {}), ("search_nodes", {"query": "seed"}), ("open_nodes", {"names": ["seed"]}),
                              ("add_observations", {"observations": [{"entityName": "seed", "contents": ["p"]}]}),
                              ("read_graph", {}))),
        "hidden": "create_entities", "decoy": "read_graph", "fence": {}, "fresh": fresh_memory,
        "arguments": lambda k: {"entities": [{"name": "mark-%d" % k, "entityType": "x", "observations": []}]},
        "marks": lambda raw: {int(mark) for mark in re.findall(r'"mark-(\d+)"', open(memory).read())},
    }
    found = [everything, filesystem, memories]
    for sdk in ("1", "2"):
        python = os.path.join(FOLDER, "v" + sdk, "bin", "python")
        zone = {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"}
        found.append({
            "name": "mcp-server-git (Python SDK %s)" % sdk, "meta": {},
            "command": [python, "-m", "mcp_server_git", "--repository", repository],
            "traffic": old(*calls(("git_status", {"repo_path": repository}), ("git_log", {"repo_path": repository}),
                                  ("git_branch", {"repo_path": repository, "branch_type": "local"}),
                                  ("git_show", {"repo_path": repository, "revision": "HEAD"}),
                                  ("git_status", {"repo_path": "/"}), ("nope", {}))),
            "hidden": "git_create_branch", "decoy": "git_status", "fence": {"repo_path": repository}, "fresh": fresh_branches,
            "arguments": lambda k: {"repo_path": repository, "branch_name": "mark-%d" % k},
            "marks": lambda raw: {int(name[5:]) for name in run("branch", "--list", "mark-*", "--format=%(refname:short)").split()},
        })
        time = {
            "name": "mcp-server-time (Python SDK %s)" % sdk, "command": [python, "-m", "mcp_server_time"], "meta": {},
            "traffic": old(*calls(("get_current_time", {"timezone": "UTC"}), ("convert_time", zone),
                                  ("get_current_time", {"timezone": "Mars/Base"}), ("get_current_time", {}))),
            "hidden": "convert_time", "decoy": "get_current_time", "fence": {"timezone": "UTC"},
            "arguments": lambda k: {"source_timezone": "UTC", "time": "01:%02d" % k, "target_timezone": "Asia/Tokyo"},
            "marks": in_output(r"T01:(\d\d):00\+00:00"),
        }
        found.append(time)
    found.append({**time, "name": "mcp-server-time (Python SDK 2, revision 2026-07-28)", "meta": META,
                  "traffic": modern(*calls(("get_current_time", {"timezone": "UTC"}), ("convert_time", zone), ("nope", {})))})
    found.append({
        "name": "rmcp_server (rmcp 3)", "command": [os.path.join(EXAMPLES, "rmcp_server"), policy], "meta": {}, "asks": True,
        "traffic": old(*calls(("write_note", {"title": "a", "text": "b"}), ("read_note", {"title": "a"}), ("nope", {}))),
        "hidden": "write_note", "decoy": "read_note", "fence": {"title": "x"},
        "arguments": lambda k: {"title": "m%d" % k, "text": "mark"}, "marks": notes,
    })
    return found


def main():
    passed = failed = 0
    for server in servers():
        env, fresh = server.get("env"), server.get("fresh", lambda: None)
        problems = []
        fresh()
        plain, plain_status = play(server["command"], server, env)
        fresh()
        through, status = play(gated(server["command"], None), server, env)
        fresh()
        filtered, _ = play(gated(server["command"], server["hidden"]), server, env)
        for (method, expected), (_, got), (_, less) in zip(plain, through, filtered):
            if without(steady(expected), None) != without(steady(got), None):
                problems.append("%s differs:\n    %s\n    %s" % (method, json.dumps(expected)[:600], json.dumps(got)[:600]))
            if method == "tools/list" and without(steady(expected), server["hidden"]) != without(steady(less), None):
                problems.append("the filtered list differs")
        if plain_status != status:
            problems.append("exit status %s with the gate, %s without" % (status, plain_status))
        fresh()
        bare, restarts, count = attack(server["command"], server, env)
        fresh()
        past, gate_restarts, _ = attack(gated(server["command"], server["hidden"]), server, env)
        problems += ["executed past the gate: " + label for label in past]
        if gate_restarts:
            problems.append("the server ended %d times behind the gate" % gate_restarts)
        if not bare:
            problems.append("nothing executes without the gate: the attack proves nothing")
        print("%s %s: %d answers the same; of %d hostile lines %d execute without the gate (%d ends of the server), %d with it"
              % ("FAIL" if problems else "ok", server["name"], len(plain), count, len(bare), restarts, len(past)), flush=True)
        for problem in problems:
            print("  " + problem, flush=True)
        failed, passed = failed + bool(problems), passed + (not problems)
    print("stdio: %d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
