//! Invariants of the choice that need a difficulty set by hand.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::json;

use super::{Ask, CHAIN, Candidate, Efforts, HealthFacts, Lessons, Plan, Pool, choose};
use crate::classify::{Task, classify};
use crate::config::Config;
use crate::learn::{Experience, Features};
use crate::provider::Target;
use crate::setup::{Environment, Setup};
use crate::wire::{ChatRequest, RouteOptions, Strategy};

const DAY: Date = Date::constant(2026, 11, 23);
const STRATEGIES: [Strategy; 4] = [Strategy::Cheapest, Strategy::Balanced, Strategy::Best, Strategy::Fastest];

fn pool() -> std::sync::Arc<Pool> {
    let env = BTreeMap::from([("CLAWROUTERS_SANDBOX".to_owned(), "1".to_owned())]);
    let setup = Setup::build(Config::default(), &Environment::Fixed(env)).expect("a setup");
    Pool::build(setup.auto_models(), DAY)
}

/// What a plain request leaves open.
fn all() -> Efforts {
    let plain = ChatRequest::new("auto", "Hi!");
    Efforts::of(&plain, &crate::classify::needs(plain.body()))
}

fn task(text: &str) -> Task {
    classify(ChatRequest::new("auto", text).body())
}

fn plan(pool: &Pool, task: &Task, strategy: Strategy, options: &RouteOptions) -> Plan {
    let ask = Ask {
        task: Some(task),
        needs: &task.needs,
        options,
        strategy,
        input_tokens: 200,
        choices: 1,
        today: DAY,
        week_minute: 0,
        efforts: all(),
        lessons: None,
    };
    choose(pool, &ask, &HealthFacts::default(), false)
}

#[test]
fn a_harder_request_never_gets_a_weaker_model() {
    let pool = pool();
    assert!(pool.entries.len() > 300, "{}", pool.entries.len());
    for text in ["What is the capital of Peru?", "Write a function that sorts a list.", "Solve x^2 = 2."] {
        let mut task = task(text);
        for strategy in STRATEGIES {
            let mut weakest = f64::MIN;
            for step in 0..=40 {
                task.difficulty = f64::from(step) / 40.0;
                let plan = plan(&pool, &task, strategy, &RouteOptions::default());
                let first = &plan.candidates[0];
                let is_first =
                    |e: &&super::pool::Entry| e.key == first.target.key() && e.target.effort == first.target.effort;
                let entry = pool.entries.iter().find(is_first).expect("of the pool");
                let ask_class = super::Ask {
                    task: Some(&task),
                    needs: &task.needs,
                    options: &RouteOptions::default(),
                    strategy,
                    input_tokens: 0,
                    choices: 1,
                    today: DAY,
                    week_minute: 0,
                    efforts: all(),
                    lessons: None,
                }
                .class();
                let ability = f64::from(entry.abilities[ask_class as usize]);
                assert!(ability >= weakest, "{text} {strategy:?} at {step}: {ability} after {weakest}");
                weakest = ability;
            }
        }
    }
}

#[test]
fn reasons_say_when_the_form_decides_which_scores_count() {
    let pool = pool();
    let told = |text: &str| plan(&pool, &task(text), Strategy::Balanced, &RouteOptions::default()).reasons.remove(0);
    let ask = "Solve 3x + 5 = 20 for x.";
    let options = format!("{ask}\nA) 3\nB) 4\nC) 5\nD) 6");
    let story = "Tom has 12 apples and gives 5 of them to Ann, who already had 3. How many apples does Ann have now?";
    assert!(!told(ask).contains("compared"), "{}", told(ask));
    assert!(told(&options).ends_with("compared by their scores in reasoning"), "{}", told(&options));
    assert!(told(story).ends_with("compared by what they score overall"), "{}", told(story));
}

#[test]
fn the_same_request_always_goes_the_same_way() {
    let pool = pool();
    let task = task("Compare three databases for a shop with a million orders.");
    for strategy in STRATEGIES {
        let keys = || -> Vec<String> {
            plan(&pool, &task, strategy, &RouteOptions::default()).candidates.iter().map(|c| c.target.key()).collect()
        };
        assert_eq!(keys(), keys());
        assert_eq!(keys().len(), 6);
    }
}

