"""`http_gateway` between official clients and servers: the same results with and without, and nothing hostile executes."""

import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time

import hostile

ROOT, FOLDER = sys.argv[1], sys.argv[2]
EXAMPLES = os.path.join(ROOT, "target", "release", "examples")
TOKEN = "a-token-of-the-live-test"
METHODS = ["resources/list", "resources/templates/list", "resources/read", "prompts/list", "prompts/get"]

SERVER = '''
import sys
from mcp.server.mcpserver import MCPServer
server = MCPServer("live")
@server.tool()
def echo(message: str) -> str:
    return "Echo: " + message
@server.tool()
def add(a: int, b: int) -> int:
    return a + b
server.run("streamable-http", port=int(sys.argv[1]))
'''

# The calls that a client makes, printed as one line each.
CLIENT_1 = '''
import asyncio, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
async def main():
    url, token, calls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    progress = []
    async def note(done, total, message):
        progress.append([done, total])
    async with streamablehttp_client(url, headers={"Authorization": "Bearer " + token}) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            hello = await session.initialize()
            print(json.dumps([hello.protocolVersion, hello.serverInfo.name]))
            print((await session.list_tools()).model_dump_json())
            for name, arguments in calls:
                result = await session.call_tool(name, arguments, progress_callback=note)
                print(result.model_dump_json(exclude={"meta"}))
            print(json.dumps(progress))
            try:
                print((await session.list_resources()).model_dump_json())
            except Exception as error:
                print(type(error).__name__)
asyncio.run(main())
'''

CLIENT_2 = '''
import asyncio, json, sys
import httpx2 as httpx
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
async def main():
    url, token, calls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    async with httpx.AsyncClient(headers={"Authorization": "Bearer " + token}, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            print((await client.list_tools()).model_dump_json(exclude={"cache_scope"}))
            for name, arguments in calls:
                print((await client.call_tool(name, arguments)).model_dump_json(exclude={"meta"}))
asyncio.run(main())
'''


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(number):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", number), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("nothing listens")


