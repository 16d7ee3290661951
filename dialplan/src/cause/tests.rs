//! The tables of RFC 3398, line by line; Reason fields as they come; what operators are told.

use super::*;
use proptest::prelude::*;

fn cause(value: u8) -> Cause {
    Cause::new(value).unwrap()
}

#[test]
fn causes_become_the_statuses_of_rfc_3398_7_2_4_1() {
    for (value, status) in [
        (1, 404),
        (2, 404),
        (3, 404),
        (17, 486),
        (18, 408),
        (19, 480),
        (20, 480),
        (21, 403),
        (22, 410),
        (23, 410),
        (26, 404),
        (27, 502),
        (28, 484),
        (29, 501),
        (31, 480),
        (34, 503),
        (38, 503),
        (41, 503),
        (42, 503),
        (47, 503),
        (55, 403),
        (57, 403),
        (58, 503),
        (65, 488),
        (70, 488),
        (79, 501),
        (87, 403),
        (88, 503),
        (102, 504),
        (111, 500),
        (127, 500),
    ] {
        assert_eq!(cause(value).status(), Some(status), "cause {value}");
    }
    assert_eq!(Cause::NORMAL.status(), None);
}

#[test]
fn statuses_become_the_causes_of_rfc_3398_8_2_6_1() {
    for (status, value) in [
        (400, 41),
        (401, 21),
        (402, 21),
        (403, 21),
        (404, 1),
        (405, 63),
        (406, 79),
        (407, 21),
        (408, 102),
        (410, 22),
        (413, 127),
        (414, 127),
        (415, 79),
        (416, 127),
        (420, 127),
        (421, 127),
        (423, 127),
        (480, 18),
        (481, 41),
        (482, 25),
        (483, 25),
        (484, 28),
        (485, 1),
        (486, 17),
        (500, 41),
        (501, 79),
        (502, 38),
        (503, 41),
        (504, 102),
        (505, 127),
        (513, 127),
        (600, 17),
        (603, 21),
        (604, 1),
    ] {
        assert_eq!(Cause::of_status(status), Some(cause(value)), "status {status}");
    }
    for status in [487, 488, 606, 200, 183, 302, 499] {
        assert_eq!(Cause::of_status(status), None, "status {status}");
    }
}

#[test]
fn names_stand_in_the_order_in_which_they_are_looked_up() {
    assert!(table::NAMES.is_sorted_by_key(|(value, _)| *value));
    assert_eq!(cause(17).to_string(), "User busy (Q.850 cause 17)");
    assert_eq!(cause(99).name(), Some("Information element/parameter non-existent or not implemented"));
    assert_eq!(cause(126).to_string(), "Q.850 cause 126");
    assert_eq!(Cause::new(128), None);
}

#[test]
fn a_cause_is_read_from_reason_fields_as_they_come() {
    for (field, expected) in [
        ("Q.850;cause=16;text=\"Terminated\"", Some(16)),
        ("Q.850 ;cause=16 ;text=\"Terminated\"", Some(16)),
        ("q.850;text=\"busy, or so\";CAUSE = 17", Some(17)),
        ("SIP;cause=487;text=\"a;cause=1, Q.850;cause=2\", Q.850;cause=19", Some(19)),
        ("SIP;cause=200;text=\"\\\", Q.850;cause=3\",Q.850;cause=4", Some(4)),
        ("SIP ;cause=600", None),
        ("Q.850", None),
        ("Q.850;cause=", None),
        ("Q.850;cause=128", None),
        ("Q.850;cause=-1, Q.850;cause=21", Some(21)),
        ("Q.850;text=\"cause=16", None),
        ("", None),
    ] {
        assert_eq!(Cause::of_reason(field).map(Cause::value), expected, "{field}");
    }
}

#[test]
fn what_operators_are_told_follows_the_cause_where_it_tells_more_than_the_status() {
    use DispositionKind as Kind;
    for (status, value, kind) in [
        (200, None, Kind::Answered),
        (200, Some(17), Kind::Answered),
        (486, None, Kind::Busy),
        (600, None, Kind::Busy),
        (480, None, Kind::NoAnswer),
        (480, Some(20), Kind::Unreachable),
        (480, Some(31), Kind::NoAnswer),
        (408, None, Kind::NoAnswer),
        (404, None, Kind::NotFound),
        (404, Some(3), Kind::Unreachable),
        (404, Some(1), Kind::NotFound),
        (604, None, Kind::NotFound),
        (403, None, Kind::Refused),
        (403, Some(21), Kind::Refused),
        (603, None, Kind::Refused),
        (503, None, Kind::Congestion),
        (503, Some(17), Kind::Busy),
        (500, Some(34), Kind::Congestion),
        (500, Some(127), Kind::Failed),
        (502, Some(27), Kind::Unreachable),
        (487, Some(16), Kind::Cancelled),
        (488, None, Kind::Failed),
        (502, Some(16), Kind::Unreachable),
    ] {
        assert_eq!(Kind::of(status, value.map(cause)), kind, "{status} with {value:?}");
    }
}

proptest! {
    #[test]
    fn any_text_may_stand_in_a_reason_field(field in ".{0,60}") {
        prop_assert!(Cause::of_reason(&field).is_none_or(|cause| cause.value() < 128));
    }

    #[test]
    fn what_is_written_into_a_reason_field_is_read_from_it(value in 0..128u8) {
        prop_assert_eq!(Cause::of_reason(&cause(value).to_reason()), Some(cause(value)));
    }
}
