"""A whole bot: it greets with a tone, says back what it hears, and hangs up at the key #. Needs `pip install websockets`."""
import asyncio, hashlib, hmac, json, math, os, struct, time

from websockets.asyncio.server import serve

KEY = os.environ.get("TALKPATH_SIGNING_KEY")


def signed(headers):
    """Whether it is talkpath that calls us."""
    parts = dict(part.split("=", 1) for part in headers.get("X-Talkpath-Signature", "t=0").split(","))
    text = f"{parts['t']}.{headers.get('X-Talkpath-Call-Id', '')}"
    code = hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(code, parts.get("v1", "")) and abs(time.time() - int(parts["t"])) < 300


def tone(rate, hertz=440, ms=400):
    wave = (8000 * math.sin(2 * math.pi * hertz * n / rate) for n in range(rate * ms // 1000))
    return b"".join(struct.pack("<h", int(sample)) for sample in wave)


async def call(socket):
    if KEY and not signed(socket.request.headers):
        return await socket.close(1008, "not signed")
    say = lambda **message: socket.send(json.dumps(message))
    heard, spoken, at, began = bytearray(), 0, 0, 0
    async for message in socket:
        if isinstance(message, bytes):
            heard += message  # the caller's audio, end to end
            continue
        kind = (event := json.loads(message))["type"]
        if kind == "start":
            rate, at = event["audio"]["from_caller"]["rate"], event["at_ms"]
            heard.clear()
            if not event["resumed"]:
                await say(type="utterance_begin", id="hello", text="[tone]", interruptible=False)
                await socket.send(tone(event["audio"]["to_caller"]["rate"]))
                await say(type="utterance_end")
        elif kind == "speech_started":
            began = event["at_ms"]
        elif kind == "speech_stopped":  # say it back; both rates are the same here
            place, spoken = lambda ms: max(0, ms - at) * rate // 1000 * 2, spoken + 1
            await say(type="utterance_begin", id=f"echo-{spoken}", text="[echo]")
            await socket.send(bytes(heard[place(began):place(event["at_ms"])]))
            await say(type="utterance_end")
        elif kind == "key" and event["key"] == "#" or kind == "goodbye":
            await say(type="hang_up")
        elif kind == "ping":
            await say(type="pong")
        elif kind in ("interrupted", "error"):
            print(event, flush=True)


async def main():
    async with serve(call, "127.0.0.1", 8765) as server:
        await server.serve_forever()


asyncio.run(main())
