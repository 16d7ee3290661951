//! Whatever happens in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Answered,
    Listen(u8),
    Started(u16),
    Ended(u16),
    Key(char),
    Interrupt(u8),
    HearOut,
    Voice(u8),
    Clock(u8, u8),
    Nudge,
    Held(bool),
    Wait(u16),
    Goodbye,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Answered),
        6 => any::<u8>().prop_map(Event::Listen),
        3 => any::<u16>().prop_map(Event::Started),
        3 => any::<u16>().prop_map(Event::Ended),
        6 => prop::sample::select("0123456789*#AD?é".chars().collect::<Vec<_>>()).prop_map(Event::Key),
        2 => any::<u8>().prop_map(Event::Interrupt),
        4 => Just(Event::HearOut),
        6 => any::<u8>().prop_map(Event::Voice),
        2 => any::<(u8, u8)>().prop_map(|(hour, minute)| Event::Clock(hour, minute)),
        1 => Just(Event::Nudge),
        2 => any::<bool>().prop_map(Event::Held),
        3 => any::<u16>().prop_map(Event::Wait),
        1 => Just(Event::Goodbye),
    ]
}

fn apply(desk: &mut Desk, event: Event) {
    match event {
        Event::Answered => desk.feed(Input::Answered),
        Event::Listen(packets) => desk.listen(u64::from(packets) * 4),
        Event::Started(at) => desk.feed(Input::TurnStarted { at: Samples(at.into()) }),
        Event::Ended(at) => desk.feed(Input::TurnEnded { at: Samples(at.into()) }),
        Event::Key(key) => desk.feed(Input::Key(key)),
        Event::Interrupt(item) => desk.feed(Input::Interrupted { item: ItemId(item.into()), heard: Samples(9) }),
        Event::HearOut => desk.hear_out(),
        Event::Voice(n) => {
            if let Some(n) = usize::from(n).checked_rem(desk.wanted.len()) {
                desk.voice(n);
                desk.drain();
            }
        }
        Event::Clock(hour, minute) => desk.feed(Input::WallClock(WallClock { hour, minute })),
        Event::Nudge => desk.feed(Input::Nudge),
        Event::Held(held) => desk.feed(Input::Held(held)),
        Event::Wait(ms) => desk.wait(ms.into()),
        Event::Goodbye => desk.feed(Input::Goodbye),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_receptionist_takes_leave_in_the_end_and_says_nothing_after_it(events in prop::collection::vec(event(), 0..80)) {
        let mut desk = Desk::new(Settings::default());
        desk.mute = true;
        events.into_iter().for_each(|event| apply(&mut desk, event));
        desk.mute = false;
        [Event::Answered, Event::Goodbye, Event::HearOut].into_iter().for_each(|event| apply(&mut desk, event));
        prop_assert!(desk.hung_up);
        desk.forget();
        [Event::Key('1'), Event::Nudge, Event::Wait(60_000), Event::Goodbye].into_iter().for_each(|event| apply(&mut desk, event));
        desk.listen(400);
        desk.speak(400);
        prop_assert!(desk.asked.is_empty() && desk.items.is_empty() && desk.notes.is_empty());
    }
}
