//! The chain notices every single tampering and names the place.

use super::*;
use crate::auth::event::{Action, Actor};

const T0: Timestamp = Timestamp::from_unix(1_800_000_000);
const DAY: u64 = 86_400;

fn chain(length: u64) -> Vec<AuditEntry> {
    let mut at = Mark::default();
    (1..=length)
        .map(|number| {
            let event = Event::new(Action::Login, Actor::Visitor)
                .about(number)
                .from([203, 0, 113, 7].into());
            let entry =
                AuditEntry::after(at, &event, T0.plus(std::time::Duration::from_secs(number)));
            at = entry.mark();
            entry
        })
        .collect()
}

fn walked(entries: &[AuditEntry], head: Mark) -> Result<(), Break> {
    let mut walk = Walk::behind(Mark::default());
    entries.iter().try_for_each(|entry| walk.step(entry))?;
    walk.end(head)
}

fn head(entries: &[AuditEntry]) -> Mark {
    entries.last().map(AuditEntry::mark).unwrap_or_default()
}

#[test]
fn a_whole_chain_is_whole_and_so_is_an_empty_one() {
    let entries = chain(20);
    assert_eq!(walked(&entries, head(&entries)), Ok(()));
    assert_eq!(walked(&[], Mark::default()), Ok(()));
}

#[test]
fn each_removed_entry_is_named() {
    let whole = chain(20);
    for gone in 0..19 {
        let mut entries = whole.clone();
        entries.remove(gone);
        let number = u64::try_from(gone).expect("small") + 1;
        assert_eq!(
            walked(&entries, head(&whole)),
            Err(Break::Removed { first: number, last: number })
        );
    }
    assert_eq!(walked(&whole[..18], head(&whole)), Err(Break::CutOff { first: 19, last: 20 }));
    assert_eq!(walked(&[], head(&whole)), Err(Break::CutOff { first: 1, last: 20 }));
}

#[test]
fn each_changed_text_is_noticed_where_it_stands() {
    let whole = chain(3);
    let changes: [fn(&mut AuditEntry); 9] = [
        |entry| entry.time = entry.time.plus(std::time::Duration::from_secs(1)),
        |entry| entry.action.push('x'),
        |entry| entry.result = "refused".to_owned(),
        |entry| entry.actor = "user anna".to_owned(),
        |entry| entry.subject.clear(),
        |entry| entry.client = None,
        |entry| entry.why.push('x'),
        |entry| entry.hash[31] ^= 1,
        // A letter that moves from one text to the next.
        |entry| {
            entry.action.pop();
            entry.result.insert(0, 'n');
        },
    ];
    for (which, change) in changes.iter().enumerate() {
        let mut entries = whole.clone();
        change(&mut entries[1]);
        assert_eq!(walked(&entries, head(&whole)), Err(Break::Changed(2)), "{which}");
        // Its own hash recomputed: the next one no longer follows.
        let before = entries[0].hash;
        entries[1].hash = entries[1].hash_after(&before);
        if entries[1] != whole[1] {
            assert_eq!(
                walked(&entries, head(&whole)),
                Err(Break::Changed(3)),
                "{which}, recomputed"
            );
        }
    }
}

#[test]
fn swapped_entries_are_noticed_and_so_is_one_that_was_added() {
    let whole = chain(5);
    let mut entries = whole.clone();
    entries.swap(1, 2);
    assert_eq!(walked(&entries, head(&whole)), Err(Break::Removed { first: 2, last: 2 }));
    (entries[1].number, entries[2].number) = (2, 3);
    assert_eq!(walked(&entries, head(&whole)), Err(Break::Changed(2)));
    let mut entries = whole.clone();
    entries.insert(2, whole[0].clone());
    assert_eq!(walked(&entries, head(&whole)), Err(Break::Reordered(1)));
    assert_eq!(walked(&whole, whole[3].mark()), Err(Break::Beyond(5)));
    let other = Mark { number: 5, hash: whole[3].hash };
    assert_eq!(walked(&whole, other), Err(Break::Changed(5)));
}

#[test]
fn the_end_of_a_pruned_chain_is_still_proven() {
    let whole = chain(20);
    let mut walk = Walk::behind(whole[9].mark());
    assert_eq!(whole[10..].iter().try_for_each(|entry| walk.step(entry)), Ok(()));
    assert_eq!(walk.end(head(&whole)), Ok(()));
    let mut walk = Walk::behind(whole[9].mark());
    assert_eq!(walk.step(&whole[11]), Err(Break::Removed { first: 11, last: 11 }));
}

#[test]
fn a_broken_chain_is_told_in_words_with_the_numbers_of_the_entries() {
    for (broken, words) in [
        (Break::Removed { first: 4, last: 4 }, "entry 4 was removed"),
        (Break::Removed { first: 4, last: 6 }, "entries 4 to 6 were removed"),
        (Break::Changed(4), "entry 4 was changed"),
        (Break::Reordered(4), "entry 4 stands behind a later one"),
        (Break::CutOff { first: 4, last: 4 }, "entry 4 was cut off at the end"),
        (Break::CutOff { first: 4, last: 6 }, "entries 4 to 6 were cut off at the end"),
        (Break::Beyond(4), "entry 4 was added behind the end"),
    ] {
        assert_eq!((broken.to_string().as_str(), broken.number()), (words, 4));
    }
}

