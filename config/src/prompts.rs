//! Everything that menus and PINs say, for whoever gets voices and files ready before the first call.

use talkpath_dialplan::{Action, Choice, Menu, Prompt, Route};

pub(crate) fn prompts<'a>(routes: &'a [Route], menus: &'a [Menu]) -> Vec<&'a Prompt> {
    let mut found = Vec::new();
    routes.iter().for_each(|route| of_action(&route.action, &mut found));
    for menu in menus {
        found.push(&menu.prompt);
        found.extend(&menu.invalid);
        menu.options.values().for_each(|choice| match choice {
            Choice::Action(action) => of_action(action, &mut found),
            Choice::Repeat => {}
        });
        menu.exhausted.iter().for_each(|action| of_action(action, &mut found));
    }
    found
}

fn of_action<'a>(action: &'a Action, found: &mut Vec<&'a Prompt>) {
    match action {
        Action::Pin(pin) => {
            found.push(&pin.prompt);
            of_action(&pin.then, found);
        }
        Action::Dial(dial) => dial.otherwise.iter().for_each(|otherwise| of_action(otherwise, found)),
        Action::Agent(_) | Action::Menu(_) | Action::Reject { .. } => {}
    }
}