#[test]
fn resting_targets_make_way_and_all_resting_is_no_static_refusal() {
    let pool = pool();
    let task = task("Hello, how are you?");
    let first = plan(&pool, &task, Strategy::Balanced, &RouteOptions::default()).candidates[0].target.clone();
    let rest = std::time::Duration::from_secs(9);
    let health = HealthFacts { resting: [(first.key(), rest)].into(), ..HealthFacts::default() };
    let options = RouteOptions { only: vec![first.key()], ..RouteOptions::default() };
    let ask = Ask {
        task: Some(&task),
        needs: &task.needs,
        options: &options,
        strategy: Strategy::Balanced,
        input_tokens: 10,
        choices: 1,
        today: DAY,
        week_minute: 0,
        efforts: all(),
        lessons: None,
    };
    let error = choose(&pool, &ask, &health, true).or_error().expect_err("it rests");
    assert_eq!(error.kind(), crate::error::ErrorKind::ProviderUnavailable);
    assert_eq!(error.retry_after(), Some(rest));
}

#[test]
fn keys_of_general_purpose_credentials_make_nothing_eligible() {
    let vars = [("HF_TOKEN", "x"), ("OPENAI_API_KEY", "sk-x"), ("AWS_ACCESS_KEY_ID", "x")];
    let env: BTreeMap<String, String> = vars.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let setup = Setup::build(Config::default(), &Environment::Fixed(env.clone())).expect("a setup");
    assert_eq!(setup.eligible, ["openai"]);
    assert!(setup.deployments.contains_key("huggingface"), "it can still be named");
    let mut named = env;
    named.insert("CLAWROUTERS_PROVIDERS".into(), "huggingface".into());
    let setup = Setup::build(Config::default(), &Environment::Fixed(named)).expect("a setup");
    assert!(setup.eligible.contains(&"huggingface".to_owned()));
    let config = Config::from_value(json!({})).expect("a config");
    let bare = Setup::build(config, &Environment::Fixed(BTreeMap::new())).expect("a setup");
    assert!(bare.eligible.is_empty() && bare.auto_models().is_empty());
}

// Sizes of every order, with and without a limit of output.
fn sizes() -> Vec<(u64, Option<u64>)> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let fixed = [(10, None), (3_000, Some(200)), (150_000, Some(4_000)), (900_000, None), (20_000, Some(60_000))];
    let drawn = (0..24).map(|n| {
        let input = 1 + draw(8 << (n % 18));
        (input, if n % 3 == 0 { Some(1 + draw(1 << (4 + n % 12))) } else { None })
    });
    fixed.into_iter().chain(drawn.collect::<Vec<_>>()).collect()
}

