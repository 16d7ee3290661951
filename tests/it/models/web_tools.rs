//! Tools that are a request to a web server.

use super::tools::result;
use super::{ANSWER, LEVEL, NEXT, OTHER, Scene, configuration};
use crate::fakes::{Answer, Plan, Provider, Realtime, WebServer};
use serde_json::json;
use std::time::Duration;

/// A tool that asks `web`, and an agent that has it.
fn tool(web: &WebServer, more: &str) -> String {
    format!(
        "tools = [\"look_up\"]\ngreeting = \"Hello.\"\nvariables = {{ customer = \"A&B\" }}\n\
         [[tool]]\nname = \"look_up\"\ndescription = \"Looks up an order.\"\ntimeout = 1\n{more}\n\
         url = \"{}\"\nheaders = {{ Authorization = \"Bearer s3cret\" }}\n\
         parameters = {{ type = \"object\", properties = {{ number = {{ type = \"integer\" }}, note = {{ type = \"string\" }} }}, required = [\"number\"] }}",
        web.url("/orders/{{ number }}?for={{ customer }}")
    )
}

fn look_up(number: serde_json::Value) -> Plan {
    Plan::call("look_up", &json!({ "number": number, "note": "soon" }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_is_asked_while_the_caller_hears_that_it_takes_a_moment() {
    let (fake, web) = (Realtime::start(Provider::OpenAi), WebServer::start());
    web.answer(Answer::json(&json!({ "state": "shipped" })).held());
    fake.plan(look_up(json!(7)));
    fake.plan(Plan::tone("It is on its way.", ANSWER, LEVEL, 600));
    let agent = tool(&web, "allow_private = true\nsay = \"One moment.\"").replace("timeout = 1", "timeout = 20");
    let mut scene = Scene::begin(&configuration(&fake, "", &agent)).await;
    let request = web.until_request(0).await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/orders/7"));
    assert_eq!(request.query.as_deref(), Some("for=A%26B"));
    assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(request.json(), json!({ "number": 7, "note": "soon" }));
    crate::sound::until_sound(&mut scene.call.ear).await;
    scene.until_silence(300).await;
    web.release();
    assert_eq!(result(&fake, 0).await, json!({ "state": "shipped" }));
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert!(ended.says("One moment."));
    let answer = ended.sounds.last().unwrap();
    assert!(answer.hertz == ANSWER && ended.sounds[0].hertz == OTHER, "{:?}", ended.sounds);
    assert_eq!(ended.conversation.tools[0].output.as_deref(), Some("{\"state\":\"shipped\"}"));
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_with_a_tool_is_told_to_the_model() {
    let (fake, web) = (Realtime::start(Provider::OpenAi), WebServer::start());
    web.answer(Answer::text(500, "no database"));
    web.answer(Answer::text(200, "too late").after(Duration::from_secs(20)));
    [json!("seven"), json!(1), json!(2)].into_iter().for_each(|number| fake.plan(look_up(number)));
    fake.plan(Plan::tone("I can't find it.", NEXT, LEVEL, 600));
    let mut scene = Scene::begin(&configuration(&fake, "", &tool(&web, "allow_private = true"))).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    let error = async |place| result(&fake, place).await["error"].as_str().unwrap().to_owned();
    let (wrong, failed, late) = (error(0).await, error(1).await, error(2).await);
    assert!(wrong.contains("number"), "{wrong}");
    assert!(failed.contains("500"), "{failed}");
    assert!(late.contains("1 s"), "{late}");
    let paths: Vec<_> = web.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/orders/1", "/orders/2"], "wrong arguments never leave");
    scene.hang_up().await;
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_refused_unless_it_is_allowed() {
    let (fake, web) = (Realtime::start(Provider::OpenAi), WebServer::start());
    fake.plan(look_up(json!(7)));
    fake.plan(Plan::tone("I can't ask.", NEXT, LEVEL, 600));
    let mut scene = Scene::begin(&configuration(&fake, "", &tool(&web, ""))).await;
    scene.until_tone(NEXT).await;
    let told = result(&fake, 0).await;
    assert!(told["error"].as_str().unwrap().contains("public"), "{told}");
    assert_eq!(web.requests().len(), 0);
    scene.hang_up().await;
    fake.assert_strict();
}
