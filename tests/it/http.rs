//! Calls over HTTP: placed, followed, steered and looked at, by a program that knows the interface alone.

use crate::support::{HOME, address, config, event, patiently, server};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use talkpath::call::CallEventKind;
use talkpath::net::shard::MediaEvent;
use talkpath::server::Server;

/// A server whose interface is open, and where.
pub(crate) fn open(more: &str) -> (Server, String) {
    let mut config = config(more);
    config.http.listen = Some((HOME, 0).into());
    let server = Server::start(config).unwrap();
    let base = format!("http://{}", server.http().unwrap());
    (server, base)
}

pub(crate) fn client() -> Client {
    // The server's provider of TLS is the only one; nothing here is encrypted.
    let tls = talkpath::net::tls::client(None).unwrap();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = patiently("an answer", request.send()).await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
    assert_eq!(kind, expected, "{status}");
    (status, patiently("a body", response.json()).await.unwrap())
}

/// Server-sent events of a call, as they come.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn of(client: &Client, base: &str, call: &str, last: u64) -> Self {
        let request = client.get(format!("{base}/api/call/{call}/events")).header("Last-Event-ID", last.to_string());
        let response = patiently("events", request.send()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next one; none at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let (data, id, kind) = (field("data:"), field("id:"), field("event:"));
                let event = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
                if let Some(event) = &event {
                    assert_eq!((id, kind), (Some(&*event["seq"].to_string()), event["type"].as_str()));
                }
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = patiently("an event", self.response.chunk()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next of a type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the events end before {kind}"));
            if event["type"] == kind {
                return event;
            }
        }
    }
}

pub(crate) async fn initiate(client: &Client, base: &str, body: &Value) -> (StatusCode, Value) {
    answer(client.post(format!("{base}/api/call/initiate")).json(body)).await
}