def start_gateway(upstream, hidden):
    with open(os.path.join(FOLDER, "http-policy.json"), "w") as file:
        json.dump({"version": "1", "default": "allow", "hide": hidden, "methods": METHODS}, file)
    with open(os.path.join(FOLDER, "grants.json"), "w") as file:
        json.dump({"grants": [{"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "grant": "live"}]}, file)
    number = port()
    process = subprocess.Popen([os.path.join(EXAMPLES, "http_gateway"), os.path.join(FOLDER, "http-policy.json"),
                                "--upstream", upstream, "--listen", "127.0.0.1:%d" % number,
                                "--grants", os.path.join(FOLDER, "grants.json")],
                               stderr=subprocess.DEVNULL, env={**os.environ, "NO_PROXY": "127.0.0.1"})
    wait_for(number)
    return process, "http://127.0.0.1:%d/mcp" % number


def client(python, program, url, calls):
    done = subprocess.run([python, "-c", program, url, TOKEN, json.dumps(calls)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "NO_PROXY": "127.0.0.1"})
    if done.returncode:
        raise RuntimeError("the client failed: " + done.stderr[-1500:])
    return re.sub(r"\b\d\d:\d\d:\d\d\b( [AP]M)?", "<time>", done.stdout).splitlines()


def shown(lines, hidden):
    """The lines without hidden tools."""
    out = []
    for line in lines:
        value = json.loads(line) if line[:1] in "[{" else line
        if isinstance(value, dict) and "tools" in value:
            value["tools"] = [tool for tool in value["tools"] if tool["name"] not in hidden]
            # A filtered list is its caller's alone, and says so.
            value.pop("cacheScope", None)
        out.append(value)
    return out


def post(url, body, session, modern):
    host, number = re.match(r"http://([^:/]+):(\d+)", url).groups()
    connection = http.client.HTTPConnection(host, int(number), timeout=10)
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json",
               "Accept": "application/json, text/event-stream"}
    if session:
        headers["Mcp-Session-Id"] = session
    if modern:
        headers.update({"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "echo"})
    try:
        connection.request("POST", re.sub(r"http://[^/]+", "", url), body, headers)
        response = connection.getresponse()
        return response.getheader("mcp-session-id"), response.read()
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()


def attack(url, decoy):
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "live", "version": "0"}}}
    session, _ = post(url, json.dumps(hello).encode(), None, False)
    post(url, b'{"jsonrpc":"2.0","method":"notifications/initialized"}', session, False)
    made = hostile.lines("echo", lambda k: {"message": "mark-%d." % k}, decoy, {})
    raw = b"".join(post(url, line, session, False)[1] for _, line in made)
    found = {int(mark) for mark in re.findall(r"Echo: mark-(\d+)\.", raw.decode(errors="replace"))}
    return [label for k, (label, _) in enumerate(made) if k in found], len(made)


def check(name, server_command, env, upstream_path, python, program, calls, decoy):
    number = port()
    command = [word.replace("<port>", str(number)) for word in server_command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, **{key: value.replace("<port>", str(number)) for key, value in env.items()}})
    gateways, problems = [], []
    try:
        wait_for(number)
        upstream = "http://127.0.0.1:%d%s" % (number, upstream_path)
        plain = client(python, program, upstream, calls)
        process, url = start_gateway(upstream, [])
        gateways.append(process)
        through = client(python, program, url, calls)
        if shown(plain, []) != shown(through, []):
            for one, other in zip(shown(plain, []), shown(through, [])):
                if one != other:
                    problems.append("differs:\n    %s\n    %s" % (json.dumps(one)[:700], json.dumps(other)[:700]))
            if len(plain) != len(through):
                problems.append("%d lines became %d" % (len(plain), len(through)))
        process, url = start_gateway(upstream, ["echo"])
        gateways.append(process)
        less = client(python, program, url, [])
        if shown(client(python, program, upstream, []), ["echo"]) != shown(less, []):
            problems.append("the filtered list differs")
        bare, count = attack(upstream, decoy)
        past, _ = attack(url, decoy)
        problems += ["executed past the gateway: " + label for label in past]
        if not bare:
            problems.append("nothing executes without the gateway: the attack proves nothing")
        print("%s %s: %d lines of the client the same; of %d hostile bodies %d execute without the gateway, %d with it"
              % ("FAIL" if problems else "ok", name, len(plain), count, len(bare), len(past)), flush=True)
    except Exception as error:
        problems.append(repr(error))
        print("FAIL " + name, flush=True)
    finally:
        for process in [*gateways, server]:
            process.kill()
            process.wait()
    for problem in problems:
        print("  " + problem, flush=True)
    return not problems


def main():
    with open(os.path.join(FOLDER, "server.py"), "w") as file:
        file.write(SERVER)
    one, two = (os.path.join(FOLDER, "v" + sdk, "bin", "python") for sdk in "12")
    everything = ["node", os.path.join(FOLDER, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js"),
                  "streamableHttp"]
    calls = [["echo", {"message": "hi"}], ["get-sum", {"a": 2, "b": 3}], ["get-tiny-image", {}], ["no-such-tool", {}],
             ["trigger-long-running-operation", {"duration": 1, "steps": 2}], ["get-structured-content", {"location": "Chicago"}]]
    small = [["echo", {"message": "hi"}], ["add", {"a": 2, "b": 3}], ["add", {"a": "x"}]]
    results = [
        check("server-everything over HTTP, Python client 1", everything, {"PORT": "<port>"}, "/mcp", one, CLIENT_1, calls, "get-sum"),
        check("Python server 2 over HTTP, Python client 1", [two, os.path.join(FOLDER, "server.py"), "<port>"], {}, "/mcp", one, CLIENT_1, small, "add"),
        check("Python server 2 over HTTP, Python client 2", [two, os.path.join(FOLDER, "server.py"), "<port>"], {}, "/mcp", two, CLIENT_2, small, "add"),
    ]
    print("http: %d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
