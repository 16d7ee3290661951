//! Menus on virtual time; each prompt lasts a second.

use super::*;
use crate::inquiry::desk::Desk;

fn text(text: &str) -> Prompt {
    Prompt::Text(text.to_owned())
}

fn menu(options: &[&str]) -> Desk<Menu> {
    let mut desk = Desk::answered(Menu::new(Settings {
        prompt: text("Choose"),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        invalid: text("What?"),
        timeout: Duration::from_secs(5),
        interdigit: Duration::from_secs(2),
        attempts: 3,
        goodbye: Some(text("Bye")),
    }));
    assert_eq!(desk.said(), ["Choose"]);
    desk
}

fn chosen(option: &str) -> Vec<Decision> {
    vec![Decision::Chosen(option.to_owned())]
}

#[test]
fn a_key_that_can_only_be_one_option_chooses_at_once_and_cuts_the_prompt() {
    let mut desk = menu(&["1", "2"]);
    desk.wait(300);
    desk.keys("2");
    assert_eq!(desk.decisions, chosen("2"));
    desk.keys("1");
    desk.wait(60_000);
    assert_eq!((desk.decisions.len(), desk.said(), desk.hung_up), (1, Vec::new(), false));
}

#[test]
fn the_longest_option_wins_and_the_shorter_one_waits_for_it() {
    let options = ["1", "12", "123"];
    for (keys, wait, option) in
        [("1", 1_990, None), ("1", 2_000, Some("1")), ("12", 2_000, Some("12")), ("123", 0, Some("123"))]
    {
        let mut desk = menu(&options);
        desk.keys(keys);
        desk.wait(wait);
        assert_eq!(desk.decisions, option.map(chosen).unwrap_or_default(), "{keys} and {wait} ms");
    }
}

#[test]
fn hash_ends_an_entry_unless_an_option_holds_it() {
    let mut desk = menu(&["1", "12"]);
    desk.keys("1#");
    assert_eq!(desk.decisions, chosen("1"));
    let mut desk = menu(&["1", "1#"]);
    desk.keys("1#");
    assert_eq!(desk.decisions, chosen("1#"));
    let mut desk = menu(&["1"]);
    desk.keys("#");
    assert_eq!(desk.said(), ["What?", "Choose"]);
}

#[test]
fn what_is_no_option_is_asked_again_until_the_attempts_are_used() {
    let mut desk = menu(&["1", "23"]);
    desk.keys("4");
    assert_eq!(desk.said(), ["What?", "Choose"]);
    desk.wait(500);
    desk.keys("24");
    assert_eq!(desk.said(), ["What?", "Choose"]);
    desk.keys("2");
    desk.wait(1_999);
    assert_eq!(desk.decisions, []);
    desk.wait(1);
    assert_eq!((desk.said(), desk.decisions.len()), (vec!["Bye".to_owned()], 0), "decided once the goodbye was heard");
    desk.wait(1_000);
    assert_eq!(desk.decisions, [Decision::NoChoice]);
}

#[test]
fn the_time_for_the_first_key_runs_from_the_end_of_the_prompt() {
    let mut desk = menu(&["1"]);
    desk.wait(1_000 + 4_999);
    assert_eq!(desk.said(), [""; 0]);
    desk.wait(1);
    assert_eq!(desk.said(), ["What?", "Choose"]);
    desk.wait(2 * 6_000 + 1_000);
    assert_eq!(desk.decisions, [Decision::NoChoice]);
}

#[test]
fn no_time_runs_while_the_caller_holds_the_call() {
    let mut desk = menu(&["1", "12"]);
    desk.keys("1");
    desk.feed(Input::Held(true));
    desk.wait(60_000);
    desk.feed(Input::Held(false));
    desk.wait(1_999);
    assert_eq!(desk.decisions, []);
    desk.wait(1);
    assert_eq!(desk.decisions, chosen("1"));
}

#[test]
fn a_recording_can_be_the_prompt() {
    let clip = Prompt::Clip(vec![1; 80].into());
    let settings = Settings {
        prompt: clip.clone(),
        options: vec!["1".to_owned()],
        invalid: clip,
        timeout: Duration::from_secs(5),
        interdigit: Duration::from_secs(2),
        attempts: 1,
        goodbye: None,
    };
    assert_eq!(settings.lines().count(), 0);
    let mut desk = Desk::answered(Menu::new(settings));
    assert_eq!(desk.said(), ["[recording]"]);
    desk.keys("7");
    assert_eq!(desk.decisions, [Decision::NoChoice]);
}

#[test]
fn an_operator_who_drains_lets_the_menu_say_goodbye() {
    let mut desk = menu(&["1"]);
    desk.feed(Input::Goodbye);
    assert_eq!((desk.said(), desk.hung_up), (vec!["Bye".to_owned()], true));
    desk.keys("1");
    desk.wait(20_000);
    assert_eq!(desk.decisions, []);
}
