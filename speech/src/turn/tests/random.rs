//! Whatever happens, the playout is never left ducked or paused, and nothing uncuttable is cut.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Voice(u8, bool, i8),
    Sent(i8),
    Started(u8, bool),
    Finished,
    Idle,
    Key,
    Words(bool),
    Engine(Answer),
}

fn event() -> impl Strategy<Value = Event> {
    let answer = prop_oneof![Just(Answer::Asked), Just(Answer::Coming), Just(Answer::Nothing)];
    prop_oneof![
        12 => (1..30_u8, any::<bool>(), -80..0_i8).prop_map(|(frames, voiced, level)| Event::Voice(frames, voiced, level)),
        4 => (-100..0_i8).prop_map(Event::Sent),
        3 => (any::<u8>(), any::<bool>()).prop_map(|(item, cut)| Event::Started(item, cut)),
        1 => Just(Event::Finished),
        1 => Just(Event::Idle),
        1 => Just(Event::Key),
        1 => any::<bool>().prop_map(Event::Words),
        1 => answer.prop_map(Event::Engine),
    ]
}

/// What a playout queue does with the actions.
#[derive(Default)]
struct Playout {
    playing: Option<(ItemId, bool)>,
    ducked: bool,
    paused: bool,
    caller: Option<Samples>,
    last: Samples,
}

impl Playout {
    fn apply(&mut self, action: Action) {
        match action {
            Action::Duck => assert!(!std::mem::replace(&mut self.ducked, true)),
            Action::Unduck => assert!(std::mem::replace(&mut self.ducked, false) && !self.paused),
            Action::Pause => assert!(!std::mem::replace(&mut self.paused, true) && self.ducked),
            Action::Resume => assert!(std::mem::replace(&mut self.paused, false)),
            Action::Flush { item, .. } => {
                assert_eq!(self.playing.take(), Some((item, true)), "an item that could be cut was");
                self.paused = false;
            }
            Action::CallerStarted { at } => {
                assert!(self.caller.replace(at).is_none() && at >= self.last);
            }
            Action::CallerStopped { at } => {
                assert!(self.caller.take().is_some_and(|started| started <= at));
                self.last = at;
            }
            Action::Nudge => {}
        }
    }

    fn feed(&mut self, turn: &mut Turn, at: &mut Samples, event: Event) {
        match event {
            Event::Voice(frames, voiced, level) => {
                for _ in 0..frames {
                    turn.handle_voice(VoiceFrame { at: *at, voiced, level_dbov: level.into() });
                    *at = *at + FRAME;
                }
            }
            Event::Sent(level) => turn.handle_sent(*at, level.into()),
            // A paused queue starts nothing.
            Event::Started(item, interruptible) if !self.paused => {
                self.playing = Some((ItemId(item.into()), interruptible));
                turn.handle_playout(Playback::Started { item: ItemId(item.into()), interruptible });
            }
            Event::Started(..) => {}
            Event::Finished => {
                if let Some((item, _)) = self.playing.take() {
                    turn.handle_playout(Playback::Finished { item });
                }
            }
            Event::Idle => {
                self.playing = None;
                turn.handle_playout(Playback::Idle);
            }
            Event::Key => turn.handle_key(*at),
            Event::Words(no_backchannel) => turn.handle_words(*at, if no_backchannel { "wait" } else { "yeah" }),
            Event::Engine(answer) => turn.handle_engine(answer),
        }
        while let Some(action) = turn.poll() {
            self.apply(action);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_duck_and_pause_is_undone_and_nothing_uncuttable_is_cut(events in prop::collection::vec(event(), 1..60)) {
        let (mut turn, mut playout, mut at) = (Turn::new(Settings::default()), Playout::default(), Samples::ZERO);
        for event in events {
            playout.feed(&mut turn, &mut at, event);
            prop_assert!(!playout.paused || playout.playing.is_some_and(|(_, cut)| cut), "only what may be cut is held");
        }
        playout.feed(&mut turn, &mut at, Event::Voice(50, false, -80));
        prop_assert!(!playout.ducked && !playout.paused && playout.caller.is_none());
    }
}
