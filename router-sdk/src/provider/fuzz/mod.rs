//! Broken, mutated and oddly cut input for everything that reads a provider's bytes, or a caller's.
//!
//! [`bodies`] are plain functions of bytes; the tests here feed them from seeds. A new family takes one line in
//! [`subjects`].

mod allocations;
mod bodies;
mod mutate;
mod subject;
mod variants;

use std::time::Instant;

use serde_json::Value;

pub(in crate::provider) use subject::Subject;

use super::{anthropic, bedrock, cohere, family, gemini, ollama, openai, responses};
use mutate::Dice;
use variants::variants;

/// What is fuzzed: a family, and a reply of it with every field that a reply may have.
fn subjects() -> Vec<Subject> {
    vec![
        openai::tests::subject::subject(),
        responses::tests::subject::subject(),
        anthropic::tests::subject::subject(),
        gemini::tests::subject::subject(),
        bedrock::tests::subject::subject(),
        cohere::tests::subject::subject(),
        ollama::tests::subject::subject(),
    ]
}

/// Rounds of each kind for each family: a second or two in all.
const ROUNDS: u64 = 200;

#[test]
fn arbitrary_bytes_harm_nobody() {
    for subject in subjects() {
        let mut dice = Dice::new(1);
        for _ in 0..ROUNDS {
            let bytes = dice.bytes(600);
            bodies::all(&subject, &bytes, &mut dice);
        }
    }
}

#[test]
fn mutated_replies_and_streams_harm_nobody() {
    for subject in subjects() {
        let seeds = [subject.stream.clone(), serde_json::to_vec(&subject.reply).unwrap()];
        let mut dice = Dice::new(2);
        for round in 0..2 * ROUNDS {
            let mut bytes = seeds[round as usize % 2].clone();
            for _ in 0..=dice.below(4) {
                bytes = mutate::mutated(&bytes, &mut dice);
            }
            bodies::all(&subject, &bytes, &mut dice);
        }
    }
}

/// Damage inside a frame, which check sums and lengths would otherwise keep from the decoder.
#[test]
fn mutated_events_harm_nobody() {
    for subject in subjects() {
        let events = subject.events();
        let mut dice = Dice::new(5);
        for _ in 0..ROUNDS {
            let hurt = dice.below(events.len());
            let framed = events.iter().enumerate().flat_map(|(at, (name, event))| {
                let mut data = event.to_string().into_bytes();
                if at == hurt {
                    data = mutate::mutated(&data, &mut dice);
                    data.retain(|byte| *byte != b'\n');
                }
                subject.framed(name, &data)
            });
            let bytes: Vec<u8> = framed.collect();
            bodies::all(&subject, &bytes, &mut dice);
        }
    }
}

#[test]
fn depth_size_and_numbers_are_bounded() {
    for subject in subjects() {
        let mut dice = Dice::new(3);
        for bytes in mutate::extremes() {
            bodies::all(&subject, &bytes, &mut dice);
            let name = subject.events()[1].0.clone();
            bodies::all(&subject, &subject.framed(&name, &bytes).repeat(3), &mut dice);
        }
    }
}

#[test]
fn requests_of_any_shape_are_answered() {
    let mut dice = Dice::new(4);
    let rich = subject::rich_request();
    let bytes = serde_json::to_vec(&rich).unwrap();
    for _ in 0..2 * ROUNDS {
        bodies::request(&subjects(), &dice.bytes(300));
        let mut mutant = bytes.clone();
        for _ in 0..=dice.below(3) {
            mutant = mutate::mutated(&mutant, &mut dice);
        }
        bodies::request(&subjects(), &mutant);
    }
    for (_, variant) in variants(&rich) {
        bodies::request(&subjects(), &serde_json::to_vec(&variant).unwrap());
    }
}

/// What a reply says, to be the same with an odd field beside it.
fn said(subject: &Subject, body: &Value) -> Result<(String, usize, Option<String>), String> {
    let bytes = serde_json::to_vec(body).unwrap();
    let reply = family(subject.family).decode(&subject.target, &bytes).map_err(|f| f.message)?;
    Ok((reply.text().to_owned(), reply.tool_calls().len(), reply.finish_reason().map(str::to_owned)))
}

#[test]
fn odd_optional_fields_never_fail_a_reply() {
    let began = Instant::now();
    let mut wrong = Vec::new();
    for subject in subjects() {
        let plain = said(&subject, &subject.reply).unwrap();
        assert!(!plain.0.is_empty() && plain.1 > 0, "the sample says something");
        for (place, body) in variants(&subject.reply) {
            if subject.needed.contains(&place.as_str()) {
                continue;
            }
            let what = || format!("{:?} {place} = {}", subject.family, body.pointer(&place).unwrap());
            match said(&subject, &body) {
                Err(why) => wrong.push(format!("{}: {why}", what())),
                Ok(now) if !subject.told_in(&place) && now != plain => wrong.push(format!("{}: {now:?}", what())),
                Ok(_) => {}
            }
        }
    }
    println!("{:?}", began.elapsed());
    assert!(wrong.is_empty(), "{} odd fields fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn odd_optional_fields_never_fail_a_stream() {
    let mut wrong = Vec::new();
    for subject in subjects() {
        let events = subject.events();
        let plain = bodies::finish(&subject, &events).unwrap();
        assert!(plain.is_some(), "the sample finishes");
        for (at, (_, event)) in events.iter().enumerate() {
            for (place, variant) in variants(event) {
                if place.is_empty() || subject.needed_in_events.contains(&place.as_str()) {
                    continue;
                }
                let mut odd = events.clone();
                odd[at].1 = variant;
                let what =
                    || format!("{:?} event {at} {place} = {}", subject.family, odd[at].1.pointer(&place).unwrap());
                match bodies::finish(&subject, &odd) {
                    Err(why) => wrong.push(format!("{}: {why}", what())),
                    Ok(None) => wrong.push(format!("{}: no finish", what())),
                    Ok(Some(_)) => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} odd fields fail:\n{}", wrong.len(), wrong.join("\n"));
}