/// The layout is documented, and scripts of others compute it. Worked out with Python's hashlib.
#[test]
fn the_hash_is_the_documented_one() {
    let event = Event::new(Action::Login, Actor::Visitor)
        .from([203, 0, 113, 7].into())
        .because("wrong-code")
        .refused();
    let entry = AuditEntry::after(Mark::default(), &event, Timestamp::from_unix(0));
    assert_eq!(
        hex(&entry.hash),
        "7c93786b88b96b9ee8046adc286295d1d6354f43b644a5bf39e0a2932260ee10"
    );
}

#[test]
fn a_hash_is_read_as_it_was_written_and_nothing_else_is() {
    let hash = chain(1)[0].hash;
    assert_eq!(from_hex(&hex(&hash)), Some(hash));
    assert_eq!(from_hex(&hex(&hash).to_uppercase()), Some(hash));
    for bad in [
        "",
        "0",
        &hex(&hash)[1..],
        &format!("{}0", hex(&hash)),
        &"g".repeat(64),
        &"\u{e4}".repeat(32),
    ] {
        assert_eq!(from_hex(bad), None, "{bad}");
    }
}

#[test]
fn a_clock_that_was_not_set_makes_no_entry_old() {
    let mut entries = chain(4);
    let day = |days: u64| Timestamp::from_unix(T0.unix() + days * DAY);
    for (entry, time) in
        entries.iter_mut().zip([Timestamp::default(), day(1), Timestamp::from_unix(60), day(3)])
    {
        entry.time = time;
    }
    assert_eq!(outdated(&entries, day(1)), 0);
    assert_eq!(outdated(&entries, day(2)), 2);
    assert_eq!(outdated(&entries, day(4)), 4);
    assert_eq!(outdated(&entries[..1], day(4)), 0);
    assert_eq!(span(&entries), (day(1), day(3)));
}

#[test]
fn no_text_breaks_a_line_moves_the_cursor_or_grows_without_bound() {
    let hostile = format!("a\n\u{1b}[2J\u{202e}\0{}", "\u{e4}".repeat(500));
    let event = Event::new(Action::Login, Actor::Gate).about(&hostile).because(&hostile);
    let entry = AuditEntry::after(Mark::default(), &event, T0);
    for text in [&entry.subject, &entry.why] {
        assert!(text.len() <= crate::auth::event::MAX_TEXT, "{}", text.len());
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}', '\0']), "{text:?}");
    }
}

#[test]
fn a_text_of_exactly_the_longest_length_stays_whole_and_no_letter_is_cut() {
    let longest = crate::auth::event::MAX_TEXT;
    let kept = |text: &str| {
        AuditEntry::after(
            Mark::default(),
            &Event::new(Action::Login, Actor::Gate).because(text),
            T0,
        )
        .why
    };
    let whole = "a".repeat(longest);
    assert_eq!(kept(&whole), whole);
    assert_eq!(kept(&format!("{whole}b")), whole);
    assert_eq!(kept(&format!("{}\u{e4}", &whole[1..])), whole[1..]);
}

#[test]
fn an_entry_concerns_who_did_it_and_who_it_was_done_to() {
    let anna = UserName::parse("anna").expect("a name");
    let by = |actor, subject: &str| {
        AuditEntry::after(Mark::default(), &Event::new(Action::Login, actor).about(subject), T0)
    };
    assert!(by(Actor::User(anna.clone()), "").concerns(&anna));
    assert!(by(Actor::Gate, "anna").concerns(&anna));
    assert!(
        !by(Actor::Gate, "annabelle").concerns(&anna) && !by(Actor::Visitor, "").concerns(&anna)
    );
}

#[test]
fn a_gap_is_accepted_only_before_the_entry_that_tells_of_it_and_only_as_wide_as_told() {
    let whole = chain(4);
    let behind = |subject: &str, action, number: u64| {
        let mut entries = whole.clone();
        let before = Mark { number: number - 1, ..head(&whole) };
        entries.push(AuditEntry::after(
            before,
            &Event::new(action, Actor::Gate).about(subject),
            T0,
        ));
        walked(&entries, head(&entries))
    };
    let removed = |last| Err(Break::Removed { first: 5, last });
    for missing in ["5 to 9", "up to 2, 5 to 9", "from 5", "up to 9"] {
        assert_eq!(behind(missing, Action::LogBegun, 10), Ok(()), "{missing}");
    }
    for wrong in ["", "none", "5 to 8", "4 to 9", "6 to 9", "from 4", "up to 8", "5 to", "+5 to 9"]
    {
        assert_eq!(behind(wrong, Action::LogBegun, 10), removed(9), "{wrong}");
    }
    assert_eq!(behind("5 to 9", Action::Login, 10), removed(9), "another deed");
    assert_eq!(behind("none", Action::LogBegun, 5), Ok(()));
}

#[test]
fn what_is_missing_is_read_as_it_was_written() {
    for first in [None, Some(5)] {
        for last in [None, Some(9)] {
            let missing = Missing { first, last };
            let expected = (first, last) != (None, None);
            assert_eq!(
                Missing::parse(&missing.to_string()),
                expected.then_some(missing),
                "{missing}"
            );
        }
    }
    let missing = |number: u64, subject: &str| {
        let before = Mark { number: number - 1, ..Mark::default() };
        AuditEntry::after(before, &Event::new(Action::LogBegun, Actor::Gate).about(subject), T0)
            .missing()
    };
    assert_eq!((missing(1, ""), missing(7, "none")), (vec![], vec![]));
    // As releases wrote it that did not tell.
    assert_eq!(missing(7, ""), [Missing { first: Some(7), last: None }]);
}
