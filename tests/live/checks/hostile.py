"""Lines that some servers run as a call and some gates take for something else."""

import json


def lines(name, arguments, decoy, meta):
    """Pairs of a label and the bytes of a line; each would have a server call the tool `name`.

    `arguments(k)` are the arguments of line k, and leave a mark of their own; `decoy` is a tool that is allowed.
    `meta` is what every params of the revision have.
    """
    made = []
    extra = "".join(",%s:%s" % (json.dumps(key), json.dumps(value)) for key, value in meta.items())

    def add(label, build):
        k = len(made)
        args = json.dumps(arguments(k))
        params = '{"name":%s,"arguments":%s%s}' % (json.dumps(name), args, extra)
        call = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":%s}' % (1000 + k, params)
        made.append((label, build(k, args, params, call)))

    def text(template):
        def build(k, args, params, call):
            values = {"ID": str(1000 + k), "ARGS": args, "PARAMS": params, "CALL": call,
                      "NAME": json.dumps(name), "DECOY": json.dumps(decoy), "META": extra}
            out = template
            for key, value in values.items():
                out = out.replace("<" + key + ">", value)
            return out.encode("utf-8", "surrogatepass")
        return build

    envelope = '{"jsonrpc":"2.0","id":<ID>,"method":"tools/call","params":'
    add("plain call of a hidden tool", text("<CALL>"))
    add("t01 name twice", text(envelope + '{"name":<DECOY>,"name":<NAME>,"arguments":<ARGS><META>}}'))
    add("t01 name twice, escaped", text(envelope + '{"name":<DECOY>,"n\\u0061me":<NAME>,"arguments":<ARGS><META>}}'))
    add("t01 arguments twice", text(envelope + '{"name":<NAME>,"arguments":{},"arguments":<ARGS><META>}}'))
    add("t01 params twice", text(envelope + '{"name":<DECOY>},"params":<PARAMS>}'))
    add("t01 method twice", text('{"jsonrpc":"2.0","id":<ID>,"method":"ping","method":"tools/call","params":<PARAMS>}'))
    add("t01 id twice", text('{"jsonrpc":"2.0","id":1,"id":<ID>,"method":"tools/call","params":<PARAMS>}'))
    add("t02 CR inside a ping", text('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":\r<CALL>\r}}'))
    add("t02 CR between two messages", text('{"jsonrpc":"2.0","id":1,"method":"ping"}\r<CALL>'))
    for label, end in [("VT", "\v"), ("FF", "\f"), ("NEL", "\x85"), ("U+2028", "\u2028"), ("NUL", "\0")]:
        add("t02 %s in a string" % label,
            lambda k, args, params, call, end=end: json.dumps(
                {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": end + call + end}},
                ensure_ascii=False).encode())
    add("t03 Name beside name", text(envelope + '{"name":<DECOY>,"Name":<NAME>,"arguments":<ARGS><META>}}'))
    add("t03 METHOD", text('{"jsonrpc":"2.0","id":<ID>,"method":"ping","METHOD":"tools/call","params":<PARAMS>}'))
    add("t05 request with a result", text(envelope + '<PARAMS>,"result":{}}'))
    add("t05 request with an error", text(envelope + '<PARAMS>,"error":{}}'))
    add("t06 batch", text("[<CALL>]"))
    add("t06 nested batch", text("[[<CALL>]]"))
    add("t08 no id", text('{"jsonrpc":"2.0","method":"tools/call","params":<PARAMS>}'))
    for k, bad in enumerate(["null", "1.5", "true", "[]", "{}", "1e2", "99999999999999999999", "-1"]):
        add("t08 id %s" % bad, text(envelope.replace("<ID>", bad) + "<PARAMS>}"))
    for bad in ["NaN", "Infinity", "1e999", '"\\ud800"', "[" * 500 + "]" * 500]:
        add("t09 " + bad[:10], text(envelope + '{"name":<NAME>,"x":%s,"arguments":<ARGS><META>}}' % bad))
    add("t09 byte order mark", text("\ufeff<CALL>"))
    add("t09 two on a line", text("<CALL><CALL>"))
    add("t15 inputResponses 5", text(envelope + '{"name":<NAME>,"inputResponses":5,"arguments":<ARGS><META>}}'))
    add("t15 requestState {}", text(envelope + '{"name":<NAME>,"requestState":{},"arguments":<ARGS><META>}}'))
    add("t15 task", text(envelope + '{"name":<NAME>,"task":5,"arguments":<ARGS><META>}}'))
    add("t16 escaped method", text('{"jsonrpc":"2.0","id":<ID>,"method":"tools\\/c\\u0061ll","params":<PARAMS>}'))
    add("t16 TOOLS/CALL", text('{"jsonrpc":"2.0","id":<ID>,"method":"TOOLS/CALL","params":<PARAMS>}'))
    add("t16 trailing space", text('{"jsonrpc":"2.0","id":<ID>,"method":"tools/call ","params":<PARAMS>}'))
    add("no jsonrpc", text('{"id":<ID>,"method":"tools/call","params":<PARAMS>}'))
    add("unknown member", text(envelope + '<PARAMS>,"x":1}'))
    return made
