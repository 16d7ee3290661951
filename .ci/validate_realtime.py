#!/usr/bin/env python3
"""Judges the messages that the realtime engine sends by the vendors' own Python SDKs.

    TALKPATH_DUMP_MESSAGES=/tmp/messages.jsonl cargo test -p talkpath-speech --test it realtime
    python3 .ci/validate_realtime.py /tmp/messages.jsonl        (needs: pip install openai dashscope)

Each line of the file is {"dialect": "ga" | "beta" | "qwen", "message": {...}}.

- ga and beta: the SDK's types of client events, by pydantic, strictly: a field that a type doesn't have is an error.
- qwen: dashscope has no types, so its OmniRealtimeConversation is made to send each kind of message into a stub socket, and ours
  must have the fields and the types that it sends; what goes beyond them must be in DOCUMENTED, with the page that says so.

Prints each kind of message judged and how often; exits with 1 on any fault, or when a dialect or kind was never seen.
"""

import collections
import json
import sys
import typing

import pydantic

WANTED = {
    "ga": {
        "session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "response.create", "response.cancel",
        "conversation.item.create", "conversation.item.truncate",
    },
    "beta": {
        "session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "response.create", "response.cancel",
        "conversation.item.create", "conversation.item.truncate",
    },
    "qwen": {
        "session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "response.create", "response.cancel",
        "conversation.item.create", "session.finish",
    },
}

# Fields of Qwen's session that the SDK passes through as further arguments: Model Studio's page of client events.
DOCUMENTED = {
    "session.instructions": str,
    "session.tools": list,
    "session.tool_choice": str,
    "session.turn_detection.create_response": bool,
    "session.turn_detection.interrupt_response": bool,
    "session.turn_detection.eagerness": str,
    "session.input_audio_transcription.language": str,
}


def openai_judge(module):
    """Validates by the client event of this kind, without coercion, and that nothing was let through as an unknown extra."""
    union = module.RealtimeClientEvent
    while typing.get_origin(union) is typing.Annotated:
        union = typing.get_args(union)[0]
    events = {typing.get_args(event.model_fields["type"].annotation)[0]: event for event in typing.get_args(union)}

    def judge(message):
        event = events.get(message["type"])
        if event is None:
            return ["the SDK has no such event"]
        parsed = pydantic.TypeAdapter(event).validate_json(json.dumps(message), strict=True)
        return list(extras(parsed, event.__name__))

    return judge


def extras(value, path):
    """Fields that pydantic kept without knowing them."""
    if isinstance(value, pydantic.BaseModel):
        yield from (f"{path}.{name}: unknown field" for name in (value.model_extra or {}))
        for name in type(value).model_fields:
            yield from extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for at, element in enumerate(value):
            yield from extras(element, f"{path}[{at}]")


def qwen_judge():
    """Has the SDK send each kind of message, and compares."""
    from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation

    sent = {}

    class Socket:
        sock = type("Sock", (), {"connected": True})()

        def send(self, text):
            message = json.loads(text)
            sent.setdefault(message["type"], []).append(message)

    conversation = OmniRealtimeConversation(model="m", callback=OmniRealtimeCallback(), api_key="k")
    conversation.ws = Socket()
    modalities = [MultiModality.TEXT, MultiModality.AUDIO]
    for detects in (True, False):
        for writes_down in (True, False):
            conversation.update_session(
                modalities,
                voice="Cherry",
                enable_turn_detection=detects,
                enable_input_audio_transcription=writes_down,
                input_audio_transcription_model="m",
            )
    conversation.append_audio("AAAA")
    conversation.commit()
    conversation.clear_appended_audio()
    conversation.create_item({"type": "function_call_output", "call_id": "c", "output": "o"})
    conversation.create_response(instructions="i", output_modalities=modalities)
    conversation.create_response(instructions="i")
    conversation.cancel_response()
    conversation.end_session_async()

    def judge(message):
        kind = message["type"]
        if kind not in sent:
            return [f"the SDK never sends {kind}"]
        faults = [list(compare(message, theirs, "")) for theirs in sent[kind]]
        return min(faults, key=len)

    return judge


def compare(ours, theirs, path):
    for name, value in ours.items():
        where = f"{path}.{name}".lstrip(".")
        if name in theirs:
            if type(value) is not type(theirs[name]):
                yield f"{where}: {type(value).__name__}, the SDK sends {type(theirs[name]).__name__}"
            elif isinstance(value, dict):
                yield from compare(value, theirs[name], where)
            elif where in ("session.modalities", "response.modalities", "session.input_audio_format", "session.output_audio_format"):
                if value != theirs[name]:
                    yield f"{where}: {value}, the SDK sends {theirs[name]}"
        elif not isinstance(value, DOCUMENTED.get(where, ())):
            yield f"{where}: the SDK sends no such field"


def main(path):
    import openai.types.beta.realtime as beta
    import openai.types.realtime as ga

    judges = {"ga": openai_judge(ga), "beta": openai_judge(beta), "qwen": qwen_judge()}
    seen, faults = collections.Counter(), []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line)
            dialect, message = record["dialect"], record["message"]
            seen[dialect, message["type"]] += 1
            try:
                found = judges[dialect](message)
            except pydantic.ValidationError as error:
                found = [str(error)]
            faults += [f"line {number}: {dialect} {message['type']}: {fault}" for fault in found]
    for (dialect, kind), count in sorted(seen.items()):
        print(f"{dialect:5} {kind:30} {count:6}")
    missing = [f"{dialect} {kind}: never seen" for dialect, kinds in WANTED.items() for kind in sorted(kinds) if not seen[dialect, kind]]
    for fault in (faults + missing)[:40]:
        print(fault, file=sys.stderr)
    print(f"{sum(seen.values())} messages, {len(faults) + len(missing)} faults")
    return 1 if faults or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
