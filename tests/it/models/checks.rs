//! `talkpath check --connect`: engines are asked before the first caller comes.

use super::configuration;
use crate::fakes::{Admission, Provider, Realtime};
use crate::programs::{Scratch, finish, text};
use crate::support::talkpath;
use std::time::Duration;

/// How long the program may take.
const LIMIT: Duration = Duration::from_secs(30);

async fn checked(file: std::path::PathBuf) -> (Option<i32>, String) {
    let run = move || {
        let output = finish(talkpath().args(["check", "--connect"]).arg(file), LIMIT);
        (output.status.code(), text(&output))
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_can_be_had_is_told_and_one_that_can_not_be_is_told_with_its_words() {
    let scratch = Scratch::new();
    let fake = Realtime::start(Provider::OpenAi);
    let good = configuration(&fake, "", "prompt = \"Sell.\"\n");
    let (code, said) = checked(scratch.file("good.toml", &good)).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("agent \"receptionist\": \"model\" was ready after "), "{said}");
    assert_eq!(fake.until_left(1).await.code, Some(1_000), "it takes leave");
    assert_eq!(fake.session()["instructions"], "Sell.");
    fake.assert_strict();

    fake.others(Admission::refusal(401, "invalid_api_key", "Incorrect API key provided."));
    let (code, said) = checked(scratch.file("again.toml", &good)).await;
    assert_eq!(code, Some(1), "{said}");
    for words in ["agent \"receptionist\": \"model\" can't be had: ", "the key was refused", "401 invalid_api_key"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    fake.shut().await;
    let (code, said) = checked(scratch.file("nobody.toml", &good)).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("refused"), "{said}");
}
