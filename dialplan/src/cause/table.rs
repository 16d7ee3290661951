//! The tables: names of Q.850, and the mappings of RFC 3398 in both directions.

/// ITU-T Q.850 §2.2.
pub(super) fn name(cause: u8) -> Option<&'static str> {
    NAMES.binary_search_by_key(&cause, |(value, _)| *value).ok().and_then(|at| NAMES.get(at)).map(|(_, name)| *name)
}

/// In the order of their values.
#[rustfmt::skip]
pub(super) const NAMES: &[(u8, &str)] = &[
    // Normal class.
    (1, "Unallocated (unassigned) number"), (2, "No route to specified transit network"), (3, "No route to destination"),
    (4, "Send special information tone"), (5, "Misdialled trunk prefix"), (6, "Channel unacceptable"),
    (7, "Call awarded and being delivered in an established channel"), (8, "Preemption"),
    (9, "Preemption - circuit reserved for reuse"), (14, "QoR: ported number"), (16, "Normal call clearing"),
    (17, "User busy"), (18, "No user responding"), (19, "No answer from user (user alerted)"), (20, "Subscriber absent"),
    (21, "Call rejected"), (22, "Number changed"), (23, "Redirection to new destination"),
    (24, "Call rejected due to feature at the destination"), (25, "Exchange routing error"),
    (26, "Non-selected user clearing"), (27, "Destination out of order"),
    (28, "Invalid number format (address incomplete)"), (29, "Facility rejected"), (30, "Response to STATUS ENQUIRY"),
    (31, "Normal, unspecified"),
    // Resource unavailable class.
    (34, "No circuit/channel available"), (38, "Network out of order"),
    (39, "Permanent frame mode connection out of service"), (40, "Permanent frame mode connection operational"),
    (41, "Temporary failure"), (42, "Switching equipment congestion"), (43, "Access information discarded"),
    (44, "Requested circuit/channel not available"), (46, "Precedence call blocked"),
    (47, "Resource unavailable, unspecified"),
    // Service or option not available class.
    (49, "Quality of service not available"), (50, "Requested facility not subscribed"),
    (53, "Outgoing calls barred within CUG"), (55, "Incoming calls barred within CUG"),
    (57, "Bearer capability not authorized"), (58, "Bearer capability not presently available"),
    (62, "Inconsistency in designated outgoing access information and subscriber class"),
    (63, "Service or option not available, unspecified"),
    // Service or option not implemented class.
    (65, "Bearer capability not implemented"), (66, "Channel type not implemented"),
    (69, "Requested facility not implemented"),
    (70, "Only restricted digital information bearer capability is available"),
    (79, "Service or option not implemented, unspecified"),
    // Invalid message class.
    (81, "Invalid call reference value"), (82, "Identified channel does not exist"),
    (83, "A suspended call exists, but this call identity does not"), (84, "Call identity in use"),
    (85, "No call suspended"), (86, "Call having the requested call identity has been cleared"),
    (87, "User not member of CUG"), (88, "Incompatible destination"), (90, "Non-existent CUG"),
    (91, "Invalid transit network selection"), (95, "Invalid message, unspecified"),
    // Protocol error class.
    (96, "Mandatory information element is missing"), (97, "Message type non-existent or not implemented"),
    (98, "Message not compatible with call state or message type non-existent or not implemented"),
    (99, "Information element/parameter non-existent or not implemented"),
    (100, "Invalid information element contents"), (101, "Message not compatible with call state"),
    (102, "Recovery on timer expiry"), (103, "Parameter non-existent or not implemented, passed on"),
    (110, "Message with unrecognized parameter, discarded"), (111, "Protocol error, unspecified"),
    // Interworking class.
    (127, "Interworking, unspecified"),
];

/// RFC 3398 §7.2.4.1. What isn't listed there is a fault for which SIP has no word: 500.
pub(super) fn status(cause: u8) -> Option<u16> {
    Some(match cause {
        16 => return None,
        1..=3 | 26 => 404,
        17 => 486,
        18 => 408,
        19 | 20 | 31 => 480,
        // "If the cause location is 'user' then the 6xx code could be given rather than the 4xx code": a Reason says none.
        21 | 55 | 57 | 87 => 403,
        22 | 23 => 410,
        27 => 502,
        28 => 484,
        29 | 79 => 501,
        34 | 38 | 41 | 42 | 47 | 58 | 88 => 503,
        65 | 70 => 488,
        102 => 504,
        _ => 500,
    })
}

/// RFC 3398 §8.2.6.1, and below it what came later.
pub(super) fn of_status(status: u16) -> Option<u8> {
    Some(match status {
        400 | 481 | 500 | 503 => 41,
        401 | 402 | 403 | 407 | 603 => 21,
        404 | 485 | 604 => 1,
        405 => 63,
        406 | 415 | 501 => 79,
        408 | 504 => 102,
        410 => 22,
        // The RFC's second line for 504 is named "Version Not Supported", which is 505.
        413 | 414 | 416 | 420 | 421 | 423 | 505 | 513 => 127,
        480 => 18,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        502 => 38,
        // Anonymous calls rejected (RFC 5079), unwanted (RFC 8197), rejected on the way (RFC 8688).
        433 => 24,
        607 | 608 => 21,
        _ => return None,
    })
}