fn uri(callee: SocketAddr) -> String {
    format!("sip:receptionist@{callee}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_placed_followed_interrupted_and_ended() {
    let callee = server("");
    let mut callee_hears = callee.subscribe();
    // Nobody is loud enough to interrupt this agent.
    let (_server, base) = open("[[agent]]\nname = \"receptionist\"\nturn = { min_level_dbov = 0.0 }\n");
    let client = client();
    let body = json!({ "uri": uri(address(&callee)), "greeting": "Good day {{ name }}, this is a long greeting that nobody hears to its end.", "variables": { "name": "Ada" } });
    let (status, placed) = initiate(&client, &base, &body).await;
    assert_eq!(status, StatusCode::CREATED, "{placed}");
    let call = placed["call_id"].as_str().unwrap().to_owned();
    assert_eq!((&placed["direction"], &placed["agent"]), (&json!("outbound"), &Value::Null));
    let mut events = Events::of(&client, &base, &call, 0).await;
    assert_eq!(events.next().await.unwrap()["type"], "began");
    events.until("answered").await;
    assert_eq!(events.until("agent").await["name"], "receptionist");
    let heard = event(&mut callee_hears, |kind| {
        matches!(kind, CallEventKind::Media(MediaEvent::CallerStarted { .. })).then_some(())
    });
    patiently("the greeting to be heard", heard).await;
    let interrupted = answer(client.post(format!("{base}/api/call/{call}/interrupt"))).await;
    assert_eq!(interrupted.0, StatusCode::ACCEPTED);
    let cut = events.until("agent_text").await;
    assert_eq!(cut["interrupted"], true, "{cut}");
    let (status, live) = answer(client.post(format!("{base}/api/call/{call}/terminate"))).await;
    assert_eq!((status, &live["state"]), (StatusCode::ACCEPTED, &json!("answered")));
    let ended = events.until("ended").await;
    assert_eq!(ended["disposition"], "answered", "{ended}");
    assert!(events.next().await.is_none(), "nothing follows the end of a call that isn't recorded");

    let (_, state) = answer(client.get(format!("{base}/api/call/{call}"))).await;
    assert_eq!((&state["state"], &state["disposition"]), (&json!("ended"), &json!("answered")));
    let (_, conversation) = answer(client.get(format!("{base}/api/call/{call}/conversation"))).await;
    let said = conversation["turns"].as_array().unwrap().iter().find(|turn| turn["interrupted"] == true).unwrap();
    assert_eq!(said["text"], cut["text"], "{conversation}");
    let (status, problem) = answer(client.post(format!("{base}/api/call/{call}/terminate"))).await;
    assert_eq!((status, &problem["type"]), (StatusCode::CONFLICT, &json!("/problem/call-over")));
    let mut late = Events::of(&client, &base, &call, ended["seq"].as_u64().unwrap() - 1).await;
    assert_eq!(late.next().await.unwrap(), ended, "who comes again is told what was missed");
    assert!(late.next().await.is_none());

    let metrics = client.get(format!("{base}/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "talkpath_calls_total{direction=\"outbound\"} 1",
        "talkpath_calls_ended_total{disposition=\"answered\"} 1",
        "talkpath_live_calls 0",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is not in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_still_rings_is_given_up() {
    let callee = server("[[agent]]\nname = \"receptionist\"\nring = 30000\n");
    let (_server, base) = open("");
    let client = client();
    let (_, placed) = initiate(&client, &base, &json!({ "uri": uri(address(&callee)) })).await;
    let call = placed["call_id"].as_str().unwrap();
    let mut events = Events::of(&client, &base, call, 0).await;
    events.until("ringing").await;
    answer(client.post(format!("{base}/api/call/{call}/terminate"))).await;
    assert_eq!(events.until("ended").await["disposition"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_listed_by_pages() {
    let callee = server("");
    let (_server, base) = open("");
    let client = client();
    let mut placed = Vec::new();
    for _ in 0..3 {
        let (_, call) = initiate(&client, &base, &json!({ "uri": uri(address(&callee)) })).await;
        placed.insert(0, call["call_id"].clone());
    }
    let (_, first) = answer(client.get(format!("{base}/api/call?limit=2&direction=outbound"))).await;
    let ids =
        |page: &Value| page["calls"].as_array().unwrap().iter().map(|call| call["call_id"].clone()).collect::<Vec<_>>();
    assert_eq!((ids(&first), &first["next"]), (placed[..2].to_vec(), &placed[1]));
    let (_, second) =
        answer(client.get(format!("{base}/api/call?limit=2&before={}", placed[1].as_str().unwrap()))).await;
    assert_eq!((ids(&second), &second["next"]), (placed[2..].to_vec(), &Value::Null));
    let (_, none) = answer(client.get(format!("{base}/api/call?direction=inbound"))).await;
    assert_eq!(ids(&none), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_placed_is_told_by_a_problem_that_names_it() {
    let trunks = "[[trunk]]\nname = \"one\"\nservers = [\"sip:192.0.2.1\"]\n[[trunk]]\nname = \"two\"\nservers = [\"sip:192.0.2.2\"]\n";
    let (_server, base) = open(trunks);
    let client = client();
    let uri = "sip:alice@192.0.2.7";
    let cases = [
        (json!({}), 422, "invalid", "exactly one of"),
        (json!({ "uri": uri, "phone": "alice" }), 422, "invalid", "exactly one of"),
        (json!({ "uri": "tel:1" }), 422, "invalid", "no SIP URI"),
        (json!({ "uri": uri, "trunk": "one" }), 422, "invalid", "for a phone_number"),
        (json!({ "uri": uri, "agent": "nobody" }), 422, "invalid", "there are \"receptionist\""),
        (json!({ "uri": uri, "prompt": "Sell." }), 422, "invalid", "takes no prompt"),
        (json!({ "uri": uri, "greeting": "Hello {{ name }}." }), 422, "invalid", "name"),
        (json!({ "uri": uri, "ring_seconds": 0 }), 422, "invalid", "between 1 and 600"),
        (json!({ "uri": uri, "number": "1" }), 422, "invalid", "unknown field `number`"),
        (json!({ "phone": "alice" }), 422, "invalid", "no phone \"alice\""),
        (json!({ "phone_number": "+15550123456" }), 422, "invalid", "\"one\", \"two\""),
        (json!({ "phone_number": "+15550123456", "trunk": "three" }), 422, "invalid", "\"one\", \"two\""),
        (json!({ "phone_number": "112", "trunk": "one" }), 403, "number-forbidden", "112"),
    ];
    for (body, status, kind, words) in cases {
        let (answered, problem) = initiate(&client, &base, &body).await;
        assert_eq!(
            (answered.as_u16(), &problem["type"]),
            (status, &json!(format!("/problem/{kind}"))),
            "{body}: {problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains(words), "{body}: {problem}");
    }
    let post = || client.post(format!("{base}/api/call/initiate"));
    let (status, _) = answer(post().header("content-type", "application/json").body("{")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = answer(post().body("{}")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in ["no-id", "0197f5a2-0000-7000-8000-000000000000"] {
        for request in [
            client.get(format!("{base}/api/call/{path}")),
            client.get(format!("{base}/api/call/{path}/conversation")),
            client.get(format!("{base}/api/call/{path}/events")),
            client.post(format!("{base}/api/call/{path}/terminate")),
            client.post(format!("{base}/api/call/{path}/interrupt")),
        ] {
            let (status, problem) = answer(request).await;
            assert_eq!((status, &problem["type"]), (StatusCode::NOT_FOUND, &json!("/problem/no-such-call")), "{path}");
        }
    }
    let (status, _) = answer(client.get(format!("{base}/api/call?limit=many"))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_of_other_hosts_are_refused() {
    let (_server, base) = open("");
    let client = client();
    let asked = |origin: &str| client.get(format!("{base}/api/call")).header("Origin", origin);
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let (status, problem) = answer(asked(foreign)).await;
        assert_eq!(
            (status, &problem["type"]),
            (StatusCode::MISDIRECTED_REQUEST, &json!("/problem/wrong-host")),
            "{foreign}"
        );
    }
    assert_eq!(answer(asked(&base)).await.0, StatusCode::OK, "our own pages may ask");
}
