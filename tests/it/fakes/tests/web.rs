//! The web server, asked by a client.

use super::super::{Answer, Authority, WebServer};
use crate::programs::Scratch;
use serde_json::json;
use std::time::Duration;
use talkpath::net::tls;

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_written_down_and_answered_by_plan() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let server = WebServer::start_tls(&authority);
    server.answer(Answer::json(&json!({ "weather": "rain" })).header("X-Tool", "1").after(Duration::from_millis(5)));
    server.answer(Answer::text(503, "busy"));
    server.answer(Answer::text(200, "half").broken());
    server.answer(Answer::text(200, "late").held());
    let tls = tls::client(Some(&authority.file(&scratch))).unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
    let ask = || client.post(server.url("/weather?of=Berlin")).bearer_auth("fake").json(&json!({ "day": 1 })).send();
    let first = ask().await.unwrap();
    assert_eq!(first.headers()["x-tool"], "1");
    assert_eq!(first.text().await.unwrap(), r#"{"weather":"rain"}"#);
    assert_eq!(ask().await.unwrap().status(), 503);
    let broken = async { ask().await?.text().await };
    assert!(broken.await.is_err());
    let (late, ()) = tokio::join!(ask(), async {
        server.until_request(3).await;
        server.release();
    });
    assert_eq!(late.unwrap().text().await.unwrap(), "late");
    assert_eq!(ask().await.unwrap().text().await.unwrap(), "{}");
    let request = server.until_request(4).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str(), request.query.as_deref()),
        ("POST", "/weather", Some("of=Berlin"))
    );
    assert_eq!((request.header("authorization"), request.json()), (Some("Bearer fake"), json!({ "day": 1 })));
}
