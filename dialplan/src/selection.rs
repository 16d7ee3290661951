//! Which trunks of a group are tried, and in which order.
//!
//! As with SRV records (RFC 2782): lower priorities first, and within a priority an order drawn at random in which a trunk
//! with twice the weight is twice as often the first.
//!
//! Trunks that are down are left out while another can take the call. When none can, those that are down are tried after all:
//! a health probe can be wrong, and a call that fails a second later has lost nothing. A trunk at its caps is never tried.

use rand::{Rng, RngExt};

/// Trunks that lead to the same numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How targets call it.
    pub name: String,
    /// At least one.
    pub members: Vec<Member>,
}

/// A trunk of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The trunk.
    pub trunk: String,
    /// Lower ones are tried first.
    pub priority: u16,
    /// Its share among those of its priority; 0 is a share too small to be drawn before others (RFC 2782).
    pub weight: u16,
}

/// Whether a trunk can take a call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// It can.
    Ready,
    /// It is at one of its caps.
    Full,
    /// It isn't registered, or doesn't answer.
    Down,
}

impl Group {
    /// The members to try, in this order; none when every one is full. Each is asked for its fitness once.
    #[must_use]
    pub fn order(&self, fitness: impl Fn(&str) -> Fitness, random: &mut impl Rng) -> Vec<&Member> {
        let judged: Vec<_> = self.members.iter().map(|member| (member, fitness(&member.trunk))).collect();
        let are = |wanted| judged.iter().filter(move |(_, found)| *found == wanted).map(|(member, _)| *member);
        let mut members: Vec<_> = are(Fitness::Ready).collect();
        if members.is_empty() {
            members = are(Fitness::Down).collect();
        }
        weighted_order(members, |member| (member.priority, member.weight), random)
    }
}

/// Puts records into the order in which they are to be tried: `rank` gives priority and weight of each.
pub fn weighted_order<T>(mut records: Vec<T>, rank: impl Fn(&T) -> (u16, u16), random: &mut impl Rng) -> Vec<T> {
    records.sort_by_key(|record| rank(record).0);
    let mut order = Vec::with_capacity(records.len());
    while let Some(first) = records.first().map(&rank) {
        let equals = records.extract_if(.., |record| rank(record).0 == first.0).collect();
        draw(equals, &rank, random, &mut order);
    }
    order
}

/// "The following algorithm SHOULD be used to order the SRV RRs of the same priority" (RFC 2782).
fn draw<T>(mut left: Vec<T>, rank: impl Fn(&T) -> (u16, u16), random: &mut impl Rng, order: &mut Vec<T>) {
    let weight = |record: &T| u32::from(rank(record).1);
    // "arrange all SRV RRs (that have not been ordered yet) in any order, except that all those with weight 0 are placed
    // at the beginning of the list"
    left.sort_by_key(|record| weight(record) != 0);
    while !left.is_empty() {
        let sum: u32 = left.iter().map(weight).sum();
        // "choose a uniform random number between 0 and the sum computed (inclusive), and select the RR whose running
        // sum value is the first in the selected order which is greater than or equal to the random number selected"
        let chosen = random.random_range(0..=sum);
        let mut running = 0;
        let index = left.iter().position(|record| {
            running += weight(record);
            running >= chosen
        });
        order.push(left.remove(index.unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn group(members: &[(&str, u16, u16)]) -> Group {
        let member = |&(trunk, priority, weight): &(&str, u16, u16)| Member { trunk: trunk.into(), priority, weight };
        Group { name: "pstn".into(), members: members.iter().map(member).collect() }
    }

    fn names(group: &Group, fitness: impl Fn(&str) -> Fitness, seed: u64) -> String {
        let order = group.order(fitness, &mut StdRng::seed_from_u64(seed));
        order.iter().map(|member| member.trunk.as_str()).collect()
    }

    fn ready(_: &str) -> Fitness {
        Fitness::Ready
    }

    #[test]
    fn lower_priorities_are_tried_first_in_every_draw() {
        let group = group(&[("c", 3, 9), ("a", 1, 1), ("b", 2, 5)]);
        for seed in 0..50 {
            assert_eq!(names(&group, ready, seed), "abc");
        }
    }

    #[test]
    fn weights_are_the_shares_of_first_calls() {
        let group = group(&[("a", 1, 70), ("b", 1, 30)]);
        let first = |name: &str| (0..10_000).filter(|seed| names(&group, ready, *seed).starts_with(name)).count();
        let (a, b) = (first("a"), first("b"));
        assert_eq!(a + b, 10_000);
        assert!((6_800..7_200).contains(&a), "{a}");
    }

    #[test]
    fn a_weight_of_zero_is_hardly_ever_drawn_before_others() {
        let group = group(&[("a", 1, 0), ("b", 1, 99)]);
        let first = (0..10_000).filter(|seed| names(&group, ready, *seed).starts_with('a')).count();
        assert!((50..160).contains(&first), "{first}");
    }

    #[test]
    fn what_is_down_or_full_is_left_out_while_another_is_ready() {
        let group = group(&[("a", 1, 1), ("b", 2, 1), ("c", 3, 1)]);
        let fitness = |name: &str| match name {
            "a" => Fitness::Down,
            "b" => Fitness::Full,
            _ => Fitness::Ready,
        };
        assert_eq!(names(&group, fitness, 7), "c");
    }

    #[test]
    fn when_nothing_is_ready_what_is_down_is_tried_in_order_and_what_is_full_never() {
        let group = group(&[("a", 2, 1), ("b", 1, 1), ("c", 3, 1)]);
        assert_eq!(names(&group, |_| Fitness::Down, 7), "bac");
        assert_eq!(names(&group, |name| if name == "b" { Fitness::Full } else { Fitness::Down }, 7), "ac");
        assert_eq!(names(&group, |_| Fitness::Full, 7), "");
    }

    proptest! {
        #[test]
        fn every_ready_member_is_tried_once_and_priorities_never_fall(
            members in proptest::collection::vec((0..3u16, prop_oneof![Just(0u16), any::<u16>()]), 1..8), seed: u64
        ) {
            let names: Vec<_> = (0..members.len()).map(|index| index.to_string()).collect();
            let members: Vec<_> = members.iter().zip(&names).map(|((p, w), name)| (name.as_str(), *p, *w)).collect();
            let group = group(&members);
            let order = group.order(ready, &mut StdRng::seed_from_u64(seed));
            prop_assert!(order.is_sorted_by_key(|member| member.priority));
            let mut tried: Vec<_> = order.iter().map(|member| &member.trunk).collect();
            tried.sort();
            tried.dedup();
            prop_assert_eq!(tried.len(), members.len());
        }
    }
}