#[test]
fn the_short_way_comes_to_the_same_plan_as_the_long_one() {
    let pool = pool();
    let texts = ["Hi!", "Write a quicksort in Rust.", "Fasse den Text zusammen: ...", "Translate: the night is long"];
    let mut compared = 0;
    for (round, text) in texts.into_iter().enumerate() {
        let mut task = task(text);
        for strategy in STRATEGIES {
            for (n, (input_tokens, max_output_tokens)) in sizes().into_iter().enumerate() {
                task.needs.tools = n % 2 == 1;
                task.needs.max_output_tokens = max_output_tokens;
                task.difficulty = ((n + round) % 11) as f64 / 10.0;
                task.ask_chars = 30 << (n % 8);
                let options = RouteOptions::default();
                let ask = Ask {
                    task: Some(&task),
                    needs: &task.needs,
                    options: &options,
                    strategy,
                    input_tokens,
                    choices: 1,
                    today: DAY,
                    week_minute: 600,
                    efforts: all(),
                    lessons: None,
                };
                let keys = |plan: &Plan| {
                    let named = |c: &Candidate| (c.target.key(), c.target.effort.clone(), c.cost_nanos, c.worst_nanos);
                    plan.candidates.iter().map(named).collect::<Vec<_>>()
                };
                // The second request of a kind makes its fine list.
                let first = choose(&pool, &ask, &HealthFacts::default(), false);
                let (short, long) = (
                    choose(&pool, &ask, &HealthFacts::default(), false),
                    choose(&pool, &ask, &HealthFacts::default(), true),
                );
                assert_eq!(keys(&first), keys(&long), "{text} {strategy:?} {input_tokens} {max_output_tokens:?}");
                let what = format!("{text} {strategy:?} {input_tokens} {max_output_tokens:?} {}", task.difficulty);
                assert_eq!(keys(&short), keys(&long), "{what}");
                let cost = |plan: &Plan| plan.baseline.as_ref().map(|b| b.model.prices.clone());
                assert_eq!(cost(&short), cost(&long), "baseline of {what}");
                let best = |plan: &Plan| plan.best_single.as_ref().map(Target::key);
                assert_eq!((best(&short), &short.reasons), (best(&long), &long.reasons), "{what}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 464);
    let (sizes, fine) = (pool.shortlists.sizes(), pool.fine.sizes());
    println!("{} models; on short lists {sizes:?}; on fine ones {fine:?}", pool.entries.len());
    assert!(sizes.iter().all(|size| *size * 3 < pool.entries.len()), "{sizes:?}");
    assert!(fine.iter().all(|size| *size * 10 < pool.entries.len()), "{fine:?}");
}

#[test]
fn the_level_of_thinking_is_chosen_unless_the_caller_chose() {
    let (pool, options) = (pool(), RouteOptions::default());
    let efforts = |body: serde_json::Value| {
        let mut body = body;
        body["model"] = json!("auto");
        body["messages"] = json!([{"role": "user", "content": "Prove Fermat's little theorem."}]);
        let request = ChatRequest::from_value(body).expect("a request");
        let task = classify(request.body());
        let needs = crate::classify::needs(request.body());
        let mut firsts = Vec::new();
        for strategy in STRATEGIES {
            let efforts = Efforts::of(&request, &needs);
            let lessons = None;
            let ask = Ask {
                task: Some(&task),
                needs: &needs,
                options: &options,
                strategy,
                input_tokens: 200,
                choices: 1,
                today: DAY,
                week_minute: 0,
                efforts,
                lessons,
            };
            let plan = choose(&pool, &ask, &HealthFacts::default(), true);
            let also = plan.also_able.iter().chain(&plan.candidates);
            firsts.extend(also.filter_map(|c| c.target.effort.as_deref().map(str::to_owned)));
        }
        firsts.sort();
        firsts.dedup();
        firsts
    };
    assert!(efforts(json!({})).len() >= 4, "{:?}", efforts(json!({})));
    // What a limit leaves no room for is not thought.
    let narrow = efforts(json!({"max_tokens": 3_000}));
    assert!(!narrow.is_empty() && narrow.iter().all(|level| ["none", "minimal", "low"].contains(&level.as_str())));
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    for own in [
        json!({"reasoning_effort": "low"}),
        json!({"reasoning": {"max_tokens": 2_000}}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 2_000}}),
        json!({"temperature": 0.2}),
        json!({"tools": tools}),
    ] {
        assert_eq!(efforts(own.clone()), Vec::<String>::new(), "{own}");
    }
}

#[test]
fn a_level_of_the_callers_own_is_what_models_are_judged_by() {
    let pool = pool();
    let options = RouteOptions { only: vec!["openai/gpt-5.5".into()], ..RouteOptions::default() };
    let quality = |level: Option<&str>| {
        let mut body = json!({"model": "auto", "messages": [{"role": "user", "content": "Prove it."}]});
        if let Some(level) = level {
            body["reasoning_effort"] = json!(level);
        }
        let request = ChatRequest::from_value(body).expect("a request");
        let task = classify(request.body());
        let needs = crate::classify::needs(request.body());
        let efforts = Efforts::of(&request, &needs);
        let ask = Ask {
            task: Some(&task),
            needs: &needs,
            options: &options,
            strategy: Strategy::Best,
            input_tokens: 200,
            choices: 1,
            today: DAY,
            week_minute: 0,
            efforts,
            lessons: None,
        };
        let plan = choose(&pool, &ask, &HealthFacts::default(), false);
        let first = plan.candidates.first().expect("a candidate");
        (first.quality.expect("a quality"), first.cost_nanos.expect("a cost"), first.target.effort.clone())
    };
    let (low, high, xhigh, free) = (quality(Some("low")), quality(Some("high")), quality(Some("xhigh")), quality(None));
    assert!(low.0 < high.0 && high.0 < xhigh.0 && low.1 < high.1 && high.1 < xhigh.1, "{low:?} {high:?} {xhigh:?}");
    assert!(low.2.is_none() && xhigh.2.is_none(), "the caller's own is in the request");
    assert_eq!((free.0, free.2.as_deref()), (xhigh.0, Some("xhigh")), "best takes the most able level");
}

/// Experience of these models: so many scores for the task, each the same.
fn taught(task: &Task, models: &[(String, f64, usize)], trial: Option<Vec<f64>>) -> Lessons {
    let features = Features::of(task);
    let experience = models.iter().fold(Experience::default(), |experience, (model, score, times)| {
        (0..*times).fold(experience, |experience, _| experience.scored(model, &features, 0.5, *score))
    });
    Lessons::new(std::sync::Arc::new(experience), task, trial)
}

fn asked<'a>(task: &'a Task, options: &'a RouteOptions, strategy: Strategy, lessons: &'a Lessons) -> Ask<'a> {
    let needs = &task.needs;
    let (today, week_minute, efforts, lessons) = (DAY, 600, all(), Some(lessons));
    Ask {
        task: Some(task),
        needs,
        options,
        strategy,
        input_tokens: 200,
        choices: 1,
        today,
        week_minute,
        efforts,
        lessons,
    }
}

