//! Everything that agents, menus, tools and PINs say alike in every call, for whoever gets voices and files ready before the first.

use crate::Config;
use crate::agent::{Agent, Fallback, IdlePrompts, Role};
use std::path::PathBuf;
use talkpath_dialplan::{Action, Choice, Dial, Prompt};

/// Every line that is said word for word.
pub(crate) fn lines(config: &Config) -> Vec<String> {
    let agents = config.agents.iter().flat_map(of_agent);
    let tools = config.tools.iter().filter_map(|tool| tool.say.clone());
    let prompts = prompts(config).into_iter().filter_map(|prompt| match prompt {
        Prompt::Text(text) => Some(text.clone()),
        Prompt::File(_) => None,
    });
    agents.chain(tools).chain(prompts).collect()
}

/// Every file that is played.
pub(crate) fn files(config: &Config) -> Vec<PathBuf> {
    let files = prompts(config).into_iter().filter_map(|prompt| match prompt {
        Prompt::File(file) => Some(file.clone()),
        Prompt::Text(_) => None,
    });
    files.collect()
}

/// What it says, and what is said for it, besides its filler.
fn of_agent(agent: &Agent) -> Vec<String> {
    let mut lines = match &agent.role {
        Role::Receptionist(receptionist) => receptionist.lines(),
        Role::Model(_) | Role::Bot(_) => Vec::new(),
    };
    lines.extend(agent.fallback.iter().filter_map(|fallback| match fallback {
        Fallback::Say(words) => Some(words.clone()),
        Fallback::Agent(_) => None,
    }));
    if let Some(idle) = &agent.idle {
        if let IdlePrompts::Texts(texts) = &idle.prompts {
            lines.extend(texts.iter().cloned());
        }
        lines.extend(idle.goodbye.clone());
    }
    lines
}

fn prompts(config: &Config) -> Vec<&Prompt> {
    let mut found = Vec::new();
    config.routes.iter().for_each(|route| of_action(&route.action, &mut found));
    for agent in &config.agents {
        found.extend(&agent.filler);
        agent.transfer.values().for_each(|dial| of_dial(dial, &mut found));
    }
    for menu in &config.menus {
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
        Action::Dial(dial) => of_dial(dial, found),
        Action::Agent(_) | Action::Menu(_) | Action::Reject { .. } => {}
    }
}

fn of_dial<'a>(dial: &'a Dial, found: &mut Vec<&'a Prompt>) {
    dial.otherwise.iter().for_each(|otherwise| of_action(otherwise, found));
}
