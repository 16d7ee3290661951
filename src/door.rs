//! Who gets service: what the configuration allows, trunks and where they are, and phones that prove who they are.
//!
//!   REGISTER, or From names a phone ─► prove it
//!   a trunk's peer or server ─► welcome; with `challenge`, an INVITE has to prove that it knows the trunk's password
//!   `sip.allow` ─► welcome
//!   anybody else ─► 403
//!
//! Asked for each request outside a call, on the SIP driver's task: it takes a lock for a moment, and nothing waits.

use crate::trunk::Trunks;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use talkpath_config::Config;
use talkpath_dialplan::Admission;
use talkpath_sip::agent::{Newcomer, Verdict};
use talkpath_sip::digest::Secret;
use talkpath_sip::message::{Method, Request, Text};

/// Judges newcomers.
#[derive(Clone, Debug)]
pub struct Door {
    allow: Admission,
    trunks: Trunks,
    /// By name at login: phones, and trunks that are challenged.
    secrets: Arc<HashMap<Text, Text>>,
    phones: Arc<Vec<String>>,
}

impl Door {
    /// As the configuration has it.
    #[must_use]
    pub fn new(config: &Config, trunks: Trunks) -> Self {
        let phones = config.phones.iter().map(|phone| (&phone.credentials.username, &phone.credentials.password));
        let challenged = config.trunks.iter().filter(|trunk| trunk.challenge).filter_map(|trunk| {
            trunk.credentials.as_ref().map(|credentials| (&credentials.username, &credentials.password))
        });
        let secrets = phones.chain(challenged).map(|(user, password)| (Text::from(user), Text::from(password)));
        let phones = config.phones.iter().map(|phone| phone.user.clone()).collect();
        Self {
            allow: config.sip.admission.clone(),
            trunks,
            secrets: Arc::new(secrets.collect()),
            phones: Arc::new(phones),
        }
    }

    /// What becomes of a newcomer.
    #[must_use]
    pub fn judge(&self, newcomer: &Newcomer<'_>) -> Verdict {
        if newcomer.request.is_some_and(|request| self.is_of_phone(request)) {
            return Verdict::Prove;
        }
        match self.trunks.of_source(newcomer.source) {
            Some(trunk) if trunk.settings.challenge && is_invite(newcomer) => Verdict::Prove,
            Some(_) => Verdict::Welcome,
            None if self.allow.admits(newcomer.source) => Verdict::Welcome,
            // A connection alone says nothing yet: phones may be anywhere.
            None if newcomer.request.is_none() && !self.phones.is_empty() => Verdict::Prove,
            None => Verdict::Stranger,
        }
    }

    /// What the user of this name has to know.
    #[must_use]
    pub fn secret(&self, user: &Text) -> Option<Secret> {
        self.secrets.get(user).cloned().map(Secret::Password)
    }

    /// Whether whoever has proved to be `user` may send this: a phone is who it says it is.
    fn is_of_phone(&self, request: &Request) -> bool {
        if self.phones.is_empty() {
            return false;
        }
        if request.method == Method::Register {
            return true;
        }
        let from = request.headers.from().ok().and_then(|from| from.uri.user().map(std::borrow::Cow::into_owned));
        from.is_some_and(|user| self.phones.contains(&user))
    }

    /// Whether `source` gets service without proof.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        self.judge(&Newcomer { source, request: None }) == Verdict::Welcome
    }
}

fn is_invite(newcomer: &Newcomer<'_>) -> bool {
    newcomer.request.is_some_and(|request| request.method == Method::Invite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use talkpath_sip::message::Message;

    const CONFIG: &str = "[sip]\nallow = [\"loopback\"]\n[[trunk]]\nname = \"carrier\"\nservers = [\"sip:192.0.2.7\"]\n\
        peers = [\"192.0.2.7\"]\n[[trunk]]\nname = \"gate\"\npeers = [\"192.0.2.8\"]\nusername = \"gate\"\n\
        password = \"x\"\nchallenge = true\n[[phone]]\nuser = \"desk\"\npassword = \"y\"\n";

    fn door() -> Door {
        let config = Config::parse(CONFIG, Path::new("test.toml")).unwrap();
        let trunks = Trunks::new(&config.trunks);
        Door::new(&config, trunks)
    }

    fn verdict(source: &str, method: &str, from: &str) -> Verdict {
        let text = format!(
            "{method} sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:{from}@b>;tag=1\r\nTo: <sip:x>\r\n\
             Call-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
        );
        let Ok(Message::Request(request)) = Message::parse_datagram(text.into()) else { panic!("a request") };
        door().judge(&Newcomer { source: source.parse().unwrap(), request: Some(&request) })
    }

    #[test]
    fn those_who_are_allowed_and_trunks_are_welcome_and_strangers_are_not() {
        assert_eq!(verdict("127.0.0.1", "INVITE", "anyone"), Verdict::Welcome);
        assert_eq!(verdict("192.0.2.7", "INVITE", "anyone"), Verdict::Welcome);
        assert_eq!(verdict("203.0.113.9", "INVITE", "anyone"), Verdict::Stranger);
        assert_eq!(verdict("203.0.113.9", "OPTIONS", "anyone"), Verdict::Stranger);
    }

    #[test]
    fn who_registers_or_says_to_be_a_phone_has_to_prove_it_wherever_it_is() {
        for source in ["127.0.0.1", "192.0.2.7", "203.0.113.9"] {
            assert_eq!(verdict(source, "REGISTER", "anyone"), Verdict::Prove);
            assert_eq!(verdict(source, "INVITE", "desk"), Verdict::Prove);
        }
    }

    #[test]
    fn a_trunk_that_is_challenged_proves_its_calls_and_nothing_else() {
        assert_eq!(verdict("192.0.2.8", "INVITE", "anyone"), Verdict::Prove);
        assert_eq!(verdict("192.0.2.8", "OPTIONS", "anyone"), Verdict::Welcome);
        let secret = door().secret(&Text::from("gate"));
        assert!(matches!(secret, Some(Secret::Password(password)) if password == "x"));
        assert!(door().secret(&Text::from("carrier")).is_none());
    }
}