#[test]
fn the_short_way_comes_to_the_same_plan_with_experience_too() {
    let (pool, options) = (pool(), RouteOptions::default());
    let keys = |plan: &Plan| plan.candidates.iter().map(|c| c.target.key()).collect::<Vec<_>>();
    let mut moved = 0;
    for text in ["Hi!", "Write a quicksort in Rust.", "Prove Fermat's little theorem."] {
        let task = task(text);
        for strategy in STRATEGIES {
            let before = keys(&plan(&pool, &task, strategy, &options));
            // What stands first does badly, and some that stand nowhere do well.
            let others = pool.entries.iter().step_by(90).map(|e| (e.key.clone(), 1.0, 40));
            let models: Vec<_> = before.iter().take(2).map(|key| (key.clone(), 0.0, 40)).chain(others).collect();
            let lessons = taught(&task, &models, None);
            let ask = asked(&task, &options, strategy, &lessons);
            let short = choose(&pool, &ask, &HealthFacts::default(), false);
            let long = choose(&pool, &ask, &HealthFacts::default(), true);
            assert_eq!(keys(&short), keys(&long), "{text} {strategy:?}");
            let told = |plan: &Plan| plan.reasons.iter().any(|r| r.starts_with("experience moved the choice"));
            assert_eq!(told(&short), keys(&short)[0] != before[0], "{text} {strategy:?}: {:?}", short.reasons);
            moved += usize::from(told(&long));
        }
    }
    assert!(moved >= 6, "{moved}");
}

#[test]
fn a_trial_takes_one_of_the_candidates_and_leaves_the_others_as_they_are() {
    let (pool, options) = (pool(), RouteOptions::default());
    let task = task("Write a quicksort in Rust.");
    let plain = plan(&pool, &task, Strategy::Balanced, &options);
    let keys = |plan: &Plan| plan.candidates.iter().map(|c| c.target.key()).collect::<Vec<_>>();
    let mut firsts = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let draw = crate::balance::Draw::seeded(seed);
        let chances = (0..CHAIN).map(|_| 4.0 * draw.uniform() - 2.0).collect();
        let lessons = taught(&task, &[], Some(chances));
        let ask = asked(&task, &options, Strategy::Balanced, &lessons);
        let tried = choose(&pool, &ask, &HealthFacts::default(), false);
        let (mut one, mut other) = (keys(&tried), keys(&plain));
        assert_eq!(tried.explored, one[0] != other[0]);
        assert_eq!(tried.explored, tried.reasons.iter().any(|r| r.contains("learning.explore")), "{:?}", tried.reasons);
        firsts.insert(one[0].clone());
        one.sort();
        other.sort();
        assert_eq!(one, other);
    }
    assert!(firsts.len() > 1 && firsts.contains(&keys(&plain)[0]), "{firsts:?}");
}
